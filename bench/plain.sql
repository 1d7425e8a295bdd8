-- The same rows for the system that we compare with, and how it asks.
--
-- The task-management system's tables, keys and indexes, with the same rows. It
-- has no inheritance, so that its users have every role that ours reach.
CREATE SCHEMA plain;
GRANT USAGE ON SCHEMA plain TO PUBLIC;
CREATE TABLE plain.scope AS SELECT id, name FROM rbac.scopes;
CREATE TABLE plain.permission AS SELECT id, name FROM rbac.permissions;
CREATE TABLE plain.permission_scope AS SELECT * FROM rbac.permission_scopes;
CREATE TABLE plain.role_permission AS SELECT * FROM rbac.role_permissions;
CREATE TABLE plain.user_role AS
WITH RECURSIVE reached (user_id, role_id) AS (
    SELECT user_id, role_id FROM rbac.user_roles
    UNION
    SELECT r.user_id, i.inherits_role_id FROM reached AS r JOIN rbac.role_inherits AS i USING (role_id)
)
SELECT user_id, role_id FROM reached;
ALTER TABLE plain.scope ADD PRIMARY KEY (id);
ALTER TABLE plain.permission ADD PRIMARY KEY (id);
CREATE INDEX idx_user_role_user_id ON plain.user_role (user_id);
CREATE INDEX idx_role_permission_role_id ON plain.role_permission (role_id);
CREATE INDEX idx_permission_scope_permission_id ON plain.permission_scope (permission_id);
CREATE INDEX idx_scope_name ON plain.scope (name);
GRANT SELECT ON ALL TABLES IN SCHEMA plain TO PUBLIC;

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

CREATE FUNCTION plain.exists_allows(asking uuid, asked text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT
                   FROM plain.user_role
                   JOIN plain.role_permission USING (role_id)
                   JOIN plain.permission_scope USING (permission_id)
                   JOIN plain.scope ON scope.id = permission_scope.scope_id
                   WHERE user_role.user_id = asking AND scope.name = asked);
END
$$;

ANALYZE;
