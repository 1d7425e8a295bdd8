-- Whoever reads a summary counts just the rows of its source that they may see.
--
--   acme has ann, who reads all of it; own, who reads what is his own; ned, who reads
--   department north; beta has bea, who reads all of it. Nobody is eve.
\set VERBOSITY terse
SET rbac.summary_pending = 0;
CREATE FUNCTION pg_temp.id(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE
    RETURN ('00000000-0000-0000-0000-' || lpad((55000000 + n)::text, 12, '0'))::uuid;
CREATE ROLE regress_rbac_owner;
CREATE ROLE regress_rbac_app;
INSERT INTO rbac.tenants (id, key, name) VALUES (pg_temp.id(1), 'acme', 'Acme'), (pg_temp.id(2), 'beta', 'Beta');
INSERT INTO rbac.departments (id, tenant_id, name) VALUES (pg_temp.id(11), pg_temp.id(1), 'north'), (pg_temp.id(12), pg_temp.id(1), 'south');
INSERT INTO rbac.users (id, username) VALUES (pg_temp.id(101), 'sr_ann'), (pg_temp.id(102), 'sr_own'), (pg_temp.id(103), 'sr_ned'), (pg_temp.id(104), 'sr_bea');
SELECT rbac.create_scope('sr:read'), rbac.create_scope('sr:own') \g /dev/null
SELECT rbac.create_permission('sr reading', scopes => '{sr:read}'), rbac.create_permission('sr owning', scopes => '{sr:own}') \g /dev/null
SELECT rbac.create_role('sr reader', permissions => '{sr reading}'), rbac.create_role('sr owner', permissions => '{sr owning}') \g /dev/null
SELECT rbac.grant_role(u, r, t, d) FROM (VALUES
    (pg_temp.id(101), 'sr reader', pg_temp.id(1), NULL), (pg_temp.id(102), 'sr owner', pg_temp.id(1), NULL),
    (pg_temp.id(103), 'sr reader', pg_temp.id(1), pg_temp.id(11)), (pg_temp.id(104), 'sr reader', pg_temp.id(2), NULL)) AS g (u, r, t, d) \g /dev/null
GRANT EXECUTE ON FUNCTION rbac.set_identity TO regress_rbac_app;

CREATE SCHEMA sr AUTHORIZATION regress_rbac_owner;
GRANT USAGE ON SCHEMA sr TO regress_rbac_app;
SET ROLE regress_rbac_owner;
CREATE TABLE sr.tasks (id integer PRIMARY KEY, tenant_id uuid NOT NULL, department_id uuid, assignee_id uuid, kind text, status_id integer);
INSERT INTO sr.tasks SELECT n, pg_temp.id(1 + n % 2), CASE WHEN n % 2 = 0 THEN (ARRAY[NULL, pg_temp.id(11), pg_temp.id(12)])[1 + n / 2 % 3] END,
    CASE WHEN n % 5 = 0 THEN pg_temp.id(102) ELSE pg_temp.id(101) END, (ARRAY['bug', 'task'])[1 + n / 3 % 2], 1 + n % 3
    FROM generate_series(1, 300) AS n;
GRANT SELECT, INSERT, UPDATE, DELETE ON sr.tasks TO regress_rbac_app;
-- one from before there was any row-level security, one from after
SELECT rbac.create_summary('by_assignee', 'sr.tasks', '{tenant_id,department_id,assignee_id}');
SELECT rbac.enable_tenant_isolation('sr.tasks');
SELECT rbac.protect_table('sr.tasks', tenant_column => 'tenant_id', department_column => 'department_id', owner_column => 'assignee_id',
    select_scope => 'sr:read', own_select_scope => 'sr:own', insert_scope => 'sr:read', update_scope => 'sr:read', own_update_scope => 'sr:own');
SELECT rbac.create_summary('by_kind', 'sr.tasks', '{kind}');
GRANT SELECT ON sr.by_assignee, sr.by_assignee_totals, sr.by_kind, sr.by_kind_totals TO regress_rbac_app;
-- what is pending is bound by the same policies
UPDATE sr.tasks SET status_id = 3 WHERE id <= 60;
RESET ROLE;
-- (the owner is bound, too: no tenant, no rows)
UPDATE sr.tasks SET status_id = 3 WHERE id <= 60;
SELECT view, hidden_columns FROM rbac.summaries ORDER BY view::text;

-- For each of them: what both views of each summary show, beside a count of the rows.
SET ROLE regress_rbac_app;
CREATE FUNCTION pg_temp.seen(OUT rows bigint, OUT wrong bigint) LANGUAGE sql AS $$
    SELECT (SELECT count(*) FROM sr.tasks), (SELECT count(*) FROM (
        (SELECT 1 AS q, tenant_id::text || coalesce(department_id::text, '-') AS g, assignee_id::text AS a, status_id, count FROM sr.by_assignee
         EXCEPT SELECT 1, tenant_id::text || coalesce(department_id::text, '-'), assignee_id::text, status_id, count(*) FROM sr.tasks GROUP BY tenant_id, department_id, assignee_id, status_id)
        UNION ALL
        (SELECT 2, tenant_id::text || coalesce(department_id::text, '-'), assignee_id::text, status_id, count(*) FROM sr.tasks GROUP BY tenant_id, department_id, assignee_id, status_id
         EXCEPT SELECT 2, tenant_id::text || coalesce(department_id::text, '-') AS g, assignee_id::text AS a, status_id, count FROM sr.by_assignee)
        UNION ALL
        (SELECT 3, kind, NULL::text, status_id, count FROM sr.by_kind EXCEPT SELECT 3, kind, NULL::text, status_id, count(*) FROM sr.tasks GROUP BY kind, status_id)
        UNION ALL
        (SELECT 4, kind, NULL::text, status_id, count(*) FROM sr.tasks GROUP BY kind, status_id EXCEPT SELECT 4, kind, NULL::text, status_id, count FROM sr.by_kind)
        UNION ALL
        (SELECT 5, kind, counts::text, NULL::integer, total FROM sr.by_kind_totals EXCEPT SELECT 5, kind, rbac.status_counts(status_id)::text, NULL::integer, count(*) FROM sr.tasks GROUP BY kind)
        UNION ALL
        (SELECT 6, kind, rbac.status_counts(status_id)::text, NULL::integer, count(*) FROM sr.tasks GROUP BY kind EXCEPT SELECT 6, kind, counts::text, NULL::integer, total FROM sr.by_kind_totals)
        UNION ALL
        (SELECT 7, NULL::text, NULL::text, NULL::integer, sum(total) FROM sr.by_assignee_totals EXCEPT SELECT 7, NULL::text, NULL::text, NULL::integer, nullif(count(*), 0) FROM sr.tasks)
        ) AS w)
$$;
CREATE FUNCTION pg_temp.as_user(who integer, tenant integer, OUT rows bigint, OUT wrong bigint) LANGUAGE plpgsql AS $$
BEGIN
    IF who IS NULL THEN PERFORM rbac.clear_identity(); ELSE PERFORM rbac.set_identity(pg_temp.id(who), pg_temp.id(tenant), local => false); END IF;
    SELECT * INTO rows, wrong FROM pg_temp.seen();
END $$;
SELECT name, s.* FROM (VALUES ('ann', 101, 1), ('own', 102, 1), ('ned', 103, 1), ('bea', 104, 2), ('ann in beta', 101, 2), ('eve', NULL, NULL)) AS v (name, who, tenant),
    LATERAL pg_temp.as_user(who, tenant) AS s;
-- after what is pending has been folded
RESET ROLE;
SELECT rbac.clear_identity();
SELECT rbac.compact_summary('by_kind') > 0 AS folded, rbac.compact_summary('by_assignee') > 0 AS folded;
SET ROLE regress_rbac_app;
SELECT name, s.* FROM (VALUES ('ann', 101, 1), ('own', 102, 1), ('ned', 103, 1), ('bea', 104, 2), ('ann in beta', 101, 2), ('eve', NULL, NULL)) AS v (name, who, tenant),
    LATERAL pg_temp.as_user(who, tenant) AS s;
-- what they write themselves
SELECT rbac.set_identity(pg_temp.id(101), pg_temp.id(1), local => false);
INSERT INTO sr.tasks VALUES (1001, pg_temp.id(1), NULL, pg_temp.id(102), 'bug', 1);
UPDATE sr.tasks SET kind = 'bug' WHERE id < 30;
SELECT * FROM pg_temp.seen();
SELECT rbac.set_identity(pg_temp.id(102), pg_temp.id(1), local => false);
UPDATE sr.tasks SET status_id = 2;
SELECT * FROM pg_temp.seen();
SELECT * FROM sr.by_kind ORDER BY kind, status_id;

-- The owner of the source is bound where it is, a superuser is not.
RESET ROLE;
SELECT rbac.clear_identity();
SELECT sum(total) FROM sr.by_kind_totals;
SET ROLE regress_rbac_owner;
SELECT sum(total) FROM sr.by_kind_totals;
SELECT count(*) FROM sr.tasks;
-- but whoever owns it can verify and rebuild, all rows counted
SELECT * FROM rbac.verify_summary('by_kind');
SELECT * FROM rbac.verify_summary('by_assignee');
SELECT rbac.rebuild_summary('by_kind');
RESET ROLE;
SELECT sum(total) = (SELECT count(*) FROM sr.tasks) AS all_rows FROM sr.by_kind_totals;

-- Policies that change later are followed at once; what a summary cannot follow is
-- refused, for it would show more than the table.
SET ROLE regress_rbac_owner;
CREATE POLICY no_bugs ON sr.tasks AS RESTRICTIVE FOR SELECT TO regress_rbac_app USING (kind <> 'bug' AND status_id IN (SELECT 1 UNION SELECT status_id));
SELECT rbac.drop_summary('by_assignee');
CREATE POLICY no_bugs ON sr.tasks AS RESTRICTIVE FOR SELECT TO regress_rbac_app USING (kind <> 'bug' AND status_id IN (SELECT 1 UNION SELECT status_id));
SELECT rbac.create_summary('by_assignee', 'sr.tasks', '{tenant_id,department_id,assignee_id}');
GRANT SELECT ON sr.by_assignee, sr.by_assignee_totals TO regress_rbac_app;
SET ROLE regress_rbac_app;
SELECT name, s.* FROM (VALUES ('ann', 101, 1), ('own', 102, 1)) AS v (name, who, tenant), LATERAL pg_temp.as_user(who, tenant) AS s;
SET ROLE regress_rbac_owner;
ALTER POLICY no_bugs ON sr.tasks USING (kind = 'bug');
SET ROLE regress_rbac_app;
SELECT name, s.* FROM (VALUES ('ann', 101, 1), ('own', 102, 1)) AS v (name, who, tenant), LATERAL pg_temp.as_user(who, tenant) AS s;
SET ROLE regress_rbac_owner;
DROP POLICY no_bugs ON sr.tasks;
SELECT rbac.unprotect_table('sr.tasks');
SET ROLE regress_rbac_app;
SELECT name, s.* FROM (VALUES ('ann', 101, 1), ('own', 102, 1), ('bea', 104, 2), ('eve', NULL, NULL)) AS v (name, who, tenant), LATERAL pg_temp.as_user(who, tenant) AS s;
SET ROLE regress_rbac_owner;
SELECT rbac.disable_tenant_isolation('sr.tasks');
SET ROLE regress_rbac_app;
SELECT name, s.* FROM (VALUES ('ann', 101, 1), ('eve', NULL, NULL)) AS v (name, who, tenant), LATERAL pg_temp.as_user(who, tenant) AS s;
SET ROLE regress_rbac_owner;
SELECT rbac.enable_tenant_isolation('sr.tasks');

-- Where row-level security looks at the status, totals count what is seen, too.
SELECT rbac.create_summary('by_all', 'sr.tasks', '{tenant_id,department_id,assignee_id,kind}');
GRANT SELECT ON sr.by_all, sr.by_all_totals TO regress_rbac_app;
CREATE POLICY not_done ON sr.tasks AS RESTRICTIVE FOR SELECT USING (status_id <> 3);
SELECT rbac.compact_summary('by_assignee') >= 0 AS folded, rbac.compact_summary('by_kind') >= 0 AS folded;
SET ROLE regress_rbac_app;
SELECT name, s.* FROM (VALUES ('ann', 101, 1), ('own', 102, 1)) AS v (name, who, tenant), LATERAL pg_temp.as_user(who, tenant) AS s;
SELECT sum(total) AS total, (SELECT count(*) FROM sr.tasks) AS rows FROM sr.by_assignee_totals;
SELECT sum(total) AS total FROM sr.by_all_totals;
SELECT count(*) FROM sr._by_all_groups;
SET ROLE regress_rbac_owner;
DROP POLICY not_done ON sr.tasks;
SET ROLE regress_rbac_app;
SELECT sum(total) AS total, (SELECT count(*) FROM sr.tasks) AS rows FROM sr.by_all_totals;
SET ROLE regress_rbac_owner;
SELECT rbac.drop_summary('by_all');

-- If they change while event triggers are off, nobody who is bound by them reads
-- the summary any more, until they are carried over again.
RESET ROLE;
ALTER EVENT TRIGGER rbac_summaries_follow_changes DISABLE;
SET ROLE regress_rbac_owner;
CREATE POLICY none ON sr.tasks AS RESTRICTIVE FOR SELECT USING (assignee_id IS NULL);
SET ROLE regress_rbac_app;
SELECT rbac.set_identity(pg_temp.id(101), pg_temp.id(1), local => false);
SELECT count(*) FROM sr.tasks;
\set VERBOSITY default
SELECT sum(count) FROM sr.by_kind;
\set VERBOSITY terse
SELECT sum(total) FROM sr.by_assignee_totals;
RESET ROLE;
SELECT rbac.clear_identity();
SELECT level, check_name, object, detail FROM rbac.doctor() WHERE check_name LIKE 'summary%';
ALTER EVENT TRIGGER rbac_summaries_follow_changes ENABLE ALWAYS;
SET ROLE regress_rbac_owner;
SELECT rbac.rebuild_summary('by_kind'), rbac.rebuild_summary('by_assignee');
SET ROLE regress_rbac_app;
SELECT rbac.set_identity(pg_temp.id(101), pg_temp.id(1), local => false);
SELECT * FROM pg_temp.seen();
SET ROLE regress_rbac_owner;
DROP POLICY none ON sr.tasks;

-- Without the privilege on a view, there is nothing in what is behind it either.
REVOKE SELECT ON sr.by_kind, sr.by_kind_totals FROM regress_rbac_app;
SET ROLE regress_rbac_app;
SELECT count(*) FROM sr._by_assignee_counts;
SELECT count(*) FROM sr._by_kind_counts;
SELECT count(*) FROM sr._by_kind_groups;
SELECT count(*) FROM sr._by_kind_pending;
SELECT * FROM sr.by_kind;
-- with the privilege on some of its columns, or on a view over it, there is
RESET ROLE;
SELECT rbac.clear_identity();
GRANT SELECT (kind, count) ON sr.by_kind TO regress_rbac_app;
SET ROLE regress_rbac_app;
SELECT rbac.set_identity(pg_temp.id(101), pg_temp.id(1), local => false);
SELECT sum(count) > 0 AS something FROM sr.by_kind;
RESET ROLE;
REVOKE SELECT (kind, count) ON sr.by_kind FROM regress_rbac_app;
SET ROLE regress_rbac_app;
SELECT sum(count) FROM sr.by_kind;
SELECT count(*) FROM sr._by_kind_counts;
-- nor may anybody write there
INSERT INTO sr._by_assignee_pending (tenant_id, _count) VALUES (pg_temp.id(1), 1000);
DELETE FROM sr._by_assignee_counts;
UPDATE rbac.summaries SET pending = counts;
-- or do what the owner does
SELECT rbac.drop_summary('by_assignee');
SELECT rbac.rebuild_summary('by_assignee');
SELECT rbac.compact_summary('by_assignee');
SELECT * FROM rbac.verify_summary('by_assignee');
SELECT rbac.create_summary('mine', 'sr.tasks', '{kind}');

-- Whoever gets the source gets the summary, and who had it has neither.
RESET ROLE;
SELECT rbac.clear_identity();
CREATE ROLE regress_rbac_heir;
GRANT ALL ON SCHEMA sr TO regress_rbac_heir;
ALTER TABLE sr.tasks OWNER TO regress_rbac_heir;
SET ROLE regress_rbac_owner;
SELECT count(*) FROM sr.by_kind;
SELECT rbac.rebuild_summary('by_kind');
SET ROLE regress_rbac_heir;
SELECT rbac.rebuild_summary('by_kind');
SELECT * FROM rbac.verify_summary('by_kind');
RESET ROLE;
DROP SCHEMA sr CASCADE;
SELECT count(*) FROM rbac.summaries;
DELETE FROM rbac.users WHERE username LIKE 'sr\_%';
DELETE FROM rbac.tenants WHERE key IN ('acme', 'beta');
DELETE FROM rbac.roles WHERE name LIKE 'sr %';
DELETE FROM rbac.permissions WHERE name LIKE 'sr %';
DELETE FROM rbac.scopes WHERE name LIKE 'sr:%';
DROP OWNED BY regress_rbac_app;
DROP ROLE regress_rbac_owner;
DROP ROLE regress_rbac_heir;
DROP ROLE regress_rbac_app;
