-- Separation of duty (INCITS 359).
--
-- The rules: nobody can be authorized, by assignment or by inheritance, for
-- both roles of a static conflict in one tenant at one time. Nobody can act
-- with both roles of a dynamic conflict in force, in whatever tenant.
\set VERBOSITY terse
\set ON_ERROR_ROLLBACK on
\pset format unaligned
\pset tuples_only on
BEGIN;

CREATE FUNCTION pg_temp.attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text;
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n    ', sqlstate || ' ' || sqlerrm, nullif(detail, ''), nullif(hint, ''));
END $$;

\set north '''10000000-0000-0000-0000-00000000000a'''
\set south '''10000000-0000-0000-0000-00000000000b'''
\set sales '''20000000-0000-0000-0000-00000000000a'''
\set lab '''20000000-0000-0000-0000-00000000000b'''
\set ann '''30000000-0000-0000-0000-000000000001'''
\set bob '''30000000-0000-0000-0000-000000000002'''
\set cyd '''30000000-0000-0000-0000-000000000003'''
\set dan '''30000000-0000-0000-0000-000000000004'''
INSERT INTO rbac.tenants (id, key, name) VALUES (:north, 'north', 'North'), (:south, 'south', 'South');
INSERT INTO rbac.departments (id, tenant_id, name) VALUES (:sales, :north, 'sales'), (:lab, :north, 'lab');
INSERT INTO rbac.users (id, username) VALUES (:ann, 'ann'), (:bob, 'bob'), (:cyd, 'cyd'), (:dan, 'dan');
SELECT rbac.create_scope('pay:bill'), rbac.create_scope('approve:bill'), rbac.create_scope('read:bill') \gset
SELECT rbac.create_permission('pay', scopes => '{pay:bill}'), rbac.create_permission('approve', scopes => '{approve:bill}'),
       rbac.create_permission('read', scopes => '{read:bill}') \gset
-- made in this order, so that their ids ascend
SELECT rbac.create_role('payer', permissions => '{pay}') AS payer \gset
SELECT rbac.create_role('approver', permissions => '{approve}') AS approver \gset
SELECT rbac.create_role('senior payer', inherits => '{payer}') AS senior_payer \gset
SELECT rbac.create_role('chief', permissions => '{read}') AS chief \gset

--
-- Static: at the assignment.
--
-- ids in any order: a conflict has no direction
SELECT pg_temp.attempt($$ SELECT rbac.add_role_conflict('approver', 'payer', 'static') $$);
SELECT pg_temp.attempt($$ SELECT rbac.add_role_conflict('payer', 'approver', 'static') $$);
INSERT INTO rbac.role_conflicts (kind, role_a, role_b) VALUES ('static', :approver, :payer);
SELECT kind, role_a = :payer, role_b = :approver FROM rbac.role_conflicts;

SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'payer', %L) $$, :ann, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'approver', %L) $$, :ann, :north));
-- in another tenant she may
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'approver', %L) $$, :ann, :south));
-- in every tenant is in north too
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'approver') $$, :ann));
-- departments of one tenant count together
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'approver', %L, %L) $$, :ann, :north, :sales));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'payer', %L, %L) $$, :bob, :north, :sales));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'approver', %L, %L) $$, :bob, :north, :lab));
-- inheritance is no way around
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'senior payer', %L) $$, :ann, :south));
-- nor are direct DML, and more rows at once
SELECT pg_temp.attempt(format($$ INSERT INTO rbac.user_roles (user_id, role_id, tenant_id)
    VALUES (%1$L, %3$s, %2$L), (%1$L, %4$s, %2$L) $$, :cyd, :north, :payer, :approver));
SELECT pg_temp.attempt(format($$ UPDATE rbac.user_roles SET tenant_id = %L WHERE user_id = %L AND role_id = %s $$, :north, :ann, :approver));
SELECT pg_temp.attempt(format($$ UPDATE rbac.user_roles SET user_id = %L, tenant_id = %L WHERE user_id = %L AND role_id = %s $$, :bob, :north, :ann, :approver));
-- who is suspended can be brought back, so that does not help either
UPDATE rbac.users SET is_active = false WHERE id = :ann;
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'approver', %L) $$, :ann, :north));
UPDATE rbac.users SET is_active = true WHERE id = :ann;

-- one after the other is fine, to the moment; what is over is over
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'payer', %L, NULL, '2098-01-01 00:00+00', '2099-01-01 00:00+00') $$, :dan, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'approver', %L, NULL, '2099-01-01 00:00+00') $$, :dan, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'approver', %L, NULL, '2098-12-31 23:59+00', '2099-01-01 00:01+00') $$, :dan, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'approver', %L, NULL, NULL, '2098-01-01 00:00+00') $$, :dan, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'payer', %L, NULL, NULL, '2001-01-01 00:00+00') $$, :dan, :south));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'approver', %L, NULL, NULL, '2001-01-01 00:00+00') $$, :dan, :south));

--
-- Static: at the hierarchy. No role may reach both, and no new step may bring
-- them together in one person.
--
SELECT pg_temp.attempt($$ SELECT rbac.add_role_inheritance('payer', 'approver') $$);
SELECT pg_temp.attempt($$ SELECT rbac.add_role_inheritance('approver', 'senior payer') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_role('both', inherits => '{approver,senior payer}') $$);
SELECT pg_temp.attempt($$ SELECT rbac.add_role_inheritance('chief', 'senior payer') $$);
SELECT pg_temp.attempt($$ SELECT rbac.add_role_inheritance('chief', 'approver') $$);
SELECT pg_temp.attempt($$ SELECT rbac.remove_role_inheritance('chief', 'senior payer') $$);
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'chief', %L) $$, :ann, :south));
SELECT pg_temp.attempt($$ SELECT rbac.add_role_inheritance('chief', 'senior payer') $$);

--
-- Static: at the conflict. It cannot be said of what is so already.
--
SELECT pg_temp.attempt($$ SELECT rbac.remove_role_conflict('payer', 'approver', 'static') $$);
SELECT pg_temp.attempt($$ SELECT rbac.remove_role_conflict('payer', 'approver', 'static') $$);
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'approver', %L) $$, :ann, :north));
SELECT pg_temp.attempt($$ SELECT rbac.add_role_conflict('payer', 'approver', 'static') $$);
SELECT pg_temp.attempt($$ SELECT rbac.add_role_conflict('payer', 'senior payer', 'static') $$);
SELECT pg_temp.attempt($$ SELECT rbac.add_role_conflict('chief', 'approver', 'static') $$);

--
-- Dynamic: who holds both may act with one of them at a time.
--
-- ann pays and approves in north; in south she approves and is chief
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L, %L) $$, :ann, :north));
SELECT rbac.clear_identity() \gset
SELECT pg_temp.attempt($$ SELECT rbac.add_role_conflict('payer', 'approver', 'dynamic') $$);
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L, %L) $$, :ann, :north));
-- not from another tenant, nor from none: a check can name north all the same
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L, %L) $$, :ann, :south));
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L) $$, :ann));
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L, NULL, '{pay:bill}') $$, :ann));
SELECT rbac.has_scope('pay:bill', :north), rbac.has_scope('approve:bill', :north);
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L, %L, '{pay:bill}') $$, :ann, :north));
SELECT rbac.has_scope('pay:bill'), rbac.has_scope('approve:bill');
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L, %L, '{approve:bill,read:bill}') $$, :ann, :north));
SELECT rbac.has_scope('pay:bill'), rbac.has_scope('approve:bill');
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L, %L, '{approve:bill,pay:bill}') $$, :ann, :north));
-- a refused identity leaves the one before in force
SELECT rbac.has_scope('pay:bill'), rbac.has_scope('approve:bill');
-- a switch is judged like a new identity; the conflict is newer than this one
SELECT rbac.clear_identity() \gset
SELECT rbac.remove_role_conflict('payer', 'approver', 'dynamic') \gset
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L, %L) $$, :ann, :south));
INSERT INTO rbac.role_conflicts (kind, role_a, role_b) VALUES ('dynamic', :payer, :approver);
SELECT pg_temp.attempt(format($$ SELECT rbac.switch_tenant(%L) $$, :north));
SELECT rbac.clear_identity() \gset
-- one in each of two tenants is not both in one; a suspended tenant can be
-- brought back, so what is held there counts
SAVEPOINT apart;
DELETE FROM rbac.user_roles WHERE user_id = :ann AND role_id = :approver AND tenant_id = :north;
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L) $$, :ann));
ROLLBACK TO apart;
UPDATE rbac.tenants SET is_active = false WHERE id = :north;
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L, %L) $$, :ann, :south));
ROLLBACK TO apart;
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L) $$, :ann));
-- inherited, in a department, everywhere: all of it is in force
SELECT rbac.grant_role(:bob, 'approver', :north, :lab) IS NOT NULL;
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L, %L) $$, :bob, :north));
SELECT rbac.grant_role(:cyd, 'senior payer') IS NOT NULL;
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L) $$, :cyd));
SELECT rbac.clear_identity() \gset
SELECT rbac.grant_role(:cyd, 'approver', :south) IS NOT NULL;
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L, %L) $$, :cyd, :south));
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L, %L) $$, :cyd, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L) $$, :cyd));
SELECT rbac.clear_identity() \gset
SELECT rbac.grant_role(:cyd, 'approver') IS NOT NULL;
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L) $$, :cyd));
-- not in force yet, or no longer: dan's periods lie elsewhere in time
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L, %L) $$, :dan, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L, %L) $$, :dan, :south));
-- what was only tried does not count
SELECT rbac.clear_identity() \gset
SAVEPOINT tried;
SELECT pg_temp.attempt($$ SELECT rbac.remove_role_conflict('payer', 'approver', 'dynamic') $$);
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L, %L) $$, :ann, :north));
ROLLBACK TO tried;
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L, %L) $$, :ann, :north));
-- the moment the conflict is gone, so is the refusal
SELECT rbac.clear_identity() \gset
SELECT pg_temp.attempt($$ SELECT rbac.remove_role_conflict('payer', 'approver', 'dynamic') $$);
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L, %L) $$, :ann, :north));

--
-- Conflicts among roles that a user does not reach cost nothing: a few rows are
-- looked at, and not all 99 conflicts of each kind between r1 and these roles.
--
SELECT rbac.clear_identity() \gset
INSERT INTO rbac.roles (tenant_id, name) SELECT :south, 'r' || i FROM generate_series(1, 100) AS i;
INSERT INTO rbac.role_conflicts (kind, role_a, role_b)
    SELECT kind, a.id, b.id FROM rbac.roles AS a JOIN rbac.roles AS b ON a.tenant_id = b.tenant_id AND a.id <> b.id,
           (VALUES ('dynamic'), ('static')) AS k (kind) WHERE a.name = 'r1';
SELECT pg_stat_get_xact_tuples_fetched('rbac.role_conflicts'::regclass) AS before \gset
SELECT pg_temp.attempt(format($$ SELECT rbac.set_identity(%L, %L) $$, :dan, :north));
SELECT pg_stat_get_xact_tuples_fetched('rbac.role_conflicts'::regclass) - :before < 10;
SELECT rbac.clear_identity() \gset
SELECT pg_stat_get_xact_tuples_fetched('rbac.role_conflicts'::regclass) AS before \gset
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'chief', %L) $$, :dan, :north));
SELECT pg_stat_get_xact_tuples_fetched('rbac.role_conflicts'::regclass) - :before < 10;
-- while those that a user does reach are found among them
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%1$L, 'r9', %2$L), rbac.grant_role(%1$L, 'r1', %2$L) $$, :dan, :south));

-- What the table itself keeps.
INSERT INTO rbac.role_conflicts (kind, role_a, role_b) VALUES ('strange', :payer, :approver);
INSERT INTO rbac.role_conflicts (kind, role_a, role_b) VALUES ('dynamic', :payer, :payer);
INSERT INTO rbac.role_conflicts (kind, role_a, role_b) VALUES ('dynamic', :payer, -1);

ROLLBACK;
