\echo Use "CREATE EXTENSION rbac" to load this file. \quit

-- Authorization inside the database.
--
-- The script makes its schema itself instead of letting the control file do
-- it: CREATE SCHEMA fails if somebody made a schema of that name first, while
-- CREATE EXTENSION would move into a schema that a stranger owns.
SET LOCAL search_path TO pg_catalog, pg_temp;

CREATE SCHEMA rbac;
COMMENT ON SCHEMA rbac IS
'Role-based access control (INCITS 359): tenants, users, roles, permissions and scopes, and the questions asked of them. Functions whose names start with an underscore are internal.';

-- Everybody may ask questions; what each function answers, and to whom, is
-- decided function by function and table by table.
GRANT USAGE ON SCHEMA rbac TO PUBLIC;
