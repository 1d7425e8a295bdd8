-- "No" is an error that says why, and what would help.
--
--   store-7: front > till       store-3       closed (not active)
\set VERBOSITY default
\set ON_ERROR_ROLLBACK on
\set store7 '''00000000-0000-0000-0000-0000000070a7''::uuid'
\set store3 '''00000000-0000-0000-0000-0000000070a3''::uuid'
\set store4 '''00000000-0000-0000-0000-0000000070a4''::uuid'
\set closed '''00000000-0000-0000-0000-0000000070ac''::uuid'
\set front '''00000000-0000-0000-0000-0000000070d1''::uuid'
\set till '''00000000-0000-0000-0000-0000000070d2''::uuid'
\set depot '''00000000-0000-0000-0000-0000000070d3''::uuid'
\set nobody '''00000000-0000-0000-0000-0000000070ff''::uuid'
\set carol '''00000000-0000-0000-0000-000000007001''::uuid'
\set dave '''00000000-0000-0000-0000-000000007002''::uuid'
\set erin '''00000000-0000-0000-0000-000000007003''::uuid'
\set frank '''00000000-0000-0000-0000-000000007004''::uuid'
-- Errors with their SQLSTATE, but without the place in the source.
CREATE FUNCTION regress_rbac_refusal(question text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    answer boolean;
    detail text;
    hint text;
BEGIN
    EXECUTE 'SELECT rbac.require_scope(' || question || ')' INTO answer;
    RETURN 'answer: ' || answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', SQLSTATE || ' ' || SQLERRM, nullif(detail, ''), nullif(hint, ''));
END
$$;
\pset format unaligned
\pset tuples_only on
BEGIN;
SET LOCAL timezone = 'UTC';
INSERT INTO rbac.tenants (id, key, name, is_active) VALUES
    (:store7, 'store-7', 'Store 7', true), (:store3, 'store-3', 'Store 3', true),
    (:store4, 'store-4', 'Store 4', true), (:closed, 'closed', 'Closed', false);
INSERT INTO rbac.departments (id, tenant_id, parent_id, name) VALUES
    (:front, :store7, NULL, 'front'), (:till, :store7, :front, 'till'), (:depot, :store3, NULL, 'depot');
INSERT INTO rbac.users (id, username) VALUES (:carol, 'carol'), (:dave, 'dave'), (:erin, 'erin'), (:frank, 'frank');
INSERT INTO rbac.scopes (id, name) VALUES (70001, 'refund:order'), (70002, 'print:money');
INSERT INTO rbac.permissions (id, name) VALUES (70001, 'refunding');
INSERT INTO rbac.permission_scopes VALUES (70001, 70001);
INSERT INTO rbac.roles (id, name) VALUES (70001, 'cashier'), (70002, 'manager');
INSERT INTO rbac.role_permissions VALUES (70001, 70001);
INSERT INTO rbac.role_inherits VALUES (70002, 70001);
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, department_id, valid_from, valid_until) VALUES
    (:carol, 70001, :store7, NULL, '2020-01-01', '2020-03-01'),
    (:carol, 70002, :store3, NULL, NULL, NULL),
    (:carol, 70002, :store4, NULL, NULL, NULL),
    (:dave, 70001, :store7, :till, NULL, NULL),
    (:frank, 70001, :closed, NULL, NULL, NULL);

-- NULL is no answer, since PERFORM would let it pass; nor is nobody.
SELECT regress_rbac_refusal($$NULL$$);
SELECT regress_rbac_refusal($$'refund:order', NULL$$);
SELECT regress_rbac_refusal($$'refund:order', '00000000-0000-0000-0000-0000000070a7', NULL$$);
SELECT regress_rbac_refusal($$'refund:order'$$);

SELECT rbac.set_identity(:carol, :store7);
-- Held, it is true.
SELECT rbac.require_scope('refund:order', :store3);
-- Expired here, and held elsewhere.
SELECT rbac.require_scope('refund:order');
SELECT regress_rbac_refusal($$'refund:order'$$);
-- Not valid yet.
UPDATE rbac.user_roles SET valid_from = '2999-01-01', valid_until = NULL WHERE user_id = :carol AND role_id = 70001;
SELECT regress_rbac_refusal($$'refund:order'$$);
-- In departments.
SELECT regress_rbac_refusal($$'refund:order', '00000000-0000-0000-0000-0000000070a7', '00000000-0000-0000-0000-0000000070d1'$$);
SELECT rbac.set_identity(:dave, :store7);
SELECT regress_rbac_refusal($$'refund:order'$$);
SELECT regress_rbac_refusal($$'refund:order', '00000000-0000-0000-0000-0000000070a7', '00000000-0000-0000-0000-0000000070d1'$$);
SELECT rbac.require_scope('refund:order', :store7, :till);
-- Elsewhere and at another time, or where nothing is in force.
UPDATE rbac.user_roles SET valid_until = '2020-02-01' WHERE user_id = :dave;
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, valid_from) VALUES
    (:dave, 70002, :store3, '2999-02-01'), (:dave, 70001, :closed, NULL);
SELECT regress_rbac_refusal($$'refund:order'$$);
-- No current tenant: what is held in every tenant.
SELECT rbac.set_identity(:dave);
SELECT regress_rbac_refusal($$'refund:order'$$);
-- No role at all; no role that could be given.
SELECT rbac.set_identity(:erin, :store7);
SELECT regress_rbac_refusal($$'refund:order'$$);
SELECT regress_rbac_refusal($$'print:money'$$);
-- Narrowed.
SELECT rbac.set_identity(:carol, :store3, '{print:money}');
SELECT regress_rbac_refusal($$'refund:order'$$);
SELECT rbac.set_identity(:erin, :store3, '{print:money}');
SELECT regress_rbac_refusal($$'refund:order'$$);
-- Not active.
SELECT rbac.set_identity(:frank, :closed);
SELECT regress_rbac_refusal($$'refund:order'$$);
SELECT rbac.set_identity(:carol, :store3);
UPDATE rbac.users SET is_active = false WHERE id = :carol;
SELECT regress_rbac_refusal($$'refund:order'$$);
UPDATE rbac.users SET is_active = true WHERE id = :carol;
-- What is not there. A department of another tenant is not named.
SELECT regress_rbac_refusal($$'refund:order', '00000000-0000-0000-0000-0000000070ff'$$);
SELECT regress_rbac_refusal($$'refund:order', '00000000-0000-0000-0000-0000000070a7', '00000000-0000-0000-0000-0000000070ff'$$);
SELECT regress_rbac_refusal($$'refund:order', '00000000-0000-0000-0000-0000000070a7', '00000000-0000-0000-0000-0000000070d3'$$);
SELECT regress_rbac_refusal($$'refund:ordr'$$);
SET LOCAL rbac.unknown_scope = deny;
SELECT regress_rbac_refusal($$'refund:ordr'$$);
RESET rbac.unknown_scope;
-- A tenant with which one has nothing to do goes by the id that one gave.
SELECT rbac.set_identity(:erin, :store7);
SELECT regress_rbac_refusal($$'refund:order', '00000000-0000-0000-0000-0000000070a3', '00000000-0000-0000-0000-0000000070d3'$$);
-- Three sentences at most, and lists are cut.
INSERT INTO rbac.roles (name) SELECT 'refunder' || i FROM generate_series(1, 4) AS i;
INSERT INTO rbac.role_permissions SELECT r.id, 70001 FROM rbac.roles AS r WHERE r.name LIKE 'refunder%';
SELECT regress_rbac_refusal($$'refund:order'$$);
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, valid_until)
    SELECT :erin, r.id, :store7, '2020-01-01'::timestamptz + (r.name >= 'refunder3')::int * interval '1 year'
    FROM rbac.roles AS r WHERE r.name LIKE 'refunder%';
SELECT regress_rbac_refusal($$'refund:order'$$);
-- The user is gone.
DELETE FROM rbac.users WHERE id = :erin;
SELECT regress_rbac_refusal($$'refund:order'$$);
ROLLBACK;
DROP FUNCTION regress_rbac_refusal;
