-- What does has_scope cost about the tenant of each row, where no index serves?
-- 1,000,000 rows of 1,000 tenants, none after its like; the user holds the scope
-- in five of the tenants. IS NOT NULL, so that as many rows pass in each turn.
--
-- As for a policy, what counts is the time beyond a scan that has no condition;
-- that includes getting the tenant out of the row, which the scan alone has no
-- need of. What is left without that, beside it: the call and nothing else.

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
             ('read', ' WHERE tenant_id IS NOT NULL'),
             ('trivial', ' WHERE bench.trivial(''common'', tenant_id) IS NOT NULL'),
             ('has_scope', ' WHERE rbac.has_scope(''common'', tenant_id) IS NOT NULL')) AS e (entrant, condition);

SELECT FROM rbac.set_identity(bench.person(0), bench.tenant(0), local => false) \g /dev/null
DO $$
BEGIN
    ASSERT (SELECT count(*) FROM bench.documents WHERE rbac.has_scope('common', tenant_id)) = 5000;
END
$$;

CALL bench.hold('many tenants', 9);

\echo 'A check about the tenant of each row: 1,000,000 rows of 1,000 tenants, no index'
SELECT what, bench.duration(ns) AS "a row", to_char(ns / trivial, 'FM990.0') || ' x' AS "trivial C", at_most AS "at most",
       bench.duration(alone) AS "the call alone", to_char(alone / trivial_alone, 'FM990.0') || ' x' AS "trivial C alone"
FROM (SELECT bench.cost('many tenants', 'trivial', 'none') AS trivial,
             bench.cost('many tenants', 'trivial', 'read') AS trivial_alone) AS t,
     LATERAL (SELECT what, bench.cost('many tenants', entrant, 'none') AS ns,
                     bench.cost('many tenants', entrant, 'read') AS alone, at_most
              FROM (VALUES ('trivial C function', 'trivial', ''),
                           ('rbac.has_scope(''x'', tenant_id)', 'has_scope', '4 x')) AS e (what, entrant, at_most)) AS row
ORDER BY at_most;
