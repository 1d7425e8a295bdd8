-- What does has_scope cost about the tenant of each row, where no index serves?
-- 1,000,000 rows of 1,000 tenants, none after its like; the user holds the scope
-- in five of the tenants. IS NOT NULL, so that as many rows pass in each turn. As for
-- a policy, what counts is the time beyond a scan that has no condition.

INSERT INTO rbac.users (id, username) VALUES (bench.person(0), 'traveller');
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id)
SELECT bench.person(0), r.id, bench.tenant(t * 200)
FROM rbac.roles AS r, generate_series(0, 4) AS t
WHERE r.name = 'role-1';

CREATE TABLE bench.documents (id bigint NOT NULL, tenant_id uuid, title text NOT NULL);
INSERT INTO bench.documents
SELECT n, bench.tenant(n * 7919 % 1000), repeat('x', 40) FROM generate_series(1::bigint, 1000000) AS n;
VACUUM ANALYZE bench.documents;

INSERT INTO bench.entrants (contest, entrant, calls, query)
SELECT 'many tenants', entrant, 1000000,
       'SELECT count(*) FROM bench.documents' || condition
FROM (VALUES ('none', ''),
             ('trivial', ' WHERE bench.trivial(''common'', tenant_id) IS NOT NULL'),
             ('has_scope', ' WHERE rbac.has_scope(''common'', tenant_id) IS NOT NULL')) AS e (entrant, condition);

SELECT FROM rbac.set_identity(bench.person(0), bench.tenant(0), local => false) \g /dev/null
DO $$
BEGIN
    ASSERT (SELECT count(*) FROM bench.documents WHERE rbac.has_scope('common', tenant_id)) = 5000;
END
$$;

CALL bench.hold('many tenants', 9);

\echo 'A check about the tenant of each row: 1,000,000 rows of 1,000 tenants, no index, beyond the scan without a condition'
SELECT what, bench.duration(ns) AS "a row", to_char(ns / trivial, 'FM990.0') || ' x' AS "trivial C", at_most AS "at most"
FROM (SELECT bench.cost('many tenants', 'trivial', 'none') AS trivial) AS t,
     LATERAL (VALUES
        (1, 'trivial C function', bench.cost('many tenants', 'trivial', 'none'), ''),
        (2, 'rbac.has_scope(''x'', tenant_id)', bench.cost('many tenants', 'has_scope', 'none'), '4 x')
     ) AS row (place, what, ns, at_most)
ORDER BY place;
