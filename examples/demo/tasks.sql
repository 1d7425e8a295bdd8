-- A task management system, and the people of two companies that use it.
--
-- Employees see the tasks assigned to them and update those. Employers see all
-- tasks, create them, assign them and set them pending.

SELECT rbac.create_scope(name, description) FROM (VALUES
    ('read:task',    'See tasks assigned to oneself.'),
    ('su_read:task', 'See all tasks.'),
    ('edit:task',    'Update the status of tasks assigned to oneself.'),
    ('su_edit:task', 'Assign tasks, and set them pending.'),
    ('create:task',  'Create tasks.')) AS scope (name, description)
\g /dev/null

SELECT rbac.create_permission(name, 'task', action, ARRAY[scope]) FROM (VALUES
    ('see own tasks',     'view',        'read:task'),
    ('see all tasks',     'su_view',     'su_read:task'),
    ('update own tasks',  'update',      'edit:task'),
    ('assign tasks',      'su_update',   'su_edit:task'),
    ('set tasks pending', 'set_pending', 'su_edit:task'),
    ('create tasks',      'su_create',   'create:task')) AS permission (name, action, scope)
\g /dev/null

SELECT rbac.create_role('Employee', permissions => '{see own tasks,update own tasks}'),
       rbac.create_role('Employer', permissions => '{see all tasks,create tasks,assign tasks,set tasks pending}')
\g /dev/null

SELECT rbac.create_tenant('acme', 'Acme'), rbac.create_tenant('globex', 'Globex'),
       rbac.create_tenant('initech', 'Initech')
\g /dev/null
SELECT rbac.create_department(demo.tenant_id('acme'), 'Engineering') \g /dev/null
SELECT rbac.create_department(demo.tenant_id('acme'), 'Platform', demo.department_id('acme', 'Engineering')),
       rbac.create_department(demo.tenant_id('acme'), 'Sales')
\g /dev/null
SELECT rbac.create_user(name) FROM unnest('{minh,lan,tuan,hoa,bao,vy,duc,thu}'::text[]) AS name
\g /dev/null

SELECT rbac.grant_role(demo.user_id(who), role, demo.tenant_id(tenant), demo.department_id(tenant, department),
                       valid_from::timestamptz, valid_until::timestamptz, reason)
FROM (VALUES
    ('minh', 'Employer', 'acme',    NULL,          NULL,         NULL,         'runs the place'),
    ('lan',  'Employee', 'acme',    NULL,          NULL,         NULL,         'joined in spring'),
    ('tuan', 'Employee', 'acme',    NULL,          '2024-01-01', '2025-01-01', 'one year''s contract'),
    ('hoa',  'Employee', 'acme',    NULL,          '2099-01-01', NULL,         'starts later'),
    ('bao',  'Employer', 'globex',  NULL,          NULL,         NULL,         'runs another place'),
    ('vy',   'Employer', 'acme',    'Engineering', NULL,         NULL,         'leads the engineers'),
    ('duc',  'Employee', 'acme',    NULL,          NULL,         NULL,         'on leave'),
    ('thu',  'Employer', 'initech', NULL,          NULL,         NULL,         'did not pay the bill')
) AS assignment (who, role, tenant, department, valid_from, valid_until, reason)
\g /dev/null

SELECT rbac.set_user_active(demo.user_id('duc'), false), rbac.set_tenant_active(demo.tenant_id('initech'), false)
\g /dev/null

\echo
\echo '1. A task management system'
\echo '==========================='
\echo
SELECT p.name AS permission, o.name AS object, a.name AS action, s.name AS scope
FROM rbac.permissions AS p
JOIN rbac.permission_objects AS o ON o.id = p.object_id
JOIN rbac.permission_actions AS a ON a.id = p.action_id
JOIN rbac.permission_scopes AS ps ON ps.permission_id = p.id
JOIN rbac.scopes AS s ON s.id = ps.scope_id
WHERE o.name = 'task'
ORDER BY p.id;

SELECT r.name AS role, string_agg(p.name, ', ' ORDER BY p.id) AS "may"
FROM rbac.roles AS r
JOIN rbac.role_permissions AS rp ON rp.role_id = r.id
JOIN rbac.permissions AS p ON p.id = rp.permission_id
WHERE r.name IN ('Employee', 'Employer')
GROUP BY r.name ORDER BY r.name;

SELECT u.username AS who, r.name AS "is", demo.place(t.key, d.name) AS "in",
       coalesce(ur.valid_from::date::text, '') AS "from", coalesce(ur.valid_until::date::text, '') AS until,
       ur.reason AS "because"
FROM rbac.user_roles AS ur
JOIN rbac.users AS u ON u.id = ur.user_id
JOIN rbac.roles AS r ON r.id = ur.role_id
JOIN rbac.tenants AS t ON t.id = ur.tenant_id
LEFT JOIN rbac.departments AS d ON d.id = ur.department_id
ORDER BY ur.id;

INSERT INTO demo.questions (story, who, scope, tenant, department, expected) VALUES
    ('tasks', 'lan',  'read:task',    'acme', NULL,       true),
    ('tasks', 'lan',  'edit:task',    'acme', NULL,       true),
    ('tasks', 'lan',  'su_read:task', 'acme', NULL,       false),
    ('tasks', 'lan',  'create:task',  'acme', NULL,       false),
    ('tasks', 'lan',  'su_edit:task', 'acme', NULL,       false),
    ('tasks', 'minh', 'su_read:task', 'acme', NULL,       true),
    ('tasks', 'minh', 'create:task',  'acme', NULL,       true),
    ('tasks', 'minh', 'su_edit:task', 'acme', NULL,       true),
    ('tasks', 'minh', 'edit:task',    'acme', NULL,       false),
    ('tasks', 'minh', 'su_read:task', 'globex', NULL,     false),
    ('tasks', 'vy',   'su_edit:task', 'acme', 'Engineering', true),
    ('tasks', 'vy',   'su_edit:task', 'acme', 'Platform', true),
    ('tasks', 'vy',   'su_edit:task', 'acme', 'Sales',    false),
    ('tasks', 'vy',   'su_edit:task', 'acme', NULL,       false);

\echo 'May they?'
\echo
BEGIN;
SELECT q.who, q.scope, demo.place(q.tenant, q.department) AS "where", demo.said(demo.ask(q)) AS "may"
FROM demo.questions AS q WHERE q.story = 'tasks' ORDER BY q.place;
CALL demo.insist('tasks');
COMMIT;
