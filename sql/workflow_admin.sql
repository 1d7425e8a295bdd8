-- Who writes workflows, by plain SQL.
--
-- The rule: whoever holds rbac:manage_workflows in a tenant writes that tenant's
-- workflows and their transitions; whoever holds it in every tenant, those that
-- all share, and statuses and task types; nobody else writes anything. Whoever
-- belongs to a tenant reads its workflows, and whoever is asking the shared ones.
--
--   root holds it in every tenant; nora in north, sven in south, each as
--   rbac_tenant_admin; emil works in north, and holds it nowhere.
\set ON_ERROR_ROLLBACK on
\pset format unaligned
\pset tuples_only on
BEGIN;
CREATE ROLE regress_rbac_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON rbac.workflow_statuses, rbac.workflows, rbac.task_types, rbac.workflow_transitions TO regress_rbac_app;
GRANT EXECUTE ON FUNCTION rbac.set_identity TO regress_rbac_app;
CREATE FUNCTION pg_temp.attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
    EXECUTE statement;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN 'done, ' || n;
EXCEPTION WHEN OTHERS THEN
    RETURN sqlstate || ' ' || sqlerrm;
END $$;
\set north '''47000000-0000-0000-0000-00000000000a'''
\set south '''47000000-0000-0000-0000-00000000000b'''
\set root '''47000000-0000-0000-0000-000000000001'''
\set nora '''47000000-0000-0000-0000-000000000002'''
\set sven '''47000000-0000-0000-0000-000000000003'''
\set emil '''47000000-0000-0000-0000-000000000004'''
INSERT INTO rbac.tenants (id, key, name) VALUES (:north, 'north', 'North'), (:south, 'south', 'South');
INSERT INTO rbac.users (id, username) VALUES (:root, 'root'), (:nora, 'nora'), (:sven, 'sven'), (:emil, 'emil');
INSERT INTO rbac.roles (id, tenant_id, name) VALUES (9701, :north, 'north clerk'), (9702, :south, 'south clerk'), (9703, NULL, 'clerk');
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES (:root, 2, NULL), (:nora, 1, :north), (:sven, 1, :south), (:emil, 9703, :north);
INSERT INTO rbac.workflow_statuses (id, name) VALUES (9701, 'wa one'), (9702, 'wa two');
INSERT INTO rbac.workflows (id, tenant_id, name, initial_status_id) VALUES (9701, NULL, 'shared', 9701), (9702, :north, 'northern', 9701), (9703, :south, 'southern', 9701);
INSERT INTO rbac.task_types (id, name, workflow_id) VALUES (9701, 'wa type', 9701);
INSERT INTO rbac.workflow_transitions (id, workflow_id, from_status_id, to_status_id) VALUES (9701, 9701, 9701, 9702), (9702, 9702, 9701, 9702), (9703, 9703, 9701, 9702);

-- What each sees, and what each of these does.
CREATE FUNCTION pg_temp.story() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    s text;
BEGIN
    RETURN NEXT 'sees ' || (SELECT coalesce(string_agg(name, ', ' ORDER BY name), 'no workflow') FROM rbac.workflows)
        || '; ' || (SELECT coalesce(string_agg(workflow_id::text, ', ' ORDER BY workflow_id), 'no transition') FROM rbac.workflow_transitions)
        || '; ' || (SELECT count(*) FROM rbac.workflow_statuses WHERE name LIKE 'wa%') || ' statuses, ' || (SELECT count(*) FROM rbac.task_types WHERE name LIKE 'wa%') || ' types';
    FOREACH s IN ARRAY ARRAY[
        $q$INSERT INTO rbac.workflows (tenant_id, name, initial_status_id) VALUES (NULL, 'new', 9701) RETURNING id$q$,
        $q$INSERT INTO rbac.workflows (tenant_id, name, initial_status_id) VALUES ('47000000-0000-0000-0000-00000000000a', 'shared', 9701) RETURNING id$q$,
        $q$INSERT INTO rbac.workflows (tenant_id, name, initial_status_id) VALUES ('47000000-0000-0000-0000-00000000000b', 'shared', 9701)$q$,
        $q$UPDATE rbac.workflows SET initial_status_id = 9702 WHERE id = 9701$q$,
        $q$UPDATE rbac.workflows SET initial_status_id = 9702 WHERE id = 9702$q$,
        $q$UPDATE rbac.workflows SET initial_status_id = 9702 WHERE id = 9703$q$,
        $q$UPDATE rbac.workflows SET id = 9799 WHERE id = 9702$q$,
        $q$UPDATE rbac.workflows SET tenant_id = '47000000-0000-0000-0000-00000000000b' WHERE id = 9702$q$,
        $q$DELETE FROM rbac.workflows WHERE id = 9702$q$,
        $q$DELETE FROM rbac.workflows WHERE id = 9703$q$,
        $q$INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id) VALUES (9701, 9702, 9701)$q$,
        $q$INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id) VALUES (9702, 9702, 9701) RETURNING id$q$,
        $q$INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id) VALUES (9703, 9702, 9701)$q$,
        $q$INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id, approver_role_id) VALUES (9702, 9702, 9701, 9701)$q$,
        $q$INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id, approver_role_id) VALUES (9702, 9702, 9701, 9702)$q$,
        $q$INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id, approver_role_id) VALUES (9702, 9702, 9701, 9703)$q$,
        $q$UPDATE rbac.workflow_transitions SET not_creator = true$q$,
        $q$UPDATE rbac.workflow_transitions SET not_creator = true WHERE workflow_id = 9702$q$,
        $q$UPDATE rbac.workflow_transitions SET workflow_id = 9703 WHERE workflow_id = 9702$q$,
        $q$UPDATE rbac.workflow_transitions SET workflow_id = 9701 WHERE workflow_id = 9702$q$,
        $q$DELETE FROM rbac.workflow_transitions$q$,
        $q$INSERT INTO rbac.workflow_statuses (name) VALUES ('wa three')$q$,
        $q$UPDATE rbac.workflow_statuses SET name = 'wa four' WHERE id = 9701$q$,
        $q$DELETE FROM rbac.workflow_statuses WHERE id = 9701$q$,
        $q$INSERT INTO rbac.task_types (name, workflow_id) VALUES ('wa other', 9702)$q$,
        $q$UPDATE rbac.task_types SET workflow_id = 9702 WHERE id = 9701$q$,
        $q$TRUNCATE rbac.workflow_transitions$q$
    ] LOOP
        BEGIN
            RETURN NEXT pg_temp.attempt(s) || '  <- ' || regexp_replace(s, '47000000-0000-0000-0000-00000000000', '', 'g');
            RAISE SQLSTATE 'WA000';
        EXCEPTION WHEN SQLSTATE 'WA000' THEN NULL;
        END;
    END LOOP;
END $$;
SET ROLE regress_rbac_app;
\echo '# nobody'
SELECT * FROM pg_temp.story();
SELECT rbac.set_identity(:emil, :north);
\echo '# emil'
SELECT * FROM pg_temp.story();
SELECT rbac.set_identity(:nora, :north);
\echo '# nora'
SELECT * FROM pg_temp.story();
SELECT rbac.set_identity(:nora, :north, scopes => '{rbac:review}');
\echo '# nora, whose identity lists rbac:review'
SELECT x FROM pg_temp.story() AS x WHERE x ~ 'sees|9702';
SELECT rbac.set_identity(:sven, :north);
\echo '# sven'
SELECT * FROM pg_temp.story() AS x WHERE x ~ 'sees|9703';
SELECT rbac.set_identity(:root);
\echo '# root'
SELECT * FROM pg_temp.story();
RESET ROLE;
SELECT rbac.clear_identity();
-- Ids are given by us.
SET ROLE regress_rbac_app;
SELECT rbac.set_identity(:nora, :north);
INSERT INTO rbac.workflows (id, tenant_id, name, initial_status_id) VALUES (1000000, :north, 'mine', 9701) RETURNING id < 1000000;
-- What all tenants share can be replaced here only, by its name.
INSERT INTO rbac.workflows (tenant_id, name, initial_status_id) VALUES (:north, 'shared', 9702);
SELECT status_id FROM rbac.next_statuses(9701, NULL);
SELECT status_id FROM rbac.next_statuses(9701, NULL, :south);
RESET ROLE;
ROLLBACK;
