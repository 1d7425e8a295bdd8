-- What bad input gets.
--
-- The rule: the SQLSTATE says what kind of mistake it was, the message names
-- what was meant, the hint what could have been meant.
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
\set emil '''30000000-0000-0000-0000-000000000004'''
\set nobody '''99999999-0000-0000-0000-000000000000'''
INSERT INTO rbac.tenants (id, key, name) VALUES (:north, 'north', 'North'), (:south, 'south', 'South');
INSERT INTO rbac.departments (id, tenant_id, name) VALUES (:sales, :north, 'sales');
INSERT INTO rbac.users (id, username, email) VALUES (:emil, 'emil', 'emil@example.com');
SELECT rbac.create_scope('read:task'), rbac.create_scope('edit:task') \gset
SELECT rbac.create_permission('view tasks', scopes => '{read:task}') \gset
SELECT rbac.create_role('viewer') AS viewer, rbac.create_role('clerk', :north) AS clerk \gset

-- 42704: there is no such thing
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'viewer', %L) $$, :nobody, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'viewer', %L) $$, :emil, :nobody));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'viewer', %L, %L) $$, :emil, :north, :nobody));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'viewer', %L, %L) $$, :emil, :south, :sales));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'viewr', %L) $$, :emil, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'clark', %L) $$, :emil, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'clerk', %L) $$, :emil, :south));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'clerk') $$, :emil));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, -1, %L) $$, :emil, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.create_department(%L, 'x') $$, :nobody));
SELECT pg_temp.attempt(format($$ SELECT rbac.create_department(%L, 'x', %L) $$, :south, :sales));
SELECT pg_temp.attempt($$ SELECT rbac.create_permission('x', scopes => '{read:tusk}') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_role('x', permissions => '{veiw tasks}') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_role('x', inherits => '{vyewer}') $$);
SELECT pg_temp.attempt($$ SELECT rbac.grant_permission('viewer', 'nothing at all') $$);
SELECT pg_temp.attempt($$ SELECT rbac.add_permission_scope('view tasks', 'edit:tsk') $$);
SELECT pg_temp.attempt(format($$ SELECT rbac.set_user_active(%L, true) $$, :nobody));
SELECT pg_temp.attempt(format($$ SELECT rbac.set_tenant_active(%L, true) $$, :nobody));
-- rbac.unknown_scope is about checks, not about this
SET LOCAL rbac.unknown_scope = deny;
SELECT pg_temp.attempt($$ SELECT rbac.add_permission_scope('view tasks', 'edit:tsk') $$);
RESET rbac.unknown_scope;

-- 42710: there is one already
SELECT pg_temp.attempt($$ SELECT rbac.create_tenant('north') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_user('EMIL') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_user('emil2', 'Emil@Example.com') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_scope('read:task') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_permission('view tasks') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_role('viewer') $$);
SELECT pg_temp.attempt(format($$ SELECT rbac.create_role('clerk', %L) $$, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.create_role('clerk', %L) $$, :south));
SELECT pg_temp.attempt(format($$ SELECT rbac.create_department(%L, 'sales') $$, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'clerk', %L, %L) $$, :emil, :north, :sales));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'clerk', %L, %L) $$, :emil, :north, :sales));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'clerk', %L, %L, '2100-01-01') $$, :emil, :north, :sales));

-- 22004: NULL where it makes no sense
SELECT pg_temp.attempt($$ SELECT rbac.create_tenant(NULL) $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_user(NULL) $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_role(NULL) $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_role('x', permissions => NULL) $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_role('x', permissions => '{NULL}') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_scope(NULL) $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_permission(NULL) $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_permission('x', scopes => '{NULL}') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_department(NULL, 'x') $$);
SELECT pg_temp.attempt(format($$ SELECT rbac.create_department(%L, NULL) $$, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(NULL, 'clerk', %L) $$, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, NULL::text, %L) $$, :emil, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, NULL::integer, %L) $$, :emil, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'viewer', NULL, %L) $$, :emil, :sales));
SELECT pg_temp.attempt(format($$ SELECT rbac.revoke_role(%L, NULL::text) $$, :emil));
SELECT pg_temp.attempt($$ SELECT rbac.grant_permission(NULL::text, 'view tasks') $$);
SELECT pg_temp.attempt($$ SELECT rbac.grant_permission('viewer', NULL) $$);
SELECT pg_temp.attempt($$ SELECT rbac.add_role_inheritance('viewer', NULL::text) $$);
SELECT pg_temp.attempt($$ SELECT rbac.add_role_conflict('viewer', NULL, 'static') $$);
SELECT pg_temp.attempt($$ SELECT rbac.add_permission_scope(NULL, 'read:task') $$);
SELECT pg_temp.attempt(format($$ SELECT rbac.set_user_active(%L, NULL) $$, :emil));

-- 42602: not a name
SELECT pg_temp.attempt($$ SELECT rbac.create_tenant('') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_tenant('ok', ' blank') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_user(E'tab\there') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_user('ok', 'no address') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_user('ok', 'a@b@c') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_role('blank ') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_role(repeat('x', 200)) $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_role(repeat('x', 201)) $$) LIKE '42602%';
SELECT pg_temp.attempt($$ SELECT rbac.create_scope('two words') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_permission('') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_permission('ok', ' object') $$);
SELECT pg_temp.attempt(format($$ SELECT rbac.create_department(%L, '') $$, :north));

-- 22023: not a value
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'viewer', %L, NULL, '2002-01-01', '2001-01-01') $$, :emil, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'viewer', %L, NULL, '2002-01-01', '2002-01-01') $$, :emil, :north));
SELECT pg_temp.attempt($$ SELECT rbac.add_role_conflict('viewer', 'rbac_admin', 'eternal') $$);

-- 0LP01: not a grant that can be
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, %s, %L) $$, :emil, :clerk, :south));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, %s) $$, :emil, :clerk));
SELECT pg_temp.attempt(format($$ SELECT rbac.add_role_inheritance(%s, %s) $$, :viewer, :clerk));
SELECT pg_temp.attempt($$ SELECT rbac.add_role_conflict('viewer', 'viewer', 'static') $$);
SELECT pg_temp.attempt(format($$ SELECT rbac.add_role_inheritance('clerk', 'viewer', %L) $$, :north));
SELECT rbac.create_role('senior', :north, inherits => '{clerk}') IS NOT NULL;
SELECT pg_temp.attempt(format($$ SELECT rbac.add_role_inheritance('clerk', 'senior', %L) $$, :north));

-- 25006: a transaction that may not write (as on a standby), before anything else
\set ON_ERROR_ROLLBACK off
SAVEPOINT readonly;
SET TRANSACTION READ ONLY;
SELECT pg_temp.attempt($$ SELECT rbac.create_tenant('east') $$);
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'viewer', %L) $$, :nobody, :nobody));
ROLLBACK TO readonly;

ROLLBACK;
