-- The user-facing default roles of a Kubernetes cluster: view, edit and admin, as
-- its documentation and default policy give them, without the API groups that
-- have gone ("extensions").
--
-- A scope is a verb on a resource, such as "get:pods" or "create:apps/deployments".
-- A permission is a group of verbs on a resource. Each role is aggregated into the
-- next: edit has what view has, admin what edit has. A cluster is a tenant, a
-- namespace a department; a binding in a namespace is an assignment there.

CREATE TABLE demo.rules (role text, verbs text[], api_group text, resources text[]);

\set read '''{get,list,watch}'''
\set write '''{create,update,patch,delete,deletecollection}'''

INSERT INTO demo.rules (role, verbs, api_group, resources) VALUES
    ('view', :read, '',                  '{pods,pods/log,pods/status,configmaps,endpoints,events,limitranges,bindings,namespaces,namespaces/status,persistentvolumeclaims,persistentvolumeclaims/status,replicationcontrollers,replicationcontrollers/scale,replicationcontrollers/status,resourcequotas,resourcequotas/status,serviceaccounts,services,services/status}'),
    ('view', :read, 'apps',              '{controllerrevisions,daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,replicasets,replicasets/scale,replicasets/status,statefulsets,statefulsets/scale,statefulsets/status}'),
    ('view', :read, 'autoscaling',       '{horizontalpodautoscalers,horizontalpodautoscalers/status}'),
    ('view', :read, 'batch',             '{cronjobs,cronjobs/status,jobs,jobs/status}'),
    ('view', :read, 'discovery.k8s.io',  '{endpointslices}'),
    ('view', :read, 'networking.k8s.io', '{ingresses,ingresses/status,networkpolicies}'),
    ('view', :read, 'policy',            '{poddisruptionbudgets,poddisruptionbudgets/status}'),

    ('edit', :read, '',                  '{secrets,pods/attach,pods/exec,pods/portforward,pods/proxy,services/proxy}'),
    ('edit', '{impersonate}', '',        '{serviceaccounts}'),
    ('edit', '{create}', '',             '{pods/eviction,serviceaccounts/token}'),
    ('edit', :write, '',                 '{pods,pods/attach,pods/exec,pods/portforward,pods/proxy,configmaps,events,persistentvolumeclaims,replicationcontrollers,replicationcontrollers/scale,secrets,serviceaccounts,services,services/proxy}'),
    ('edit', :write, 'apps',             '{daemonsets,deployments,deployments/rollback,deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/scale}'),
    ('edit', :write, 'autoscaling',      '{horizontalpodautoscalers}'),
    ('edit', :write, 'batch',            '{cronjobs,jobs}'),
    ('edit', :write, 'networking.k8s.io', '{ingresses,networkpolicies}'),
    ('edit', :write, 'policy',           '{poddisruptionbudgets}'),

    ('admin', '{create}', 'authorization.k8s.io',   '{localsubjectaccessreviews}'),
    ('admin', :read,  'rbac.authorization.k8s.io',  '{roles,rolebindings}'),
    ('admin', :write, 'rbac.authorization.k8s.io',  '{roles,rolebindings}');

-- One row for each permission.
CREATE VIEW demo.permissions AS
SELECT r.role, o.object,
       CASE r.verbs WHEN :read THEN 'read' WHEN :write THEN 'write' ELSE r.verbs[1] END AS action,
       (SELECT array_agg(verb || ':' || o.object) FROM unnest(r.verbs) AS verb) AS scopes
FROM demo.rules AS r
CROSS JOIN LATERAL (SELECT concat_ws('/', nullif(r.api_group, ''), resource) AS object
                    FROM unnest(r.resources) AS resource) AS o;

SELECT rbac.create_scope(scope)
FROM (SELECT DISTINCT unnest(scopes) AS scope FROM demo.permissions ORDER BY 1) AS s
\g /dev/null
SELECT rbac.create_permission(action || ' ' || object, object, action, scopes) FROM demo.permissions
\g /dev/null
SELECT rbac.create_role('view') \g /dev/null
SELECT rbac.create_role('edit', inherits => '{view}') \g /dev/null
SELECT rbac.create_role('admin', inherits => '{edit}') \g /dev/null
SELECT rbac.grant_permission(role, action || ' ' || object) FROM demo.permissions
\g /dev/null

SELECT rbac.create_tenant('prod', 'Production cluster') \g /dev/null
SELECT rbac.create_department(demo.tenant_id('prod'), name) FROM unnest('{checkout,search}'::text[]) AS name
\g /dev/null
SELECT rbac.create_user(name) FROM unnest('{vera,eddy,ada}'::text[]) AS name \g /dev/null
SELECT rbac.grant_role(demo.user_id('vera'), 'view', demo.tenant_id('prod')),
       rbac.grant_role(demo.user_id('eddy'), 'edit', demo.tenant_id('prod'), demo.department_id('prod', 'checkout')),
       rbac.grant_role(demo.user_id('ada'), 'admin', demo.tenant_id('prod'), demo.department_id('prod', 'checkout'))
\g /dev/null
-- Who holds each role in the whole cluster, to count what it amounts to.
SELECT rbac.create_user('only-' || name) FROM unnest('{view,edit,admin}'::text[]) AS name \g /dev/null
SELECT rbac.grant_role(demo.user_id('only-' || name), name, demo.tenant_id('prod'))
FROM unnest('{view,edit,admin}'::text[]) AS name
\g /dev/null

\echo '3. The default roles of a Kubernetes cluster'
\echo '============================================'
\echo
-- Counted from the rules above, and as rbac answers.
CREATE VIEW demo.counted AS
WITH RECURSIVE reached (role, junior) AS (
    SELECT DISTINCT role, role FROM demo.rules
    UNION
    SELECT r.role, next.junior FROM reached AS r
    JOIN (VALUES ('admin', 'edit'), ('edit', 'view')) AS next (senior, junior) ON next.senior = r.junior
)
SELECT r.role, count(DISTINCT scope) AS from_rules,
       (SELECT count(*) FROM rbac.effective_scopes(demo.user_id('only-' || r.role), demo.tenant_id('prod'))) AS by_rbac
FROM reached AS r
JOIN demo.permissions AS p ON p.role = r.junior
CROSS JOIN LATERAL unnest(p.scopes) AS scope
GROUP BY r.role;

SELECT c.role, coalesce(junior.name, '') AS inherits,
       (SELECT count(*) FROM demo.permissions AS p WHERE p.role = c.role) AS "permissions of its own",
       c.by_rbac AS "scopes in all"
FROM demo.counted AS c
JOIN rbac.roles AS r ON r.name = c.role
LEFT JOIN rbac.role_inherits AS i ON i.role_id = r.id
LEFT JOIN rbac.roles AS junior ON junior.id = i.inherits_role_id
ORDER BY c.by_rbac;
DO $$
BEGIN
    ASSERT (SELECT bool_and(from_rules = by_rbac) FROM demo.counted), 'the roles amount to something else';
END
$$;

INSERT INTO demo.questions (story, who, scope, tenant, department, expected) VALUES
    ('kubernetes', 'vera', 'get:pods',                    'prod', 'checkout', true),
    ('kubernetes', 'vera', 'get:pods/log',                'prod', NULL,       true),
    ('kubernetes', 'vera', 'get:secrets',                 'prod', 'checkout', false),
    ('kubernetes', 'vera', 'create:pods/exec',            'prod', 'checkout', false),
    ('kubernetes', 'vera', 'patch:apps/deployments',      'prod', 'checkout', false),
    ('kubernetes', 'eddy', 'list:apps/deployments',       'prod', 'checkout', true),
    ('kubernetes', 'eddy', 'patch:apps/deployments',      'prod', 'checkout', true),
    ('kubernetes', 'eddy', 'get:secrets',                 'prod', 'checkout', true),
    ('kubernetes', 'eddy', 'impersonate:serviceaccounts', 'prod', 'checkout', true),
    ('kubernetes', 'eddy', 'patch:apps/deployments',      'prod', 'search',   false),
    ('kubernetes', 'eddy', 'get:rbac.authorization.k8s.io/roles', 'prod', 'checkout', false),
    ('kubernetes', 'ada',  'create:rbac.authorization.k8s.io/rolebindings', 'prod', 'checkout', true),
    ('kubernetes', 'ada',  'delete:batch/jobs',           'prod', 'checkout', true),
    ('kubernetes', 'ada',  'create:rbac.authorization.k8s.io/rolebindings', 'prod', NULL, false);

BEGIN;
SELECT q.who, q.scope, demo.place(q.tenant, q.department) AS "where", demo.said(demo.ask(q)) AS "may"
FROM demo.questions AS q WHERE q.story = 'kubernetes' ORDER BY q.place;
CALL demo.insist('kubernetes');
COMMIT;

\echo 'How ada comes to delete jobs:'
\echo
BEGIN;
SELECT FROM rbac.set_identity(demo.user_id('ada'), demo.tenant_id('prod')) \g /dev/null
SELECT granted, reason, array_to_string(path, ' > ') AS path
FROM rbac.explain_scope('delete:batch/jobs', demo.tenant_id('prod'), demo.department_id('prod', 'checkout'))
WHERE granted;
COMMIT;
