-- What a check costs, beside the same question asked by the task management
-- system's own query: same rows, its tables, its indexes.

CREATE SCHEMA plain;
CREATE TABLE plain.scope AS SELECT id, name FROM rbac.scopes;
CREATE TABLE plain.permission AS SELECT id, name FROM rbac.permissions;
CREATE TABLE plain.permission_scope AS SELECT * FROM rbac.permission_scopes;
CREATE TABLE plain.role_permission AS SELECT * FROM rbac.role_permissions;
CREATE TABLE plain.user_role AS SELECT user_id, role_id FROM rbac.user_roles;
ALTER TABLE plain.scope ADD PRIMARY KEY (id);
ALTER TABLE plain.permission ADD PRIMARY KEY (id);
CREATE INDEX idx_user_role_user_id ON plain.user_role (user_id);
CREATE INDEX idx_role_permission_role_id ON plain.role_permission (role_id);
CREATE INDEX idx_permission_scope_permission_id ON plain.permission_scope (permission_id);
CREATE INDEX idx_scope_name ON plain.scope (name);
VACUUM ANALYZE;

CREATE FUNCTION plain.join_allows(asking uuid, asked text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT count(DISTINCT scope.id)
            FROM plain.scope
            JOIN plain.permission_scope ON scope.id = permission_scope.scope_id
            JOIN plain.permission ON permission.id = permission_scope.permission_id
            JOIN plain.role_permission ON role_permission.permission_id = permission.id
            JOIN plain.user_role ON user_role.role_id = role_permission.role_id
            WHERE user_role.user_id = asking AND scope.name IN (asked)) = 1;
END
$$;

\echo '5. What a check costs'
\echo '====================='
\echo
SET max_parallel_workers_per_gather = 0;
SET jit = off;
CREATE TABLE demo.costs (
    place integer, question text, ns numeric, agrees boolean
);

BEGIN;
SELECT FROM rbac.set_identity(demo.user_id('minh'), demo.tenant_id('acme')) \g /dev/null
INSERT INTO demo.costs
SELECT 1, 'five-table join, each time',
       demo.time_of(format('SELECT count(*) FILTER (WHERE plain.join_allows(%L, ''su_read:task'')) FROM generate_series(1, 2000)',
                           rbac.current_user_id()), 2000),
       plain.join_allows(rbac.current_user_id(), 'su_read:task');
-- fifty calls a row, so that the row costs little; what it costs is counted in
INSERT INTO demo.costs
SELECT 4, 'rbac.has_scope, asked before',
       demo.time_of('SELECT count(*) FILTER (WHERE ' || repeat('rbac.has_scope(''su_read:task'') AND ', 49)
                    || 'rbac.has_scope(''su_read:task'')) FROM generate_series(1, 4000)', 4000 * 50),
       rbac.has_scope('su_read:task');
INSERT INTO demo.costs
SELECT 3, 'rbac.has_scope, another session has asked',
       demo.time_of('SELECT count(*) FILTER (WHERE rbac._forget() IS NULL OR rbac.has_scope(''su_read:task'')) FROM generate_series(1, 5000)', 5000),
       rbac.has_scope('su_read:task');
INSERT INTO demo.costs
SELECT 2, 'rbac.has_scope, nobody has asked',
       demo.time_of('SELECT count(*) FILTER (WHERE rbac.cache_reset() IS NULL OR rbac.has_scope(''su_read:task'')) FROM generate_series(1, 1000)', 1000),
       rbac.has_scope('su_read:task');
COMMIT;

SELECT question, CASE WHEN ns < 1000 THEN round(ns) || ' ns' ELSE round(ns / 1000, 1) || ' µs' END AS "a call",
       CASE WHEN place > 1 THEN to_char(first_value(ns) OVER (ORDER BY place) / ns, 'FM999,999,990') || ' times as fast' ELSE '' END AS "that is"
FROM demo.costs ORDER BY place;
DO $$
BEGIN
    ASSERT (SELECT bool_and(agrees) FROM demo.costs), 'the answers differ';
END
$$;
\echo 'Processor time on this machine, one run; make bench does it with more care.'
\echo
