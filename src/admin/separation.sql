-- Separation of duty: what the table of conflicts (src/model/tables.sql) means.

CREATE FUNCTION rbac._order_conflict() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'rbac_order_conflict';
COMMENT ON FUNCTION rbac._order_conflict() IS
'Row trigger on role_conflicts: puts the smaller of the two ids first, since a conflict has no direction.';

CREATE FUNCTION rbac._keep_static_duty() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'rbac_keep_static_duty';
COMMENT ON FUNCTION rbac._keep_static_duty() IS
'Row trigger after INSERT and UPDATE on user_roles, role_inherits and role_conflicts: nobody is authorized for two roles that exclude each other, in one tenant at one time, and no role reaches both (0LP01). Holds against other sessions at every isolation level.';

REVOKE ALL ON FUNCTION rbac._order_conflict(), rbac._keep_static_duty() FROM PUBLIC;

CREATE TRIGGER order_conflict BEFORE INSERT OR UPDATE ON rbac.role_conflicts
    FOR EACH ROW EXECUTE FUNCTION rbac._order_conflict();
CREATE TRIGGER keep_static_duty AFTER INSERT OR UPDATE ON rbac.role_conflicts
    FOR EACH ROW WHEN (NEW.kind OPERATOR(pg_catalog.=) 'static') EXECUTE FUNCTION rbac._keep_static_duty();
CREATE TRIGGER keep_static_duty AFTER INSERT OR UPDATE ON rbac.role_inherits
    FOR EACH ROW EXECUTE FUNCTION rbac._keep_static_duty();
CREATE TRIGGER keep_static_duty AFTER INSERT OR UPDATE ON rbac.user_roles
    FOR EACH ROW EXECUTE FUNCTION rbac._keep_static_duty();
