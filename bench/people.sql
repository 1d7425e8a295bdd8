-- Many people, of whom nobody is special.
--
-- 1,000 tenants and 200 shared roles. Person n is at home in tenant n % 1000 and
-- has `roles_each` roles there; a role carries `permissions_each` permissions of
-- one scope each, among them scope "common", which all roles carry, and no other
-- that a role of the same person has too. So somebody with 3 roles of 334 holds
-- 1,000 scopes, and a few hundred sets of roles are all that people have.
--
-- Variables: people, roles_each, permissions_each.

SET client_min_messages = warning;
SET synchronous_commit = off;

-- As text they are 32 digits, the last 18 of which pgbench can make.
CREATE FUNCTION bench.person(number bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT lpad((100000000000000000 + number)::text, 32, '0')::uuid $$;
CREATE FUNCTION bench.tenant(number bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT lpad((200000000000000000 + number)::text, 32, '0')::uuid $$;
CREATE FUNCTION bench.home(person bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT bench.tenant(person % 1000) $$;

INSERT INTO rbac.tenants (id, key, name)
SELECT bench.tenant(t), format('tenant-%s', t), format('Tenant %s', t) FROM generate_series(0, 999) AS t;

-- Role r begins at number 100 r.
CREATE TABLE bench.carried AS
SELECT r AS role, format('p%s', r * 100 + p) AS scope
FROM generate_series(0, 199) AS r, generate_series(1, :permissions_each - 1) AS p
UNION ALL
SELECT r, 'common' FROM generate_series(0, 199) AS r;

INSERT INTO rbac.scopes (name) SELECT scope FROM bench.carried GROUP BY scope ORDER BY min(role), scope;
INSERT INTO rbac.permissions (name) SELECT name FROM rbac.scopes WHERE id >= 100 ORDER BY id;
INSERT INTO rbac.permission_scopes
SELECT p.id, s.id FROM rbac.permissions AS p JOIN rbac.scopes AS s USING (name) WHERE s.id >= 100;
INSERT INTO rbac.roles (name) SELECT format('role-%s', r) FROM generate_series(0, 199) AS r;
INSERT INTO rbac.role_permissions
SELECT r.id, p.id
FROM bench.carried AS c
JOIN rbac.roles AS r ON r.name = format('role-%s', c.role)
JOIN rbac.permissions AS p ON p.name = c.scope;

INSERT INTO rbac.users (id, username)
SELECT bench.person(n), format('person-%s', n) FROM generate_series(1, :people) AS n;
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id)
SELECT bench.person(n), r.id, bench.home(n)
FROM generate_series(1, :people) AS n
CROSS JOIN generate_series(0, :roles_each - 1) AS i
JOIN rbac.roles AS r ON r.name = format('role-%s', (n + i * (35 + 5 * (n / 200 % 2))) % 200);

-- The application connects as this role, which is trusted to say who is asking.
CREATE ROLE bench_app LOGIN;
GRANT EXECUTE ON FUNCTION rbac.set_identity(uuid, uuid, text[], boolean),
    rbac.user_has_scope(uuid, text, uuid) TO bench_app;

VACUUM ANALYZE;

SELECT set_config('bench.scopes_each', (:roles_each * (:permissions_each - 1) + 1)::text, false) \g /dev/null
DO $$
BEGIN
    ASSERT (SELECT count(*) FROM rbac.effective_scopes(bench.person(1), bench.home(1)))
           = current_setting('bench.scopes_each')::integer;
    ASSERT rbac.user_has_scope(bench.person(1), 'common', bench.home(1));
END
$$;
