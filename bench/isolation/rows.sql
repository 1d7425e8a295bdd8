-- What does a policy cost beside the literal that it stands for, where an index
-- serves? 1,000,000 rows of 1,000 tenants, none after its like; and people who may
-- read those of one tenant, of three, of all 1,000 (one by one), and of all whichever
-- there are (everywhere).
--
-- One table, one policy a role: what is compared reads the same pages. The policies
-- that rbac makes are made by its functions, and then told whom they are for. That
-- of protect_table alone is has_scope(scope, tenant_id); beside it those of
-- enable_tenant_isolation, and of both.
--
-- "Newest page" follows the index where one tenant is named; a list of tenants, as
-- has_scope's, has to be sorted. Everywhere is compared with no condition at all.

SET client_min_messages = warning;

SELECT rbac.create_scope('read:document'), rbac.create_permission('reading documents', scopes => '{read:document}'),
       rbac.create_role('reader', permissions => '{reading documents}') \g /dev/null
CREATE TABLE bench.holders (holds text PRIMARY KEY, person uuid, condition text, place integer);
INSERT INTO bench.holders
SELECT holds, bench.person(1000000 + place),
       CASE n WHEN 0 THEN 'true' WHEN 1 THEN format('tenant_id = %L', bench.tenant(300))
       ELSE format('tenant_id = ANY (%L)', ARRAY(SELECT bench.tenant((300 + t * 7) % 1000) FROM generate_series(0, n - 1) AS t)) END,
       place
FROM (VALUES (1, '1 tenant', 1), (2, '3 tenants', 3), (3, '1,000 tenants', 1000), (4, 'everywhere', 0)) AS h (place, holds, n);
INSERT INTO rbac.users (id, username) SELECT person, holds FROM bench.holders;
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id)
SELECT h.person, r.id, t.id
FROM bench.holders AS h
JOIN rbac.roles AS r ON r.name = 'reader'
JOIN LATERAL (SELECT NULL::uuid WHERE h.condition = 'true' UNION ALL
              SELECT id FROM rbac.tenants WHERE h.condition <> 'true' AND strpos(h.condition, id::text) > 0) AS t (id) ON true;

CREATE TABLE bench.documents (id bigint NOT NULL, tenant_id uuid NOT NULL, created_at timestamptz NOT NULL, title text NOT NULL);
INSERT INTO bench.documents
SELECT n, bench.tenant(n * 7919 % 1000), '2026-01-01'::timestamptz + n * interval '1 second', md5(n::text)
FROM generate_series(1::bigint, 1000000) AS n;
CREATE INDEX ON bench.documents (tenant_id, created_at);
VACUUM ANALYZE;

-- What one would write without rbac: EXISTS over the joins, for the tenant of a row.
\ir ../plain.sql
CREATE TABLE plain.user_role_in_tenant AS SELECT user_id, role_id, tenant_id FROM rbac.user_roles;
CREATE INDEX ON plain.user_role_in_tenant (user_id);
ANALYZE plain.user_role_in_tenant;
GRANT SELECT ON plain.user_role_in_tenant TO PUBLIC;
CREATE FUNCTION plain.exists_allows(asking uuid, asked text, place uuid) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT
                   FROM plain.user_role_in_tenant AS u
                   JOIN plain.role_permission USING (role_id)
                   JOIN plain.permission_scope USING (permission_id)
                   JOIN plain.scope ON scope.id = permission_scope.scope_id
                   WHERE u.user_id = asking AND u.tenant_id = place AND scope.name = asked);
END
$$;

CREATE ROLE bench_isolated; CREATE ROLE bench_both; CREATE ROLE bench_protected; CREATE ROLE bench_exists;
GRANT SELECT ON bench.documents TO PUBLIC;

SELECT rbac.enable_tenant_isolation('bench.documents') \g /dev/null
CALL bench.policies_are_for('bench.documents', 'bench_isolated');
SELECT rbac.enable_tenant_isolation('bench.documents'), rbac.protect_table('bench.documents', select_scope => 'read:document') \g /dev/null
CALL bench.policies_are_for('bench.documents', 'bench_both');
SELECT rbac.protect_table('bench.documents', tenant_column => 'tenant_id', select_scope => 'read:document') \g /dev/null
CALL bench.policies_are_for('bench.documents', 'bench_protected');
CREATE POLICY "exists" ON bench.documents TO bench_exists
    USING (plain.exists_allows(current_setting('app.user_id')::uuid, 'read:document', tenant_id));
SELECT format('CREATE ROLE %I', 'bench_literal_' || place),
       format('CREATE POLICY %I ON bench.documents TO %1$I USING (%s)', 'bench_literal_' || place, condition)
FROM bench.holders
\gexec

-- Contests: what somebody holds, query, protocol; EXPLAIN is planning alone.
CREATE TABLE bench.protocols (protocol text PRIMARY KEY, place integer);
INSERT INTO bench.protocols VALUES ('prepared', 1), ('simple', 2), ('EXPLAIN', 3);
CREATE TABLE bench.queries (query text PRIMARY KEY, statement text, place integer);
INSERT INTO bench.queries VALUES
    ('count', 'SELECT count(*) FROM bench.documents', 1),
    ('page by title', 'SELECT id, title FROM bench.documents ORDER BY title LIMIT 100', 2),
    ('newest page', 'SELECT id, title FROM bench.documents ORDER BY created_at DESC LIMIT 100', 3),
    ('newest of a tenant', format('SELECT id, title FROM bench.documents WHERE tenant_id = %L ORDER BY created_at DESC LIMIT 100', bench.tenant(300)), 4);
INSERT INTO bench.entrants (contest, entrant, db_role, calls, before, query)
SELECT format('%s, %s, %s', h.holds, q.query, p.protocol), entrant, r.db_role,
       CASE WHEN entrant <> 'exists' AND (h.place <= 2 OR q.place = 4) THEN 20 ELSE 1 END,
       CASE entrant WHEN 'exists' THEN format('SET app.user_id = %L', h.person) END,
       CASE p.place WHEN 1 THEN format('EXECUTE %I', r.db_role || q.place) WHEN 2 THEN q.statement
                    ELSE 'EXPLAIN (COSTS OFF) ' || q.statement END
FROM bench.holders AS h
CROSS JOIN bench.queries AS q
CROSS JOIN bench.protocols AS p
CROSS JOIN (VALUES (1, 'literal'), (2, 'protected'), (3, 'isolated'), (4, 'both'), (5, 'exists')) AS e (number, entrant)
CROSS JOIN LATERAL (SELECT 'bench_' || entrant || CASE entrant WHEN 'literal' THEN '_' || h.place ELSE '' END) AS r (db_role)
WHERE number <= 2 AND (p.place < 3 OR h.place <= 2)
   OR h.place = 1 AND (number <= 4 OR p.place = 1)
ORDER BY h.place, q.place, p.place, number;

-- What is measured must be the answer to the question.
DO $$
DECLARE
    holder bench.holders;
    expected text;
    db_role name;
BEGIN
    FOR holder IN SELECT * FROM bench.holders LOOP
        PERFORM rbac.set_identity(holder.person, bench.tenant(300), local => false),
                set_config('app.user_id', holder.person::text, false);
        expected := bench.rows_of('bench_literal_' || holder.place, 'bench.documents');
        ASSERT split_part(expected, ' ', 1)::integer
            = CASE holder.holds WHEN '1 tenant' THEN 1000 WHEN '3 tenants' THEN 3000 ELSE 1000000 END;
        FOREACH db_role IN ARRAY CASE holder.place WHEN 1
            THEN '{bench_protected,bench_isolated,bench_both,bench_exists}' ELSE '{bench_protected}'::name[] END
        LOOP
            ASSERT bench.rows_of(db_role, 'bench.documents') = expected, format('%s / %s', holder.holds, db_role);
        END LOOP;
    END LOOP;
END
$$;
