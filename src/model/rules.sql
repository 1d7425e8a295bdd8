-- The rules of the model that look at other rows, or at who writes.
--
-- They are ordinary triggers: a subscriber or a restore with triggers disabled
-- takes what the authority has already judged.  Their names are lower case, so
-- that they fire after the foreign keys' own triggers, which by then hold the
-- referenced rows.

CREATE FUNCTION rbac._keep_reserved() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'rbac_keep_reserved';
COMMENT ON FUNCTION rbac._keep_reserved() IS
'Row trigger: refuses (42939) to write rows whose column named by the argument is below 100, which the extension seeds. Statement trigger: refuses TRUNCATE.';

CREATE FUNCTION rbac._keep_scopes_small() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'rbac_keep_scopes_small';
COMMENT ON FUNCTION rbac._keep_scopes_small() IS
'Row trigger on scopes: refuses (54000) an id above 131071.';

CREATE FUNCTION rbac._keep_role_tenant() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'rbac_keep_role_tenant';
COMMENT ON FUNCTION rbac._keep_role_tenant() IS
'Row trigger on roles: a role stays with its tenant (0LP01).';

CREATE FUNCTION rbac._keep_inheritance() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'rbac_keep_inheritance';
COMMENT ON FUNCTION rbac._keep_inheritance() IS
'Row trigger on role_inherits: no cycles, and nothing of another tenant (0LP01).';

CREATE FUNCTION rbac._keep_department_forest() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'rbac_keep_department_forest';
COMMENT ON FUNCTION rbac._keep_department_forest() IS
'Row trigger on departments: no cycles (0LP01).';

CREATE FUNCTION rbac._keep_assignment() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'rbac_keep_assignment';
COMMENT ON FUNCTION rbac._keep_assignment() IS
'Row trigger on user_roles: a role of a tenant is assigned in that tenant only (0LP01).';

CREATE FUNCTION rbac._touch() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'rbac_touch';
COMMENT ON FUNCTION rbac._touch() IS
'Row trigger before UPDATE: created_at stays what it was, updated_at becomes the transaction''s time.';

-- Who can attach a trigger to a table of their own needs none of these.
REVOKE ALL ON FUNCTION rbac._keep_reserved(), rbac._keep_scopes_small(), rbac._keep_role_tenant(),
    rbac._keep_inheritance(), rbac._keep_department_forest(), rbac._keep_assignment(),
    rbac._touch() FROM PUBLIC;

CREATE TRIGGER keep_reserved BEFORE INSERT OR UPDATE OR DELETE ON rbac.permission_objects
    FOR EACH ROW EXECUTE FUNCTION rbac._keep_reserved('id');
CREATE TRIGGER keep_reserved BEFORE INSERT OR UPDATE OR DELETE ON rbac.permission_actions
    FOR EACH ROW EXECUTE FUNCTION rbac._keep_reserved('id');
CREATE TRIGGER keep_reserved BEFORE INSERT OR UPDATE OR DELETE ON rbac.scopes
    FOR EACH ROW EXECUTE FUNCTION rbac._keep_reserved('id');
CREATE TRIGGER keep_reserved BEFORE INSERT OR UPDATE OR DELETE ON rbac.permissions
    FOR EACH ROW EXECUTE FUNCTION rbac._keep_reserved('id');
CREATE TRIGGER keep_reserved BEFORE INSERT OR UPDATE OR DELETE ON rbac.permission_scopes
    FOR EACH ROW EXECUTE FUNCTION rbac._keep_reserved('permission_id');
CREATE TRIGGER keep_reserved BEFORE INSERT OR UPDATE OR DELETE ON rbac.roles
    FOR EACH ROW EXECUTE FUNCTION rbac._keep_reserved('id');
CREATE TRIGGER keep_reserved BEFORE INSERT OR UPDATE OR DELETE ON rbac.role_permissions
    FOR EACH ROW EXECUTE FUNCTION rbac._keep_reserved('role_id');
CREATE TRIGGER keep_reserved BEFORE INSERT OR UPDATE OR DELETE ON rbac.role_inherits
    FOR EACH ROW EXECUTE FUNCTION rbac._keep_reserved('role_id');

CREATE TRIGGER keep_reserved_at_truncate BEFORE TRUNCATE ON rbac.permission_objects
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._keep_reserved();
CREATE TRIGGER keep_reserved_at_truncate BEFORE TRUNCATE ON rbac.permission_actions
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._keep_reserved();
CREATE TRIGGER keep_reserved_at_truncate BEFORE TRUNCATE ON rbac.scopes
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._keep_reserved();
CREATE TRIGGER keep_reserved_at_truncate BEFORE TRUNCATE ON rbac.permissions
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._keep_reserved();
CREATE TRIGGER keep_reserved_at_truncate BEFORE TRUNCATE ON rbac.permission_scopes
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._keep_reserved();
CREATE TRIGGER keep_reserved_at_truncate BEFORE TRUNCATE ON rbac.roles
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._keep_reserved();
CREATE TRIGGER keep_reserved_at_truncate BEFORE TRUNCATE ON rbac.role_permissions
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._keep_reserved();
CREATE TRIGGER keep_reserved_at_truncate BEFORE TRUNCATE ON rbac.role_inherits
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._keep_reserved();

CREATE TRIGGER keep_scopes_small BEFORE INSERT OR UPDATE OF id ON rbac.scopes
    FOR EACH ROW EXECUTE FUNCTION rbac._keep_scopes_small();
CREATE TRIGGER keep_role_tenant BEFORE UPDATE ON rbac.roles
    FOR EACH ROW EXECUTE FUNCTION rbac._keep_role_tenant();
CREATE TRIGGER keep_inheritance AFTER INSERT OR UPDATE ON rbac.role_inherits
    FOR EACH ROW EXECUTE FUNCTION rbac._keep_inheritance();
CREATE TRIGGER keep_department_forest AFTER INSERT OR UPDATE ON rbac.departments
    FOR EACH ROW EXECUTE FUNCTION rbac._keep_department_forest();
CREATE TRIGGER keep_assignment AFTER INSERT OR UPDATE ON rbac.user_roles
    FOR EACH ROW EXECUTE FUNCTION rbac._keep_assignment();

CREATE TRIGGER touch BEFORE UPDATE ON rbac.tenants
    FOR EACH ROW EXECUTE FUNCTION rbac._touch();
CREATE TRIGGER touch BEFORE UPDATE ON rbac.users
    FOR EACH ROW EXECUTE FUNCTION rbac._touch();
CREATE TRIGGER touch BEFORE UPDATE ON rbac.departments
    FOR EACH ROW EXECUTE FUNCTION rbac._touch();
CREATE TRIGGER touch BEFORE UPDATE ON rbac.roles
    FOR EACH ROW EXECUTE FUNCTION rbac._touch();
