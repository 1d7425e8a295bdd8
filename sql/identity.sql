-- Who is asking: set, narrowed, switched, cleared; by transaction or by session.
\set VERBOSITY default
INSERT INTO rbac.tenants (id, key, name) VALUES
    ('00000000-0000-0000-0000-0000000010a0', 'id_acme', 'Acme'),
    ('00000000-0000-0000-0000-0000000010b0', 'id_beta', 'Beta'),
    ('00000000-0000-0000-0000-0000000010c0', 'id_gone', 'Gone');
UPDATE rbac.tenants SET is_active = false WHERE key = 'id_gone';
INSERT INTO rbac.users (id, username) VALUES ('00000000-0000-0000-0000-000000001001', 'id_alice');
INSERT INTO rbac.scopes (id, name) VALUES (10001, 'id:read'), (10002, 'id:write');
INSERT INTO rbac.permissions (id, name) VALUES (10001, 'id read and write');
INSERT INTO rbac.permission_scopes VALUES (10001, 10001), (10001, 10002);
INSERT INTO rbac.roles (id, name) VALUES (10001, 'id_clerk');
INSERT INTO rbac.role_permissions VALUES (10001, 10001);
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES
    ('00000000-0000-0000-0000-000000001001', 10001, '00000000-0000-0000-0000-0000000010a0'),
    ('00000000-0000-0000-0000-000000001001', 10001, '00000000-0000-0000-0000-0000000010c0');
CREATE VIEW who AS
    SELECT rbac.current_user_id() AS "user", rbac.current_tenant_id() AS tenant,
           rbac.has_scope('id:read') AS read, rbac.has_scope('id:write') AS write;

-- At first nobody is asking, which is no error.
SELECT * FROM who;

-- An identity ends with its transaction; outside of one it would be gone at once.
SELECT rbac.set_identity('00000000-0000-0000-0000-000000001001', '00000000-0000-0000-0000-0000000010a0');
BEGIN;
SELECT rbac.set_identity('00000000-0000-0000-0000-000000001001', '00000000-0000-0000-0000-0000000010a0');
SELECT * FROM who;
COMMIT;
SELECT * FROM who;

-- Without a tenant only what is held everywhere counts.
BEGIN;
SELECT rbac.set_identity('00000000-0000-0000-0000-000000001001');
SELECT * FROM who;
ROLLBACK;

-- It follows savepoints.
BEGIN;
SELECT rbac.set_identity('00000000-0000-0000-0000-000000001001', '00000000-0000-0000-0000-0000000010a0');
SAVEPOINT s;
SELECT rbac.clear_identity();
SELECT * FROM who;
ROLLBACK TO s;
SELECT * FROM who;
COMMIT;

-- A list of scopes narrows: held and listed. An empty list leaves nothing.
BEGIN;
SELECT rbac.set_identity('00000000-0000-0000-0000-000000001001', '00000000-0000-0000-0000-0000000010a0', '{id:read,rbac:grant}');
SELECT *, rbac.has_scope('rbac:grant') AS grant FROM who;
SELECT * FROM rbac.effective_scopes();
SELECT rbac.set_identity('00000000-0000-0000-0000-000000001001', '00000000-0000-0000-0000-0000000010a0', '{}');
SELECT * FROM who;
SELECT * FROM rbac.effective_scopes();
ROLLBACK;

-- Switching keeps the person and the list; it leads only to an active tenant
-- where the person holds a role.
BEGIN;
SELECT rbac.set_identity('00000000-0000-0000-0000-000000001001', NULL, '{id:read}');
SELECT rbac.switch_tenant('00000000-0000-0000-0000-0000000010a0');
SELECT * FROM who;
\set ON_ERROR_ROLLBACK on
SELECT rbac.switch_tenant('00000000-0000-0000-0000-0000000010b0');
SELECT rbac.switch_tenant('00000000-0000-0000-0000-0000000010c0');
SELECT rbac.switch_tenant('00000000-0000-0000-0000-00000000dead');
SELECT rbac.switch_tenant(NULL);
\set ON_ERROR_ROLLBACK off
SELECT * FROM who;
ROLLBACK;
SELECT rbac.switch_tenant('00000000-0000-0000-0000-0000000010a0');

-- For a session, as SET does: beyond the transaction, but not beyond a rollback.
BEGIN;
SELECT rbac.set_identity('00000000-0000-0000-0000-000000001001', '00000000-0000-0000-0000-0000000010a0', local => false);
ROLLBACK;
SELECT * FROM who;
SELECT rbac.set_identity('00000000-0000-0000-0000-000000001001', '00000000-0000-0000-0000-0000000010a0', local => false);
SELECT * FROM who;
-- A local one on top of it goes, and the session's comes back.
BEGIN;
SELECT rbac.set_identity('00000000-0000-0000-0000-000000001001');
SELECT * FROM who;
COMMIT;
SELECT * FROM who;
-- A switch lasts as long as the identity that it moves.
SELECT rbac.set_identity('00000000-0000-0000-0000-000000001001', local => false);
SELECT rbac.switch_tenant('00000000-0000-0000-0000-0000000010a0');
SELECT * FROM who;
-- What a pooler sends between two clients leaves nobody.
DISCARD ALL;
SELECT * FROM who;
SELECT rbac.set_identity('00000000-0000-0000-0000-000000001001', '00000000-0000-0000-0000-0000000010a0', local => false);
RESET ALL;
SELECT * FROM who;
SELECT rbac.set_identity('00000000-0000-0000-0000-000000001001', '00000000-0000-0000-0000-0000000010a0', local => false);
SELECT rbac.clear_identity();
SELECT * FROM who;

-- What makes no sense is refused, and leaves who was asking.
BEGIN;
SELECT rbac.set_identity('00000000-0000-0000-0000-000000001001', '00000000-0000-0000-0000-0000000010a0');
\set ON_ERROR_ROLLBACK on
SELECT rbac.set_identity(NULL);
SELECT rbac.set_identity('00000000-0000-0000-0000-000000001001', local => NULL);
SELECT rbac.set_identity('00000000-0000-0000-0000-00000000dead');
SELECT rbac.set_identity('00000000-0000-0000-0000-000000001001', '00000000-0000-0000-0000-00000000dead');
SELECT rbac.set_identity('00000000-0000-0000-0000-000000001001', NULL, '{id:raed}');
SELECT rbac.set_identity('00000000-0000-0000-0000-000000001001', NULL, '{id:read,NULL}');
SELECT rbac.set_identity('00000000-0000-0000-0000-000000001001', NULL, '{id read}');
\set ON_ERROR_ROLLBACK off
SELECT * FROM who;
ROLLBACK;

-- A scope's name may hold what separates the fields of the setting.
BEGIN;
INSERT INTO rbac.scopes (id, name) VALUES (10003, 'id;scopes=x;user=y');
INSERT INTO rbac.permission_scopes VALUES (10001, 10003);
SELECT rbac.set_identity('00000000-0000-0000-0000-000000001001', '00000000-0000-0000-0000-0000000010a0', '{id;scopes=x;user=y,id:read}');
SELECT * FROM rbac.effective_scopes();
SELECT * FROM who;
ROLLBACK;

DROP VIEW who;
DELETE FROM rbac.permissions WHERE id = 10001;
DELETE FROM rbac.scopes WHERE id BETWEEN 10001 AND 10002;
DELETE FROM rbac.roles WHERE id = 10001;
DELETE FROM rbac.users WHERE username = 'id_alice';
DELETE FROM rbac.tenants WHERE key LIKE 'id\_%';
