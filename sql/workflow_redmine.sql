-- The decisions of a bug tracker that nobody here wrote: Redmine.
--
-- Facts. Its default data has the statuses New, In Progress, Resolved, Feedback,
-- Closed and Rejected, and the trackers Bug, Feature and Support, all of which
-- start in New and have one and the same table, role by old by new status:
--   a Manager goes from each status to each other one;
--   a Developer from New, In Progress, Resolved and Feedback to In Progress,
--     Resolved, Feedback and Closed;
--   a Reporter from those four to Closed, and from Resolved to Feedback.
-- A transition can have the flags "author" and "assignee": it then counts in
-- addition for who is one of those. Its own tests give one role the transitions
-- from 1 to 2 (no flag), 3 (author), 4 (assignee) and 5 (author and assignee), and
-- expect: to anybody 2; to the author 2, 3, 5; to the assignee 2, 4, 5; to who is
-- both 2, 3, 4, 5.
\set SHOW_CONTEXT never
\set VERBOSITY terse
CREATE FUNCTION pg_temp.id(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE
    RETURN ('00000000-0000-0000-0000-' || lpad((45000000 + n)::text, 12, '0'))::uuid;
CREATE ROLE regress_rbac_app;
GRANT EXECUTE ON FUNCTION rbac.set_identity TO regress_rbac_app;
INSERT INTO rbac.tenants (id, key, name) VALUES (pg_temp.id(1), 'rm_project', 'A project');
INSERT INTO rbac.users (id, username) VALUES (pg_temp.id(101), 'Manager'), (pg_temp.id(102), 'Developer'), (pg_temp.id(103), 'Reporter'),
    (pg_temp.id(104), 'Developer and Reporter'), (pg_temp.id(105), 'nobody in it');
SELECT rbac.create_role('Manager'), rbac.create_role('Developer'), rbac.create_role('Reporter') \g /dev/null
SELECT rbac.grant_role(u, r, pg_temp.id(1)) FROM (VALUES (pg_temp.id(101), 'Manager'), (pg_temp.id(102), 'Developer'), (pg_temp.id(103), 'Reporter'),
    (pg_temp.id(104), 'Developer'), (pg_temp.id(104), 'Reporter')) AS g (u, r) \g /dev/null
INSERT INTO rbac.workflow_statuses (name) VALUES ('New'), ('In Progress'), ('Resolved'), ('Feedback'), ('Closed'), ('Rejected');
CREATE TEMP VIEW status AS SELECT id, name FROM rbac.workflow_statuses WHERE name IN ('New', 'In Progress', 'Resolved', 'Feedback', 'Closed', 'Rejected');
INSERT INTO rbac.workflows (name, initial_status_id) SELECT t, s.id FROM unnest('{Bug,Feature,Support}'::text[]) AS t, status AS s WHERE s.name = 'New';
INSERT INTO rbac.task_types (name, workflow_id) SELECT w.name, w.id FROM rbac.workflows AS w WHERE w.name IN ('Bug', 'Feature', 'Support');

-- As its loader writes the table, tracker by tracker.
INSERT INTO rbac.workflow_transitions (workflow_id, approver_role_id, from_status_id, to_status_id)
SELECT w.id, r.id, f.id, t.id
FROM rbac.workflows AS w, rbac.roles AS r, status AS f, status AS t
WHERE w.name IN ('Bug', 'Feature', 'Support') AND f.id <> t.id AND (
    r.name = 'Manager'
    OR r.name = 'Developer' AND f.name IN ('New', 'In Progress', 'Resolved', 'Feedback') AND t.name IN ('In Progress', 'Resolved', 'Feedback', 'Closed')
    OR r.name = 'Reporter' AND (f.name IN ('New', 'In Progress', 'Resolved', 'Feedback') AND t.name = 'Closed'
                                OR f.name = 'Resolved' AND t.name = 'Feedback'));
SELECT r.name, count(*) FROM rbac.workflow_transitions AS t JOIN rbac.roles AS r ON r.id = t.approver_role_id GROUP BY 1 ORDER BY 1;

CREATE TABLE issues (id integer PRIMARY KEY, project_id uuid NOT NULL, tracker_id integer, status_id integer, author_id uuid, assigned_to_id uuid);
-- an issue of each tracker in each status
INSERT INTO issues (id, project_id, tracker_id, status_id)
SELECT row_number() OVER (ORDER BY y.id, s.id), pg_temp.id(1), y.id, s.id FROM rbac.task_types AS y, status AS s WHERE y.name IN ('Bug', 'Feature', 'Support');
SELECT rbac.attach_workflow('issues', 'status_id', 'tracker_id', 'project_id', 'assigned_to_id', 'author_id');
GRANT SELECT, INSERT, UPDATE ON issues TO regress_rbac_app;
CREATE TABLE rm_seen (who text, issue integer, s integer, done boolean, next boolean);
GRANT INSERT ON rm_seen TO regress_rbac_app;
CREATE PROCEDURE pg_temp.try_all(who text) LANGUAGE plpgsql AS $$
DECLARE i issues; s integer; done boolean;
BEGIN
    FOR i IN SELECT * FROM issues LOOP
        FOR s IN SELECT DISTINCT status_id FROM issues LOOP
            CONTINUE WHEN s = i.status_id;
            BEGIN
                UPDATE issues SET status_id = s WHERE id = i.id;
                RAISE SQLSTATE 'RM000';
            EXCEPTION
                WHEN SQLSTATE 'RM000' THEN done := true;
                WHEN check_violation OR insufficient_privilege THEN done := false;
            END;
            INSERT INTO rm_seen VALUES (who, i.id, s, done, coalesce(
                (SELECT n.allowed FROM rbac.next_statuses(i.tracker_id, i.status_id, i.project_id, i.assigned_to_id, i.author_id) AS n WHERE n.status_id = s), false));
        END LOOP;
    END LOOP;
END $$;
SET ROLE regress_rbac_app;
SELECT rbac.set_identity(pg_temp.id(101), pg_temp.id(1), local => false) \g /dev/null
CALL pg_temp.try_all('Manager');
SELECT rbac.set_identity(pg_temp.id(102), pg_temp.id(1), local => false) \g /dev/null
CALL pg_temp.try_all('Developer');
SELECT rbac.set_identity(pg_temp.id(103), pg_temp.id(1), local => false) \g /dev/null
CALL pg_temp.try_all('Reporter');
SELECT rbac.set_identity(pg_temp.id(104), pg_temp.id(1), local => false) \g /dev/null
CALL pg_temp.try_all('both');
SELECT rbac.set_identity(pg_temp.id(105), pg_temp.id(1), local => false) \g /dev/null
CALL pg_temp.try_all('nobody');
-- New issues start in New.
INSERT INTO issues (id, project_id, tracker_id) SELECT 100, project_id, tracker_id FROM issues WHERE id = 1 RETURNING (SELECT s.status_id FROM issues AS s WHERE s.id = 1) = status_id AS is_new;
INSERT INTO issues (id, project_id, tracker_id, status_id) SELECT 101, project_id, tracker_id, status_id FROM issues WHERE id = 5;
RESET ROLE;
SELECT rbac.clear_identity() \g /dev/null
DELETE FROM issues WHERE id = 100;

-- The table as it is documented, written down by hand: rows are old statuses,
-- columns new ones, in the order New, In Progress, Resolved, Feedback, Closed,
-- Rejected; x is allowed, . is not, and - is where the issue is.
CREATE TABLE rm_expected (who text, old text, new text);
INSERT INTO rm_expected VALUES
    ('Manager',   'New', '-xxxxx'), ('Manager',   'In Progress', 'x-xxxx'), ('Manager',   'Resolved', 'xx-xxx'), ('Manager',   'Feedback', 'xxx-xx'), ('Manager',   'Closed', 'xxxx-x'), ('Manager',   'Rejected', 'xxxxx-'),
    ('Developer', 'New', '-xxxx.'), ('Developer', 'In Progress', '.-xxx.'), ('Developer', 'Resolved', '.x-xx.'), ('Developer', 'Feedback', '.xx-x.'), ('Developer', 'Closed', '....-.'), ('Developer', 'Rejected', '.....-'),
    ('Reporter',  'New', '-...x.'), ('Reporter',  'In Progress', '.-..x.'), ('Reporter',  'Resolved', '..-xx.'), ('Reporter',  'Feedback', '...-x.'), ('Reporter',  'Closed', '....-.'), ('Reporter',  'Rejected', '.....-'),
    ('both',      'New', '-xxxx.'), ('both',      'In Progress', '.-xxx.'), ('both',      'Resolved', '.x-xx.'), ('both',      'Feedback', '.xx-x.'), ('both',      'Closed', '....-.'), ('both',      'Rejected', '.....-'),
    ('nobody',    'New', '-.....'), ('nobody',    'In Progress', '.-....'), ('nobody',    'Resolved', '..-...'), ('nobody',    'Feedback', '...-..'), ('nobody',    'Closed', '....-.'), ('nobody',    'Rejected', '.....-');
CREATE TEMP VIEW matrix AS
    SELECT v.who, y.name AS tracker, o.name AS old, o.id,
           overlay(string_agg(CASE WHEN v.done THEN 'x' ELSE '.' END, '' ORDER BY n.id) PLACING '-' FROM (SELECT count(*)::integer FROM status AS b WHERE b.id <= o.id) FOR 0) AS new,
           bool_and(v.done = v.next) AS menu_agrees
    FROM rm_seen AS v JOIN issues AS i ON i.id = v.issue JOIN rbac.task_types AS y ON y.id = i.tracker_id
    JOIN status AS o ON o.id = i.status_id JOIN status AS n ON n.id = v.s
    GROUP BY 1, 2, 3, 4;
SELECT who, old, new FROM matrix WHERE tracker = 'Bug' ORDER BY array_position('{Manager,Developer,Reporter,both,nobody}', who), id;
SELECT count(*) AS rows, count(*) FILTER (WHERE m.new = e.new AND m.menu_agrees) AS as_documented
FROM matrix AS m FULL JOIN rm_expected AS e USING (who, old);

-- Author and assignee.
DELETE FROM rbac.workflow_transitions;
INSERT INTO rbac.workflow_transitions (workflow_id, approver_role_id, from_status_id, to_status_id, only_creator, only_assignee)
SELECT w.id, r.id, f.id, t.id, author, assignee
FROM rbac.workflows AS w, rbac.roles AS r, status AS f, status AS t,
     -- one row of both flags counts for either: two rows here
     (VALUES ('In Progress', false, false), ('Resolved', true, false), ('Feedback', false, true), ('Closed', true, false), ('Closed', false, true)) AS v (new, author, assignee)
WHERE w.name = 'Bug' AND r.name = 'Manager' AND f.name = 'New' AND t.name = v.new;
SELECT rbac.set_identity(pg_temp.id(101), pg_temp.id(1), local => false) \g /dev/null
SELECT author, assignee, array_agg(n.name ORDER BY n.status_id) FILTER (WHERE n.allowed) AS allowed
FROM (VALUES (false, false), (true, false), (false, true), (true, true)) AS v (author, assignee), rbac.task_types AS y, status AS f,
     LATERAL rbac.next_statuses(y.id, f.id, NULL, CASE WHEN assignee THEN pg_temp.id(101) ELSE pg_temp.id(102) END, CASE WHEN author THEN pg_temp.id(101) ELSE pg_temp.id(102) END) AS n
WHERE y.name = 'Bug' AND f.name = 'New' GROUP BY 1, 2 ORDER BY 1, 2;
-- The same by trying.
CREATE FUNCTION pg_temp.goes(i integer, s integer) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE issues SET status_id = s WHERE id = i;
    RAISE SQLSTATE 'RM000';
EXCEPTION
    WHEN SQLSTATE 'RM000' THEN RETURN true;
    WHEN check_violation OR insufficient_privilege THEN RETURN false;
END $$;
SET session_replication_role = replica;
INSERT INTO issues SELECT 200 + n, pg_temp.id(1), i.tracker_id, i.status_id, CASE WHEN n IN (1, 3) THEN pg_temp.id(101) END, CASE WHEN n IN (2, 3) THEN pg_temp.id(101) END
FROM issues AS i, generate_series(0, 3) AS n WHERE i.id = 1;
RESET session_replication_role;
SELECT i.author_id IS NOT NULL AS author, i.assigned_to_id IS NOT NULL AS assignee, array_agg(s.name ORDER BY s.id) FILTER (WHERE pg_temp.goes(i.id, s.id)) AS allowed
FROM issues AS i, status AS s WHERE i.id >= 200 AND s.name <> 'New' GROUP BY 1, 2 ORDER BY 1, 2;
-- Who is neither in the role nor in the project gets nowhere, author or not.
SELECT rbac.set_identity(pg_temp.id(102), pg_temp.id(1), local => false) \g /dev/null
SELECT count(*) FILTER (WHERE n.allowed) AS allowed FROM rbac.task_types AS y, status AS f,
     LATERAL rbac.next_statuses(y.id, f.id, NULL, pg_temp.id(102), pg_temp.id(102)) AS n WHERE y.name = 'Bug';
SELECT rbac.clear_identity() \g /dev/null

SET client_min_messages = warning;
DROP TABLE issues, rm_seen, rm_expected CASCADE;
DELETE FROM rbac.task_types WHERE name IN ('Bug', 'Feature', 'Support');
DELETE FROM rbac.workflows WHERE name IN ('Bug', 'Feature', 'Support');
DELETE FROM rbac.workflow_statuses WHERE id IN (SELECT id FROM status);
DELETE FROM rbac.users WHERE id BETWEEN pg_temp.id(101) AND pg_temp.id(105);
DELETE FROM rbac.tenants WHERE key = 'rm_project';
DELETE FROM rbac.roles WHERE name IN ('Manager', 'Developer', 'Reporter');
DROP OWNED BY regress_rbac_app;
DROP ROLE regress_rbac_app;
