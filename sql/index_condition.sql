-- A check about a column becomes an index condition, where an index serves it,
-- and is then true of the very same rows.
--
--   tenants t00 to t99, departments d00 to d99, one in each tenant;
--   100 rows a tenant, the first ten of them in its department
\set VERBOSITY terse
CREATE FUNCTION pg_temp.id(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE
    RETURN ('00000000-0000-0000-0000-' || lpad((35000000 + n)::text, 12, '0'))::uuid;
CREATE ROLE regress_rbac_reader;
INSERT INTO rbac.tenants (id, key, name)
    SELECT pg_temp.id(n), 't' || n, 't' || n FROM generate_series(0, 99) AS n;
INSERT INTO rbac.departments (id, tenant_id, name)
    SELECT pg_temp.id(1000 + n), pg_temp.id(n), 'd' || n FROM generate_series(0, 99) AS n;
SELECT rbac.create_scope('ix:read'), rbac.create_scope('ix:write') \g /dev/null
SELECT rbac.create_permission('ix reading', scopes => '{ix:read}'),
       rbac.create_permission('ix writing', scopes => '{ix:write}') \g /dev/null
SELECT rbac.create_role('ix reader', permissions => '{ix reading}'),
       rbac.create_role('ix writer', permissions => '{ix writing}') \g /dev/null
SELECT rbac.create_user('ix_alice') AS alice, rbac.create_user('ix_dora') AS dora,
       rbac.create_user('ix_root') AS root, rbac.create_user('ix_none') AS none \gset
-- alice reads t03 and t07 and writes t07; dora reads the department of t05; root reads all
SELECT rbac.grant_role(:'alice', 'ix reader', pg_temp.id(3)), rbac.grant_role(:'alice', 'ix reader', pg_temp.id(7)),
       rbac.grant_role(:'alice', 'ix writer', pg_temp.id(7)),
       rbac.grant_role(:'dora', 'ix reader', pg_temp.id(5), pg_temp.id(1005)),
       rbac.grant_role(:'root', 'ix reader', NULL) \g /dev/null
CREATE TABLE ix_docs (id integer PRIMARY KEY, tenant_id uuid, department_id uuid, number integer);
INSERT INTO ix_docs
    SELECT n, pg_temp.id(n % 100), CASE WHEN n < 1000 THEN pg_temp.id(1000 + n % 100) END, n % 77
    FROM generate_series(0, 9999) AS n;
-- a row of no tenant, and one of a department that is not its tenant's
INSERT INTO ix_docs VALUES (10001, NULL, NULL, 0), (10002, pg_temp.id(6), pg_temp.id(1005), 0);
CREATE INDEX ix_by_tenant ON ix_docs (tenant_id, number);
CREATE INDEX ix_by_department ON ix_docs (department_id);
ANALYZE ix_docs;
ANALYZE rbac.tenants;
GRANT SELECT, UPDATE, DELETE ON ix_docs TO regress_rbac_reader;
GRANT EXECUTE ON FUNCTION rbac.set_identity TO regress_rbac_reader;
SET ROLE regress_rbac_reader;

-- The condition, and exactly the rows of the tenants where the scope is held.
SELECT rbac.set_identity(:'alice', local => false) \g /dev/null
EXPLAIN (COSTS OFF) SELECT id FROM ix_docs WHERE rbac.has_scope('ix:read', tenant_id);
SELECT count(*), count(DISTINCT tenant_id), bool_and(tenant_id IN (pg_temp.id(3), pg_temp.id(7)))
FROM ix_docs WHERE rbac.has_scope('ix:read', tenant_id);
-- The estimate is of those tenants, by the column's statistics.
CREATE FUNCTION pg_temp.estimate(query text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
    RETURN plan -> 0 -> 'Plan' -> 'Plan Rows';
END $$;
SELECT pg_temp.estimate($$SELECT * FROM ix_docs WHERE rbac.has_scope('ix:read', tenant_id)$$) AS of_two_tenants,
       pg_temp.estimate($$SELECT * FROM ix_docs WHERE rbac.has_scope('ix:write', tenant_id)$$) AS of_one;
-- As one of several alternatives.
EXPLAIN (COSTS OFF) SELECT * FROM ix_docs WHERE rbac.has_scope('ix:read', tenant_id) OR id = 5;
SELECT count(*) FROM ix_docs WHERE rbac.has_scope('ix:read', tenant_id) OR id = 5;
-- In joins, on the inner side too, where the list is made once and not for each outer row.
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM generate_series(1, 3) AS n
    JOIN ix_docs AS d ON d.number = n AND rbac.has_scope('ix:read', d.tenant_id);
SELECT count(*) FROM generate_series(1, 3) AS n
    JOIN ix_docs AS d ON d.number = n AND rbac.has_scope('ix:read', d.tenant_id);
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_material;
RESET enable_bitmapscan;
-- For UPDATE and DELETE.
EXPLAIN (COSTS OFF) UPDATE ix_docs SET number = 0 WHERE rbac.has_scope('ix:write', tenant_id);
EXPLAIN (COSTS OFF) DELETE FROM ix_docs WHERE rbac.has_scope('ix:write', tenant_id);
-- The index's order is kept.
EXPLAIN (COSTS OFF) SELECT * FROM ix_docs WHERE rbac.has_scope('ix:read', tenant_id)
    ORDER BY tenant_id, number LIMIT 3;

-- Where the query says which tenant it is about, no list is needed, and the index's
-- order is kept; the estimate is of that tenant.
EXPLAIN (COSTS OFF) SELECT * FROM ix_docs WHERE rbac.has_scope('ix:read', tenant_id) AND tenant_id = pg_temp.id(3)
    ORDER BY number LIMIT 3;
SELECT count(*) FILTER (WHERE tenant_id = pg_temp.id(3)) AS of_one, count(*)
FROM ix_docs WHERE rbac.has_scope('ix:read', tenant_id) AND tenant_id = pg_temp.id(3);
SELECT count(*) FROM ix_docs WHERE rbac.has_scope('ix:read', tenant_id) AND tenant_id = pg_temp.id(4);
SELECT pg_temp.estimate($$SELECT * FROM ix_docs WHERE rbac.has_scope('ix:read', tenant_id) AND tenant_id = pg_temp.id(3)$$) AS of_one_tenant;

-- A plan that is kept lists the tenants of whoever runs it.
SET plan_cache_mode = force_generic_plan;
PREPARE mine (text) AS SELECT count(*), count(*) FILTER (WHERE number = 7) AS sevens FROM ix_docs WHERE rbac.has_scope($1, tenant_id);
EXPLAIN (COSTS OFF) EXECUTE mine ('ix:read');
EXECUTE mine ('ix:read');
EXECUTE mine ('ix:write');
SELECT rbac.set_identity(:'none', local => false) \g /dev/null
EXECUTE mine ('ix:read');
SELECT rbac.clear_identity() \g /dev/null
EXECUTE mine ('ix:read');
DEALLOCATE mine;
RESET plan_cache_mode;

-- Who holds the scope everywhere does not pay for a list of all tenants.
SELECT rbac.set_identity(:'root', local => false) \g /dev/null
EXPLAIN (COSTS OFF) SELECT id FROM ix_docs WHERE rbac.has_scope('ix:read', tenant_id);
SELECT count(*) FROM ix_docs WHERE rbac.has_scope('ix:read', tenant_id);
SELECT pg_temp.estimate($$SELECT * FROM ix_docs WHERE rbac.has_scope('ix:read', tenant_id)$$);

-- And a plan that is kept suits whoever comes: one of another kind has it made anew.
PREPARE kept AS SELECT id FROM ix_docs WHERE rbac.has_scope('ix:read', tenant_id);
EXPLAIN (COSTS OFF) EXECUTE kept;
SELECT rbac.set_identity(:'alice', local => false) \g /dev/null
EXPLAIN (COSTS OFF) EXECUTE kept;
SELECT rbac.set_identity(:'dora', local => false) \g /dev/null

EXPLAIN (COSTS OFF) EXECUTE kept;
SELECT rbac.set_identity(:'root', local => false) \g /dev/null
EXPLAIN (COSTS OFF) EXECUTE kept;
DEALLOCATE kept;

-- In departments. What the index finds is checked again: a department does not
-- tell whether it is the tenant's.
SELECT rbac.set_identity(:'dora', local => false) \g /dev/null
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM ix_docs WHERE rbac.has_scope('ix:read', tenant_id, department_id);
SELECT count(*), bool_and(department_id = pg_temp.id(1005)), bool_or(id = 10002) AS foreign_department
FROM ix_docs WHERE rbac.has_scope('ix:read', tenant_id, department_id);
SELECT count(*) FROM ix_docs WHERE rbac.has_scope('ix:read', tenant_id);
RESET enable_bitmapscan;
RESET ROLE;
DROP INDEX ix_by_department;
SET ROLE regress_rbac_reader;
EXPLAIN (COSTS OFF) SELECT * FROM ix_docs WHERE rbac.has_scope('ix:read', tenant_id, department_id);
SELECT count(*) FROM ix_docs WHERE rbac.has_scope('ix:read', tenant_id, department_id);

-- Not where the index has no such order: a hash index cannot take a list.
RESET ROLE;
DROP INDEX ix_by_tenant;
CREATE INDEX ix_by_hash ON ix_docs USING hash (tenant_id);
SET ROLE regress_rbac_reader;
SELECT rbac.set_identity(:'alice', local => false) \g /dev/null
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM ix_docs WHERE rbac.has_scope('ix:read', tenant_id);
-- On a later column of an index, rows keep the index's order, whatever the plan.
RESET ROLE;
DROP INDEX ix_by_hash;
CREATE INDEX ix_by_number ON ix_docs (number, tenant_id);
SET ROLE regress_rbac_reader;
SET enable_sort = off;
SET enable_bitmapscan = off;
SELECT count(*) AS out_of_order
FROM (SELECT number < lag(number) OVER () AS is_less
      FROM (SELECT number FROM ix_docs WHERE number > 10 AND rbac.has_scope('ix:read', tenant_id) ORDER BY number) AS o) AS p
WHERE is_less;
RESET enable_sort;
RESET enable_bitmapscan;
RESET enable_seqscan;
-- Nor where the caller may not make the list.
RESET ROLE;
DROP INDEX ix_by_number;
CREATE INDEX ix_by_tenant ON ix_docs (tenant_id);
REVOKE EXECUTE ON FUNCTION rbac.tenants_with_scope FROM PUBLIC;
SET ROLE regress_rbac_reader;
EXPLAIN (COSTS OFF) SELECT id FROM ix_docs WHERE rbac.has_scope('ix:read', tenant_id);
SELECT count(*) FROM ix_docs WHERE rbac.has_scope('ix:read', tenant_id);
RESET ROLE;
GRANT EXECUTE ON FUNCTION rbac.tenants_with_scope TO PUBLIC;
SET ROLE regress_rbac_reader;

-- A set is remembered within its statement only: not past a change of the
-- identity, nor past a write of the transaction.
CREATE FUNCTION pg_temp.sizes(alice uuid, nobody uuid) RETURNS SETOF integer LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rbac.set_identity(alice);
    RETURN NEXT cardinality(rbac.tenants_with_scope('ix:read'));
    RETURN NEXT cardinality(rbac.tenants_with_scope('ix:write'));
    PERFORM rbac.set_identity(nobody);
    RETURN NEXT cardinality(rbac.tenants_with_scope('ix:read'));
END $$;
BEGIN;
SELECT * FROM pg_temp.sizes(:'alice', :'none');
ROLLBACK;
RESET ROLE;
SELECT rbac.clear_identity() \g /dev/null
CREATE FUNCTION pg_temp.sizes_around_a_grant(alice uuid) RETURNS SETOF integer LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rbac.set_identity(alice);
    RETURN NEXT cardinality(rbac.tenants_with_scope('ix:write'));
    PERFORM rbac.clear_identity();
    PERFORM rbac.grant_role(alice, 'ix writer', pg_temp.id(9));
    PERFORM rbac.set_identity(alice);
    RETURN NEXT cardinality(rbac.tenants_with_scope('ix:write'));
    BEGIN
        DELETE FROM rbac.user_roles WHERE user_id = alice;
        RETURN NEXT cardinality(rbac.tenants_with_scope('ix:write'));
        RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN
        RETURN NEXT cardinality(rbac.tenants_with_scope('ix:write'));
    END;
END $$;
BEGIN;
SELECT * FROM pg_temp.sizes_around_a_grant(:'alice');
ROLLBACK;

-- Nor past the rollback of what it saw, which moves neither the snapshot nor the
-- number of the command.
CREATE TABLE ix_dummy (n integer);
CREATE FUNCTION pg_temp.sizes_around_a_rollback(alice uuid) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rbac.set_identity(alice);
    SET LOCAL enable_seqscan = off;
    SET LOCAL enable_bitmapscan = off;
    BEGIN
        INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) SELECT alice, id, pg_temp.id(11) FROM rbac.roles WHERE name = 'ix writer';
        BEGIN
            INSERT INTO ix_dummy VALUES (1);
            RAISE division_by_zero;
        EXCEPTION WHEN division_by_zero THEN
        END;
        RETURN NEXT cardinality(rbac.tenants_with_scope('ix:write'));
        RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN
    END;
    RETURN NEXT format('%s, and of rows %s', cardinality(rbac.tenants_with_scope('ix:write')),
        (SELECT count(*) FROM ix_docs WHERE rbac.has_scope('ix:write', tenant_id)));
END $$;
BEGIN;
SELECT * FROM pg_temp.sizes_around_a_rollback(:'alice');
ROLLBACK;
DROP TABLE ix_dummy;

DROP TABLE ix_docs;
DELETE FROM rbac.tenants WHERE id IN (SELECT pg_temp.id(n) FROM generate_series(0, 99) AS n);
DELETE FROM rbac.users WHERE id IN (:'alice', :'dora', :'root', :'none');
DELETE FROM rbac.roles WHERE name IN ('ix reader', 'ix writer');
DELETE FROM rbac.permissions WHERE name IN ('ix reading', 'ix writing');
DELETE FROM rbac.scopes WHERE name IN ('ix:read', 'ix:write');
DROP OWNED BY regress_rbac_reader;
DROP ROLE regress_rbac_reader;
