-- The rules of workflows that look at other rows. As those of the model
-- (model/rules.sql): ordinary triggers, whose names are lower case so that they
-- fire after those of the foreign keys.

CREATE FUNCTION rbac._keep_workflow_tenant() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'rbac_keep_workflow_tenant';
COMMENT ON FUNCTION rbac._keep_workflow_tenant() IS
'Row trigger on workflows: a workflow stays with its tenant (0LP01).';

CREATE FUNCTION rbac._keep_transition() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'rbac_keep_transition';
COMMENT ON FUNCTION rbac._keep_transition() IS
'Row trigger on workflow_transitions: the role that a step takes is shared, or of the workflow''s tenant (0LP01).';

REVOKE ALL ON FUNCTION rbac._keep_workflow_tenant(), rbac._keep_transition() FROM PUBLIC;

CREATE TRIGGER keep_workflow_tenant BEFORE UPDATE ON rbac.workflows
    FOR EACH ROW EXECUTE FUNCTION rbac._keep_workflow_tenant();
CREATE TRIGGER keep_transition AFTER INSERT OR UPDATE ON rbac.workflow_transitions
    FOR EACH ROW EXECUTE FUNCTION rbac._keep_transition();
