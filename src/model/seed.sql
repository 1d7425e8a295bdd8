-- What every database has from the start: the scopes that administration
-- itself checks, a permission for each, and two roles to begin with.

INSERT INTO rbac.permission_objects (id, name) VALUES (1, 'rbac');

INSERT INTO rbac.permission_actions (id, name) VALUES
    (1, 'grant'),
    (2, 'manage_roles'),
    (3, 'manage_users'),
    (4, 'manage_departments'),
    (5, 'manage_tenants'),
    (6, 'manage_permissions'),
    (7, 'review'),
    (8, 'escalate'),
    (9, 'manage_workflows');

INSERT INTO rbac.scopes (id, name, description) VALUES
    (1, 'rbac:grant',              'Grant roles to users and revoke them, in the tenant or department where this is held.'),
    (2, 'rbac:manage_roles',       'Create the tenant''s roles, give them permissions, let them inherit.'),
    (3, 'rbac:manage_users',       'Create users.'),
    (4, 'rbac:manage_departments', 'Create the tenant''s departments.'),
    (5, 'rbac:manage_tenants',     'Create tenants. Counts only where it is held in every tenant.'),
    (6, 'rbac:manage_permissions', 'Create scopes and permissions and say which carries which. Counts only where it is held in every tenant.'),
    (7, 'rbac:review',             'Ask who has what, and why, in the tenant where this is held.'),
    (8, 'rbac:escalate',           'Grant what one does not hold oneself.'),
    (9, 'rbac:manage_workflows',   'Say how tasks go from status to status, in the tenant where this is held. What all tenants share counts only where it is held in every tenant.');

INSERT INTO rbac.permissions (id, name, object_id, action_id, description)
    SELECT s.id, s.name, 1, s.id, s.description FROM rbac.scopes AS s;

INSERT INTO rbac.permission_scopes (permission_id, scope_id)
    SELECT s.id, s.id FROM rbac.scopes AS s;

INSERT INTO rbac.roles (id, tenant_id, name, description) VALUES
    (1, NULL, 'rbac_tenant_admin', 'Runs a tenant: its users, roles, departments, grants and workflows.'),
    (2, NULL, 'rbac_admin',        'Runs everything, tenants and permissions included.');

INSERT INTO rbac.role_permissions (role_id, permission_id) VALUES
    (1, 1), (1, 2), (1, 3), (1, 4), (1, 7), (1, 9),
    (2, 5), (2, 6), (2, 8);

INSERT INTO rbac.role_inherits (role_id, inherits_role_id) VALUES (2, 1);
