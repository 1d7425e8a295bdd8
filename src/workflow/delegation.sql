-- Who writes workflows, and who sees them: as for all that is delegated
-- (admin/guard.sql, admin/delegation.sql).
--
-- Statuses and task types are shared by all tenants; so, like scopes, they have
-- no row-level security, and the guard judges every write.

CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON rbac.workflow_statuses
    FOR EACH ROW EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON rbac.workflows
    FOR EACH ROW EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON rbac.task_types
    FOR EACH ROW EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON rbac.workflow_transitions
    FOR EACH ROW EXECUTE FUNCTION rbac._guard();

CREATE TRIGGER guard_at_truncate BEFORE TRUNCATE ON rbac.workflow_statuses
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard_at_truncate BEFORE TRUNCATE ON rbac.workflows
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard_at_truncate BEFORE TRUNCATE ON rbac.task_types
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._guard();
CREATE TRIGGER guard_at_truncate BEFORE TRUNCATE ON rbac.workflow_transitions
    FOR EACH STATEMENT EXECUTE FUNCTION rbac._guard();

-- Of transitions, which do not name their tenant. For everybody to call, since
-- policies do so with the rights of who reads.

CREATE FUNCTION rbac._sees_workflow(workflow_id integer) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'rbac_sees_workflow';
COMMENT ON FUNCTION rbac._sees_workflow(integer) IS
'May the current user see this workflow, as the policies of rbac.workflows have it?';

CREATE FUNCTION rbac._manages_workflow(workflow_id integer) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'rbac_manages_workflow';
COMMENT ON FUNCTION rbac._manages_workflow(integer) IS
'Does the current user hold rbac:manage_workflows in the tenant of this workflow, or, if all tenants share it, in every tenant?';

REVOKE ALL ON FUNCTION rbac._sees_workflow(integer), rbac._manages_workflow(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rbac._sees_workflow(integer), rbac._manages_workflow(integer) TO PUBLIC;

ALTER TABLE rbac.workflows ENABLE ROW LEVEL SECURITY;

CREATE POLICY everybody_sees_shared_workflows ON rbac.workflows FOR SELECT
    USING (tenant_id IS NULL AND (SELECT rbac.current_user_id()) IS NOT NULL);
COMMENT ON POLICY everybody_sees_shared_workflows ON rbac.workflows IS
'Workflows without a tenant are for every tenant, so whoever is asking sees them.';
CREATE POLICY people_see_those_of_their_tenants ON rbac.workflows FOR SELECT
    USING (rbac._sees_tenant(tenant_id));
COMMENT ON POLICY people_see_those_of_their_tenants ON rbac.workflows IS
'Who sees the tenant sees its workflows.';
CREATE POLICY workflow_managers_manage_those_of_their_tenants ON rbac.workflows
    USING (rbac.has_scope('rbac:manage_workflows', tenant_id));
COMMENT ON POLICY workflow_managers_manage_those_of_their_tenants ON rbac.workflows IS
'Who holds rbac:manage_workflows in the tenant.';
CREATE POLICY workflow_managers_of_every_tenant_manage_shared_ones ON rbac.workflows
    USING (tenant_id IS NULL AND (SELECT rbac.has_scope_everywhere('rbac:manage_workflows')));
COMMENT ON POLICY workflow_managers_of_every_tenant_manage_shared_ones ON rbac.workflows IS
'Who holds rbac:manage_workflows in every tenant.';

ALTER TABLE rbac.workflow_transitions ENABLE ROW LEVEL SECURITY;

CREATE POLICY people_see_those_of_workflows_they_see ON rbac.workflow_transitions FOR SELECT
    USING (rbac._sees_workflow(workflow_id));
COMMENT ON POLICY people_see_those_of_workflows_they_see ON rbac.workflow_transitions IS
'Who sees the workflow sees its transitions.';
CREATE POLICY workflow_managers_add ON rbac.workflow_transitions FOR INSERT
    WITH CHECK (rbac._manages_workflow(workflow_id));
CREATE POLICY workflow_managers_change ON rbac.workflow_transitions FOR UPDATE
    USING (rbac._manages_workflow(workflow_id));
CREATE POLICY workflow_managers_remove ON rbac.workflow_transitions FOR DELETE
    USING (rbac._manages_workflow(workflow_id));
COMMENT ON POLICY workflow_managers_add ON rbac.workflow_transitions IS 'Who holds rbac:manage_workflows where the workflow belongs.';
COMMENT ON POLICY workflow_managers_change ON rbac.workflow_transitions IS 'Who holds rbac:manage_workflows where the workflow belongs.';
COMMENT ON POLICY workflow_managers_remove ON rbac.workflow_transitions IS 'Who holds rbac:manage_workflows where the workflow belongs.';
