-- Who may do what: the scopes, permissions and roles of the system, as its document
-- tells (1.3), in one organisation.
--
-- The tenant is that organisation. With a second one nothing here has to change: its
-- people hold the same roles there, and see the tasks of theirs.

SELECT rbac.create_scope(name, description) FROM (VALUES
    ('read:task',    'See tasks assigned to oneself.'),
    ('su_read:task', 'See all tasks, and the report.'),
    ('edit:task',    'Update the status of tasks assigned to oneself.'),
    ('su_edit:task', 'Assign tasks, change their type, and set them pending.'),
    ('create:task',  'Create tasks.')) AS scope (name, description)
\g /dev/null

SELECT rbac.create_permission(name, 'task', action, ARRAY[scope]) FROM (VALUES
    ('view task basic',                        'view',      'read:task'),
    ('view task advanced',                     'su_view',   'su_read:task'),
    ('update status of assigned tasks only',   'update',    'edit:task'),
    ('assign tasks for others',                'su_update', 'su_edit:task'),
    ('create tasks',                           'su_create', 'create:task')) AS permission (name, action, scope)
\g /dev/null

SELECT rbac.create_role('Employee', description => 'Works on tasks.',
           permissions => '{view task basic,update status of assigned tasks only}'),
       rbac.create_role('Employer', description => 'Hands out tasks.',
           permissions => '{view task advanced,assign tasks for others,create tasks}')
\g /dev/null

SELECT rbac.create_tenant('acme', 'Acme') \g /dev/null
