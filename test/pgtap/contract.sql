-- The public contract: exactly these functions and tables, with exactly these
-- properties. A change here is a change for users: it belongs in the changelog
-- and, if something goes away or becomes callable by more people, in nobody's
-- small commit.
\set QUIET on
\pset format unaligned
\pset tuples_only on
\pset pager off

BEGIN;
SELECT plan(18);

CREATE TEMP VIEW public_functions AS
    SELECT format('%s(%s)', p.proname, pg_get_function_identity_arguments(p.oid)) AS signature, p.*
    FROM pg_proc p WHERE p.pronamespace = 'rbac'::regnamespace AND p.proname !~ '^_';

-- signature, volatility, strict, parallel, may PUBLIC call it
CREATE TEMP TABLE promised (signature text, volatility text, strict boolean, parallel text, for_public boolean);
INSERT INTO promised VALUES
    ('add_permission_scope(permission text, scope text)', 'volatile', false, 'unsafe', true),
    ('add_role_conflict(role_a text, role_b text, kind text, tenant_id uuid)', 'volatile', false, 'unsafe', true),
    ('add_role_inheritance(role integer, inherits integer)', 'volatile', false, 'unsafe', true),
    ('add_role_inheritance(role text, inherits text, tenant_id uuid)', 'volatile', false, 'unsafe', true),
    ('assigned_roles(user_id uuid, tenant_id uuid)', 'stable', false, 'safe', true),
    ('assigned_users(role integer, tenant_id uuid)', 'stable', false, 'safe', true),
    ('assigned_users(role text, tenant_id uuid)', 'stable', false, 'safe', true),
    ('attach_workflow(tbl regclass, status_column name, type_column name, tenant_column name, assignee_column name, creator_column name)', 'volatile', false, 'unsafe', true),
    ('authorized_roles(user_id uuid, tenant_id uuid)', 'stable', false, 'safe', true),
    ('authorized_users(role integer, tenant_id uuid)', 'stable', false, 'safe', true),
    ('authorized_users(role text, tenant_id uuid)', 'stable', false, 'safe', true),
    ('cache_reset()', 'volatile', false, 'restricted', false),
    ('cache_stats(OUT since timestamp with time zone, OUT call_site_hits bigint, OUT local_hits bigint, OUT shared_hits bigint, OUT loads bigint, OUT published bigint, OUT bypassed_own_writes bigint, OUT bypassed_prepared bigint, OUT bypassed_recovery bigint, OUT bypassed_unsound bigint, OUT bypassed_in_flight bigint, OUT evictions bigint, OUT stale_global bigint, OUT stale_tenant bigint, OUT stale_user bigint, OUT entries bigint, OUT capacity bigint, OUT bytes bigint, OUT size bigint)', 'volatile', false, 'restricted', false),
    ('cache_warm(tenant_id uuid)', 'volatile', true, 'restricted', false),
    ('check_workflow(workflow_id integer)', 'stable', true, 'safe', true),
    ('clear_identity()', 'volatile', false, 'unsafe', true),
    ('compact_summary(name text)', 'volatile', false, 'unsafe', true),
    ('completion(status_id integer, completed integer[])', 'immutable', false, 'safe', true),
    ('create_summary(name text, source regclass, group_columns name[], status_column name)', 'volatile', false, 'unsafe', true),
    ('drop_summary(name text)', 'volatile', false, 'unsafe', true),
    ('rebuild_summary(name text)', 'volatile', false, 'unsafe', true),
    ('status_counts(status_id integer)', 'immutable', false, 'safe', true),
    ('verify_summary(name text)', 'volatile', false, 'unsafe', true),
    ('create_department(tenant_id uuid, name text, parent_id uuid)', 'volatile', false, 'unsafe', true),
    ('create_permission(name text, object text, action text, scopes text[], description text)', 'volatile', false, 'unsafe', true),
    ('create_publication(name name)', 'volatile', false, 'unsafe', false),
    ('create_role(name text, tenant_id uuid, description text, permissions text[], inherits text[])', 'volatile', false, 'unsafe', true),
    ('create_scope(name text, description text)', 'volatile', false, 'unsafe', true),
    ('create_tenant(key text, name text)', 'volatile', false, 'unsafe', true),
    ('create_user(username text, email text, first_name text, last_name text, phone text)', 'volatile', false, 'unsafe', true),
    ('current_permissions()', 'stable', false, 'safe', true),
    ('current_roles()', 'stable', false, 'safe', true),
    ('current_tenant_id()', 'stable', false, 'safe', true),
    ('current_user_id()', 'stable', false, 'safe', true),
    ('current_tenant_key()', 'stable', false, 'safe', true),
    ('current_tenant_number()', 'stable', false, 'safe', true),
    ('departments_with_scope(scope text)', 'stable', true, 'safe', true),
    ('detach_workflow(tbl regclass)', 'volatile', false, 'unsafe', true),
    ('disable_tenant_isolation(tbl regclass)', 'volatile', false, 'unsafe', true),
    ('doctor()', 'stable', false, 'unsafe', false),
    ('effective_scopes()', 'stable', true, 'safe', true),
    ('effective_scopes(user_id uuid, tenant_id uuid)', 'stable', true, 'safe', false),
    ('enable_tenant_isolation(tbl regclass, tenant_column name)', 'volatile', false, 'unsafe', true),
    ('explain_row(tbl regclass, key text)', 'stable', false, 'unsafe', false),
    ('explain_scope(scope text)', 'stable', true, 'safe', true),
    ('explain_scope(scope text, tenant_id uuid)', 'stable', true, 'safe', true),
    ('explain_scope(scope text, tenant_id uuid, department_id uuid)', 'stable', true, 'safe', true),
    ('explain_scope(user_id uuid, scope text, tenant_id uuid)', 'stable', true, 'safe', false),
    ('explain_scope(user_id uuid, scope text, tenant_id uuid, department_id uuid)', 'stable', true, 'safe', false),
    ('grant_permission(role integer, permission text)', 'volatile', false, 'unsafe', true),
    ('grant_permission(role text, permission text, tenant_id uuid)', 'volatile', false, 'unsafe', true),
    ('grant_role(user_id uuid, role integer, tenant_id uuid, department_id uuid, valid_from timestamp with time zone, valid_until timestamp with time zone, reason text)', 'volatile', false, 'unsafe', true),
    ('grant_role(user_id uuid, role text, tenant_id uuid, department_id uuid, valid_from timestamp with time zone, valid_until timestamp with time zone, reason text)', 'volatile', false, 'unsafe', true),
    ('has_all_scopes(scopes text[])', 'stable', true, 'safe', true),
    ('has_all_scopes(scopes text[], tenant_id uuid)', 'stable', true, 'safe', true),
    ('has_any_scope(scopes text[])', 'stable', true, 'safe', true),
    ('has_any_scope(scopes text[], tenant_id uuid)', 'stable', true, 'safe', true),
    ('has_scope(scope text)', 'stable', true, 'safe', true),
    ('has_scope(scope text, tenant_id uuid)', 'stable', true, 'safe', true),
    ('has_scope(scope text, tenant_id uuid, department_id uuid)', 'stable', true, 'safe', true),
    ('has_scope_by_key(scope text, tenant_key bigint)', 'stable', true, 'safe', true),
    ('has_scope_by_key(scope text, tenant_key bigint, department_id uuid)', 'stable', true, 'safe', true),
    ('has_scope_by_key(scope text, tenant_key integer)', 'stable', true, 'safe', true),
    ('has_scope_by_key(scope text, tenant_key integer, department_id uuid)', 'stable', true, 'safe', true),
    ('has_scope_by_key(scope text, tenant_key text)', 'stable', true, 'safe', true),
    ('has_scope_by_key(scope text, tenant_key text, department_id uuid)', 'stable', true, 'safe', true),
    ('has_scope_everywhere(scope text)', 'stable', true, 'safe', true),
    ('next_statuses(type_id integer, status_id integer, tenant_id uuid, assignee_id uuid, creator_id uuid)', 'stable', false, 'safe', true),
    ('permissions_of_role(role integer, tenant_id uuid, inherited boolean)', 'stable', false, 'safe', true),
    ('permissions_of_role(role text, tenant_id uuid, inherited boolean)', 'stable', false, 'safe', true),
    ('permissions_of_user(user_id uuid, tenant_id uuid, inherited boolean)', 'stable', false, 'safe', true),
    ('protect_table(tbl regclass, tenant_column name, owner_column name, department_column name, select_scope text, insert_scope text, update_scope text, delete_scope text, own_select_scope text, own_update_scope text, own_delete_scope text)', 'volatile', false, 'unsafe', true),
    ('remove_permission_scope(permission text, scope text)', 'volatile', false, 'unsafe', true),
    ('remove_role_conflict(role_a text, role_b text, kind text, tenant_id uuid)', 'volatile', false, 'unsafe', true),
    ('remove_role_inheritance(role integer, inherits integer)', 'volatile', false, 'unsafe', true),
    ('remove_role_inheritance(role text, inherits text, tenant_id uuid)', 'volatile', false, 'unsafe', true),
    ('repair()', 'volatile', false, 'unsafe', false),
    ('require_scope(scope text)', 'stable', false, 'safe', true),
    ('require_scope(scope text, tenant_id uuid)', 'stable', false, 'safe', true),
    ('require_scope(scope text, tenant_id uuid, department_id uuid)', 'stable', false, 'safe', true),
    ('revision()', 'volatile', false, 'unsafe', false),
    ('revoke_barrier(timeout interval)', 'volatile', false, 'unsafe', false),
    ('revoke_permission(role integer, permission text)', 'volatile', false, 'unsafe', true),
    ('revoke_permission(role text, permission text, tenant_id uuid)', 'volatile', false, 'unsafe', true),
    ('revoke_role(user_id uuid, role integer, tenant_id uuid, department_id uuid)', 'volatile', false, 'unsafe', true),
    ('revoke_role(user_id uuid, role text, tenant_id uuid, department_id uuid)', 'volatile', false, 'unsafe', true),
    ('role_actions_on_object(role integer, object text, tenant_id uuid, inherited boolean)', 'stable', false, 'safe', true),
    ('role_actions_on_object(role text, object text, tenant_id uuid, inherited boolean)', 'stable', false, 'safe', true),
    ('scopes_of_role(role integer, tenant_id uuid, inherited boolean)', 'stable', false, 'safe', true),
    ('scopes_of_role(role text, tenant_id uuid, inherited boolean)', 'stable', false, 'safe', true),
    ('set_identity(user_id uuid, tenant_id uuid, scopes text[], local boolean)', 'volatile', false, 'unsafe', false),
    ('set_tenant_active(tenant_id uuid, active boolean)', 'volatile', false, 'unsafe', true),
    ('set_user_active(user_id uuid, active boolean)', 'volatile', false, 'unsafe', true),
    ('status(OUT mode text, OUT reason text, OUT detail text, OUT triggers_sound boolean, OUT unsound_table text, OUT tables_in_sync boolean, OUT shared_memory boolean, OUT cache_size integer, OUT extension_version text, OUT library_version text, OUT in_recovery boolean, OUT prepared_pending boolean)', 'volatile', false, 'restricted', false),
    ('switch_tenant(tenant_id uuid)', 'volatile', false, 'unsafe', true),
    ('tenant_keys_with_scope(scope text)', 'stable', true, 'safe', true),
    ('tenants_with_scope(scope text)', 'stable', true, 'safe', true),
    ('unprotect_table(tbl regclass)', 'volatile', false, 'unsafe', true),
    ('user_actions_on_object(user_id uuid, object text, tenant_id uuid, inherited boolean)', 'stable', false, 'safe', true),
    ('user_has_scope(user_id uuid, scope text, tenant_id uuid)', 'stable', true, 'safe', false),
    ('user_has_scope(user_id uuid, scope text, tenant_id uuid, department_id uuid)', 'stable', true, 'safe', false),
    ('users_with_scope(scope text, tenant_id uuid)', 'stable', true, 'safe', false),
    ('wait_for_revision(revision bigint, timeout interval)', 'volatile', false, 'unsafe', true),
    ('workflow_diagram(workflow_id integer)', 'stable', true, 'safe', true);

SELECT bag_eq('SELECT signature FROM public_functions', 'SELECT signature FROM promised', 'exactly the promised functions are there');
SELECT bag_eq(
    $$SELECT signature, CASE provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END FROM public_functions$$,
    'SELECT signature, volatility FROM promised', 'volatility as promised: STABLE questions can be index conditions');
SELECT bag_eq('SELECT signature, proisstrict FROM public_functions', 'SELECT signature, strict FROM promised',
    'strictness as promised: NULL denies, and require_scope refuses it');
SELECT bag_eq(
    $$SELECT signature, CASE proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END FROM public_functions$$,
    'SELECT signature, parallel FROM promised', 'parallel safety as promised');
SELECT bag_eq($$SELECT signature, has_function_privilege('public', oid, 'EXECUTE') FROM public_functions$$,
    'SELECT signature, for_public FROM promised', 'PUBLIC may call what is promised, and nothing else');
SELECT is_empty($$SELECT signature FROM public_functions WHERE prosecdef$$,
    'no public function runs with definer rights: each decides by who calls it');
SELECT is_empty($$SELECT proname FROM pg_proc WHERE pronamespace = 'rbac'::regnamespace AND prosecdef$$,
    'nor does an internal one');
SELECT is_empty($$SELECT p.proname FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
    WHERE p.pronamespace = 'rbac'::regnamespace AND l.lanname NOT IN ('c', 'internal')
      AND p.prosqlbody IS NULL AND NOT coalesce(p.proconfig, '{}') && '{"search_path=pg_catalog, pg_temp"}'$$,
    'each function whose body is text pins its search_path');
SELECT is_empty($$SELECT signature FROM public_functions WHERE obj_description(oid, 'pg_proc') IS NULL$$,
    'each public function has a comment');
SELECT set_eq($$SELECT p.proname::text FROM pg_proc p WHERE p.pronamespace = 'rbac'::regnamespace
    AND p.proname ~ '^_' AND has_function_privilege('public', p.oid, 'EXECUTE')$$,
    $$VALUES ('_is_name'), ('_is_scope_token'),  -- called by CHECK constraints
             ('_tenants_touched_by_scope'), ('_tenant_numbers_with_scope'),  -- in index conditions, about oneself
             ('_sees_tenant'), ('_sees_user'), ('_sees_role'), ('_manages_user'), ('_manages_role'), ('_own_roles'),
             ('_visible_tenants'), ('_visible_users'), ('_visible_roles'),  -- in policies on our tables, about oneself
             ('_check_scope_name'), ('_table_name'), ('_protected_operations'), ('_is_policy_of_ours'), ('_declared'),
             ('_refuse_other_tenant'), ('_column_type'), ('_tenant_kind'), ('_current_tenant'), ('_defaults_to_tenant'), ('_scope_condition'),
             ('_drop_our_policies'), ('_make_policy'), ('_write_policies'), ('_switch_row_security'),
             ('_has_leading_index'), ('_with_descendants'), ('_require_protectable'), ('_report_other_policies'),
             ('_prepare_tenant_column'), ('_require_uuid_column'),  -- of enable_tenant_isolation and protect_table, with the caller's rights
             ('_is_schema_of_users'), ('_examined_tables'), ('_roles_in_reach'), ('_grants_on'),
             ('_application_roles'), ('_is_bound'), ('_role_name'), ('_protect_call'), ('_likely_tenant_column'),
             ('_examine_row_security'), ('_examine_our_policies'), ('_examine_children'), ('_examine_forgotten_tables'),
             ('_examine_tenant_columns'), ('_examine_foreign_keys'), ('_examine_roles'), ('_examine_privileges'),
             ('_outline'), ('_used_of_the_row'), ('_may_be_inlined'), ('_policies_of_others'), ('_alter_policy'),
             ('_examine_functions_of_policies'), ('_examine_settings_in_policies'), ('_examine_policies'),
             ('_reading_relations'), ('_examine_views'), ('_names_in'), ('_examine_functions'),
             ('_library_version'), ('_caching_is_sound'), ('_examine_library'), ('_examine_our_schema'), ('_examine_settings'),
             ('_examine_the_rest'), ('_examine_workflows'), ('_examine_summaries'),  -- of doctor, which reads catalogs as whoever calls it
             ('_sees_workflow'), ('_manages_workflow'),  -- in policies on our tables, about oneself
             ('_workflow_start'), ('_workflow_step'), ('_attached'), ('_require_integer_column'), ('_drop_workflow_triggers'),  -- of attach_workflow, with the caller's rights
             ('_slot'), ('_is_settled'), ('_total'), ('_status_sums'), ('_summary_is_current'), ('_sight_of'),  -- in tables, views and policies of summaries
             ('_count_row'), ('_counted_by'), ('_write_counted'), ('_count_truncated'),  -- in triggers that their owners make
             ('_is_countable'), ('_counted_columns'), ('_execute_fresh'), ('_column_list'), ('_summary'), ('_key_of'), ('_column_definition'),
             ('_make_summary_tables'), ('_fold_statements'), ('_fits_index'), ('_constraint_of'), ('_count_nothing'),
             ('_pending_slots'), ('_totals_are_folded'), ('_merged_counts'), ('_counts_query'), ('_totals_query'), ('_make_summary_views'),
             ('_carried_policy'), ('_columns_in_policies'), ('_wanted_policies'), ('_carry_policies'), ('_readers'), ('_follow_grants'),
             ('_register_summary'), ('_reset_members'), ('_for_owner'), ('_drop_parts'), ('_drop_relations'), ('_switch_on_row_triggers'), ('_switch_on_statement_triggers'),
             ('_make_statement_triggers'), ('_make_row_triggers'), ('_summary_name'), ('_find_summary'), ('_require_owner_of'), ('_drop_summary'),
             ('_recount'), ('_recount_as_owner'), ('_leaves'), ('_tell_progress'), ('_told_progress'), ('_differences'), ('_verify'), ('_compact'),
             ('_member_comes'), ('_member_goes'), ('_refuse_children'), ('_follow_owner'), ('_follow_partitions'), ('_follow_persistence'), ('_summaries_of'),
             ('_is_being_restored')  -- of create_summary and its kin, with the caller's rights$$,
    'what is internal is not for PUBLIC, but for what others run with their own rights');

CREATE TEMP TABLE promised_tables (relname name, columns text);
INSERT INTO promised_tables VALUES
    ('departments',
     'id uuid not null, tenant_id uuid not null, parent_id uuid, name text not null, created_at timestamp with time zone not null, updated_at timestamp with time zone not null'),
    ('permission_actions',
     'id integer not null, name text not null'),
    ('permission_objects',
     'id integer not null, name text not null'),
    ('permission_scopes',
     'permission_id integer not null, scope_id integer not null'),
    ('permissions',
     'id integer not null, name text not null, object_id integer, action_id integer, description text'),
    ('role_conflicts',
     'kind text not null, role_a integer not null, role_b integer not null'),
    ('role_inherits',
     'role_id integer not null, inherits_role_id integer not null'),
    ('role_permissions',
     'role_id integer not null, permission_id integer not null'),
    ('roles',
     'id integer not null, tenant_id uuid, name text not null, description text, created_at timestamp with time zone not null, updated_at timestamp with time zone not null'),
    ('scopes',
     'id integer not null, name text not null, description text'),
    ('summaries',
     'id integer not null, source regclass not null, view regclass not null, totals regclass not null, counts regclass not null, groups regclass not null, pending regclass not null, group_columns name[] not null, hidden_columns name[] not null, status_column name not null, members regclass[] not null'),
    ('task_types',
     'id integer not null, name text not null, workflow_id integer not null'),
    ('tenants',
     'id uuid not null, key text not null, name text not null, is_active boolean not null, created_at timestamp with time zone not null, updated_at timestamp with time zone not null'),
    ('user_roles',
     'id bigint not null, user_id uuid not null, role_id integer not null, tenant_id uuid, department_id uuid, valid_from timestamp with time zone, valid_until timestamp with time zone, granted_by uuid, reason text, created_at timestamp with time zone not null'),
    ('users',
     'id uuid not null, username text not null, email text, first_name text, last_name text, phone text, avatar_url text, is_active boolean not null, last_login_at timestamp with time zone, email_verified_at timestamp with time zone, created_at timestamp with time zone not null, updated_at timestamp with time zone not null'),
    ('workflow_statuses',
     'id integer not null, name text not null'),
    ('workflow_transitions',
     'id integer not null, workflow_id integer not null, from_status_id integer not null, to_status_id integer not null, required_scope_id integer, approver_role_id integer, only_assignee boolean not null, only_creator boolean not null, not_creator boolean not null'),
    ('workflows',
     'id integer not null, tenant_id uuid, name text not null, initial_status_id integer not null');
SELECT bag_eq($$SELECT c.relname, string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END, ', ' ORDER BY a.attnum)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'rbac'::regnamespace AND c.relkind = 'r' AND c.relname !~ '^_' GROUP BY 1$$,
    'SELECT * FROM promised_tables', 'exactly the promised tables and columns are there');
SELECT is_empty($$SELECT c.relname FROM pg_class c, aclexplode(c.relacl) a
    WHERE c.relnamespace = 'rbac'::regnamespace AND a.grantee <> c.relowner AND (c.relname, a.privilege_type) <> ('summaries', 'SELECT')$$,
    'nobody but the owner has a right on a table or sequence, but to read which summaries there are');
SELECT is_empty($$SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'rbac'::regnamespace AND c.relkind = 'r'
    AND obj_description(c.oid, 'pg_class') IS NULL$$, 'each table has a comment');
SELECT is_empty($$SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'rbac'::regnamespace AND c.relkind IN ('r', 'S') AND c.relname !~ '^_'
      AND NOT EXISTS (SELECT FROM pg_extension e WHERE e.extname = 'rbac' AND c.oid = ANY (e.extconfig))$$,
    'each table and sequence is dumped');
SELECT is_empty($$SELECT conrelid::regclass, conname FROM pg_constraint con
    WHERE con.contype = 'f' AND con.connamespace = 'rbac'::regnamespace AND NOT EXISTS (
        SELECT FROM pg_index i WHERE i.indrelid = con.conrelid
          AND (i.indkey::int2[])[0:cardinality(con.conkey) - 1] @> con.conkey)$$,
    'each foreign key has an index, so that deleting what it refers to is fast');

SELECT bag_eq($$SELECT c.relname, c.relforcerowsecurity FROM pg_class c
    WHERE c.relnamespace = 'rbac'::regnamespace AND c.relkind = 'r' AND c.relrowsecurity$$,
    $$SELECT unnest('{tenants,users,departments,roles,role_permissions,role_inherits,role_conflicts,user_roles,workflows,workflow_transitions}'::name[]), false$$,
    'exactly the tables that hold what is a tenant''s have row-level security, which does not bind their owner');
CREATE TEMP TABLE promised_policies (relname name, command text, polname name);
INSERT INTO promised_policies VALUES
    ('tenants', 'r', 'people_see_where_they_hold_a_role'),
    ('tenants', 'a', 'tenant_managers_create'),
    ('tenants', 'w', 'tenant_managers_change'),
    ('tenants', 'd', 'tenant_managers_delete'),
    ('users', 'r', 'people_see_those_whose_assignments_they_see'),
    ('users', 'a', 'user_managers_create'),
    ('users', 'w', 'user_managers_change_those_of_their_tenants'),
    ('users', 'd', 'user_managers_delete'),
    ('departments', 'r', 'reviewers_see_those_of_their_tenants'),
    ('departments', 'r', 'granters_see_those_of_their_tenants'),
    ('departments', 'r', 'granters_see_their_departments'),
    ('departments', '*', 'department_managers_manage_those_of_their_tenants'),
    ('roles', 'r', 'everybody_sees_shared_roles'),
    ('roles', 'r', 'reviewers_see_those_of_their_tenants'),
    ('roles', 'r', 'granters_see_those_of_their_tenants'),
    ('roles', 'r', 'people_see_the_roles_they_are_assigned'),
    ('roles', '*', 'role_managers_manage_those_of_their_tenants'),
    ('roles', '*', 'role_managers_of_every_tenant_manage_shared_roles'),
    ('role_permissions', 'r', 'people_see_those_of_roles_they_see'),
    ('role_permissions', 'a', 'role_managers_give'),
    ('role_permissions', 'w', 'role_managers_change'),
    ('role_permissions', 'd', 'role_managers_take_away'),
    ('role_inherits', 'r', 'people_see_those_between_roles_they_see'),
    ('role_inherits', 'a', 'role_managers_give'),
    ('role_inherits', 'w', 'role_managers_change'),
    ('role_inherits', 'd', 'role_managers_take_away'),
    ('role_conflicts', 'r', 'people_see_those_between_roles_they_see'),
    ('role_conflicts', 'a', 'role_managers_declare'),
    ('role_conflicts', 'w', 'role_managers_change'),
    ('role_conflicts', 'd', 'role_managers_withdraw'),
    ('user_roles', 'r', 'people_see_their_own'),
    ('user_roles', 'r', 'reviewers_see_those_of_their_tenants'),
    ('user_roles', 'r', 'user_managers_see_those_of_their_tenants'),
    ('user_roles', 'r', 'reviewers_of_every_tenant_see_those_in_every_tenant'),
    ('user_roles', '*', 'granters_manage_those_of_their_tenants'),
    ('user_roles', '*', 'granters_manage_those_of_their_departments'),
    ('user_roles', '*', 'granters_of_every_tenant_manage_those_in_every_tenant'),
    ('workflows', 'r', 'everybody_sees_shared_workflows'),
    ('workflows', 'r', 'people_see_those_of_their_tenants'),
    ('workflows', '*', 'workflow_managers_manage_those_of_their_tenants'),
    ('workflows', '*', 'workflow_managers_of_every_tenant_manage_shared_ones'),
    ('workflow_transitions', 'r', 'people_see_those_of_workflows_they_see'),
    ('workflow_transitions', 'a', 'workflow_managers_add'),
    ('workflow_transitions', 'w', 'workflow_managers_change'),
    ('workflow_transitions', 'd', 'workflow_managers_remove');
SELECT bag_eq($$SELECT c.relname, p.polcmd::text, p.polname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
    WHERE c.relnamespace = 'rbac'::regnamespace$$,
    'SELECT * FROM promised_policies', 'exactly the promised policies are there');
SELECT is_empty($$SELECT p.polrelid::regclass, p.polname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
    WHERE c.relnamespace = 'rbac'::regnamespace AND obj_description(p.oid, 'pg_policy') IS NULL$$,
    'each policy has a comment');

SELECT * FROM finish();
ROLLBACK;
