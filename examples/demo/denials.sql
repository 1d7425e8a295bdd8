-- Each way to be denied has a name, and explain_scope knows it.

INSERT INTO demo.questions (story, kind, who, scope, tenant, department, listed, expected, reason) VALUES
    ('denials', 'expired',            'tuan', 'edit:task',    'acme',    NULL,    NULL,           false, 'expired'),
    ('denials', 'not yet valid',      'hoa',  'edit:task',    'acme',    NULL,    NULL,           false, 'not_yet_valid'),
    ('denials', 'another tenant',     'bao',  'su_read:task', 'acme',    NULL,    NULL,           false, 'other_tenant'),
    ('denials', 'another department', 'vy',   'su_read:task', 'acme',    'Sales', NULL,           false, 'other_department'),
    ('denials', 'a department only',  'vy',   'su_read:task', 'acme',    NULL,    NULL,           false, 'department_only'),
    ('denials', 'inactive user',      'duc',  'edit:task',    'acme',    NULL,    NULL,           false, 'user_inactive'),
    ('denials', 'inactive tenant',    'thu',  'su_read:task', 'initech', NULL,    NULL,           false, 'tenant_inactive'),
    ('denials', 'narrowed by token',  'lan',  'edit:task',    'acme',    NULL,    '{read:task}',  false, 'narrowed_by_identity'),
    ('denials', 'not assigned',       'lan',  'create:task',  'acme',    NULL,    NULL,           false, 'not_assigned'),
    ('denials', '(granted)',          'lan',  'edit:task',    'acme',    NULL,    NULL,           true,  'granted');

\echo '2. Why not?  rbac.explain_scope'
\echo '==============================='
\echo
BEGIN;
SELECT q.who, q.scope, demo.place(q.tenant, q.department) AS "where", e.reason, e.role,
       coalesce(demo.place(e.tenant, e.department), '') AS "held in",
       coalesce(e.valid_from::date::text, '') AS "from", coalesce(e.valid_until::date::text, '') AS until
FROM demo.questions AS q
CROSS JOIN LATERAL (SELECT * FROM demo.explain(q) LIMIT 1) AS e
WHERE q.story = 'denials' ORDER BY q.place;
CALL demo.insist('denials');
COMMIT;

\echo 'The same as an error, where code says rbac.require_scope(...):'
\echo
BEGIN;
SELECT FROM rbac.set_identity(demo.user_id('tuan'), demo.tenant_id('acme')) \g /dev/null
DO $$
DECLARE
    message text;
    detail text;
    hint text;
BEGIN
    PERFORM rbac.require_scope('edit:task');
    RAISE 'tuan was let through';
EXCEPTION WHEN insufficient_privilege THEN
    GET STACKED DIAGNOSTICS message := MESSAGE_TEXT, detail := PG_EXCEPTION_DETAIL, hint := PG_EXCEPTION_HINT;
    PERFORM set_config('demo.message', format(E'ERROR:  %s\nDETAIL:  %s\nHINT:  %s', message, detail, hint), true);
END
$$;
\pset tuples_only on
\pset format unaligned
SELECT current_setting('demo.message');
\pset format aligned
\pset tuples_only off
COMMIT;
\echo
