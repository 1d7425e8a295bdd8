-- Direct DML by others than the owner of the tables obeys the rules of the
-- functions.
--
-- Ordinary triggers: what a subscriber applies, or a restore brings, has been
-- judged where it was written. Their name sorts before that of every other
-- BEFORE trigger, so that strangers are refused first.

CREATE FUNCTION rbac._guard() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'rbac_guard';
COMMENT ON FUNCTION rbac._guard() IS
'Trigger before INSERT, UPDATE, DELETE (row) and TRUNCATE (statement): lets the owner of the table pass; lets others do what the current identity may do by the functions; sets granted_by to the current user, and a numeric id to the next of its sequence. Errors: 28000 (no identity is set), 42501 (the identity may not do this; another id; TRUNCATE; within a security-restricted operation), 42704 (a role of a tenant where the current user holds nothing).';
REVOKE ALL ON FUNCTION rbac._guard() FROM PUBLIC;

CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON rbac.tenants
    FOR EACH ROW EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON rbac.users
    FOR EACH ROW EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON rbac.departments
    FOR EACH ROW EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON rbac.permission_objects
    FOR EACH ROW EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON rbac.permission_actions
    FOR EACH ROW EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON rbac.scopes
    FOR EACH ROW EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON rbac.permissions
    FOR EACH ROW EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON rbac.permission_scopes
    FOR EACH ROW EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON rbac.roles
    FOR EACH ROW EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON rbac.role_permissions
    FOR EACH ROW EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON rbac.role_inherits
    FOR EACH ROW EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON rbac.role_conflicts
    FOR EACH ROW EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON rbac.user_roles
    FOR EACH ROW EXECUTE FUNCTION rbac._guard();

CREATE TRIGGER guard_at_truncate BEFORE TRUNCATE ON rbac.tenants
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard_at_truncate BEFORE TRUNCATE ON rbac.users
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard_at_truncate BEFORE TRUNCATE ON rbac.departments
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard_at_truncate BEFORE TRUNCATE ON rbac.permission_objects
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard_at_truncate BEFORE TRUNCATE ON rbac.permission_actions
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard_at_truncate BEFORE TRUNCATE ON rbac.scopes
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard_at_truncate BEFORE TRUNCATE ON rbac.permissions
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard_at_truncate BEFORE TRUNCATE ON rbac.permission_scopes
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard_at_truncate BEFORE TRUNCATE ON rbac.roles
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard_at_truncate BEFORE TRUNCATE ON rbac.role_permissions
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard_at_truncate BEFORE TRUNCATE ON rbac.role_inherits
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard_at_truncate BEFORE TRUNCATE ON rbac.role_conflicts
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard_at_truncate BEFORE TRUNCATE ON rbac.user_roles
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._guard();
