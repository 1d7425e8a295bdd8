-- The decisions of a publishing workflow, guarded by permissions, that nobody here
-- wrote: Plone's "simple publication workflow".
--
-- Facts. Its states are private, where things start, pending and published; its
-- transitions, each with the permission that guards it:
--   submit   private -> pending                "Request review"
--   publish  private, pending -> published     "Review portal content"
--   retract  pending, published -> private     "Request review"
--   reject   pending, published -> private     "Review portal content"
-- A site gives "Request review" to the roles Manager, Site Administrator, Owner and
-- Editor, and "Review portal content" to Manager, Site Administrator and Reviewer;
-- to Member, Reader, Contributor and Authenticated neither, and Anonymous is nobody.
-- Owner is who made the thing: here only_creator.
\set SHOW_CONTEXT never
\set VERBOSITY terse
CREATE FUNCTION pg_temp.id(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE
    RETURN ('00000000-0000-0000-0000-' || lpad((46000000 + n)::text, 12, '0'))::uuid;
CREATE ROLE regress_rbac_app;
GRANT EXECUTE ON FUNCTION rbac.set_identity TO regress_rbac_app;
INSERT INTO rbac.tenants (id, key, name) VALUES (pg_temp.id(1), 'pl_site', 'A site');
SELECT rbac.create_scope('RequestReview'), rbac.create_scope('ReviewPortalContent') \g /dev/null
SELECT rbac.create_permission('Request review', scopes => '{RequestReview}'), rbac.create_permission('Review portal content', scopes => '{ReviewPortalContent}') \g /dev/null
SELECT rbac.create_role(r, permissions => p) FROM (VALUES
    ('pl Manager', '{Request review,Review portal content}'::text[]), ('pl Site Administrator', '{Request review,Review portal content}'),
    ('pl Editor', '{Request review}'), ('pl Reviewer', '{Review portal content}'), ('pl Member', '{}'), ('pl Reader', '{}'), ('pl Contributor', '{}')) AS v (r, p) \g /dev/null
-- One person for each role; Authenticated and Owner hold none.
INSERT INTO rbac.users (id, username) SELECT pg_temp.id(100 + n::integer), r
FROM unnest('{Manager,Site Administrator,Editor,Reviewer,Member,Reader,Contributor,Authenticated,Owner}'::text[]) WITH ORDINALITY AS u (r, n);
SELECT rbac.grant_role(u.id, 'pl ' || u.username, pg_temp.id(1)) FROM rbac.users AS u JOIN rbac.roles AS r ON r.name = 'pl ' || u.username \g /dev/null
INSERT INTO rbac.workflow_statuses (id, name) VALUES (9601, 'private'), (9602, 'pending'), (9603, 'published');
INSERT INTO rbac.workflows (id, name, initial_status_id) VALUES (9601, 'simple publication', 9601);
INSERT INTO rbac.task_types (id, name, workflow_id) VALUES (9601, 'Document', 9601);
INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id, required_scope_id, only_creator)
SELECT 9601, f.id, t.id, s.id, v.only_creator
FROM (VALUES
    ('private', 'pending', 'RequestReview', false),         ('private', 'pending', NULL, true),
    ('private', 'published', 'ReviewPortalContent', false), ('pending', 'published', 'ReviewPortalContent', false),
    ('pending', 'private', 'RequestReview', false),         ('pending', 'private', NULL, true),
    ('published', 'private', 'RequestReview', false),       ('published', 'private', NULL, true),
    ('pending', 'private', 'ReviewPortalContent', false),   ('published', 'private', 'ReviewPortalContent', false)) AS v (old, new, scope, only_creator)
JOIN rbac.workflow_statuses AS f ON f.name = v.old JOIN rbac.workflow_statuses AS t ON t.name = v.new LEFT JOIN rbac.scopes AS s ON s.name = v.scope
ORDER BY f.id, t.id, s.name;
SELECT rbac.workflow_diagram(9601);
SELECT * FROM rbac.check_workflow(9601);

CREATE TABLE documents (id integer PRIMARY KEY, site uuid, portal_type integer, review_state integer, creator uuid);
INSERT INTO documents SELECT id, pg_temp.id(1), 9601, id, pg_temp.id(109) FROM rbac.workflow_statuses WHERE id BETWEEN 9601 AND 9603;
SELECT rbac.attach_workflow('documents', 'review_state', 'portal_type', 'site', creator_column => 'creator');
GRANT SELECT, INSERT, UPDATE ON documents TO regress_rbac_app;
CREATE TABLE pl_seen (who text, old integer, new integer, verdict text, next boolean);
GRANT INSERT ON pl_seen TO regress_rbac_app;
CREATE PROCEDURE pg_temp.try_all(who text) LANGUAGE plpgsql AS $$
DECLARE d documents; s integer; verdict text;
BEGIN
    FOR d IN SELECT * FROM documents LOOP
        FOR s IN 9601..9603 LOOP
            CONTINUE WHEN s = d.review_state;
            BEGIN
                UPDATE documents SET review_state = s WHERE id = d.id;
                RAISE SQLSTATE 'PL000';
            EXCEPTION
                WHEN SQLSTATE 'PL000' THEN verdict := 'done';
                WHEN OTHERS THEN verdict := sqlstate;
            END;
            INSERT INTO pl_seen VALUES (who, d.review_state, s, verdict,
                (SELECT n.allowed FROM rbac.next_statuses(9601, d.review_state, d.site, NULL, d.creator) AS n WHERE n.status_id = s));
        END LOOP;
    END LOOP;
END $$;
SET ROLE regress_rbac_app;
CALL pg_temp.try_all('Anonymous');
DO $$
BEGIN
    FOR n IN 101..109 LOOP
        PERFORM rbac.set_identity(pg_temp.id(n), pg_temp.id(1), local => false);
        CALL pg_temp.try_all((ARRAY['Manager', 'Site Administrator', 'Editor', 'Reviewer', 'Member', 'Reader', 'Contributor', 'Authenticated', 'Owner'])[n - 100]);
    END LOOP;
    PERFORM rbac.clear_identity();
END $$;
RESET ROLE;

-- The whole table as it is documented, by hand: the permissions of each role, and
-- the transitions of each state with the one that guards it.
CREATE TABLE pl_holds (who text, permission text);
INSERT INTO pl_holds VALUES ('Manager', 'Request review'), ('Site Administrator', 'Request review'), ('Owner', 'Request review'), ('Editor', 'Request review'),
    ('Manager', 'Review portal content'), ('Site Administrator', 'Review portal content'), ('Reviewer', 'Review portal content');
CREATE TABLE pl_exits (old integer, transition text, new integer, guard text);
INSERT INTO pl_exits VALUES (9601, 'submit', 9602, 'Request review'), (9601, 'publish', 9603, 'Review portal content'),
    (9602, 'publish', 9603, 'Review portal content'), (9602, 'reject', 9601, 'Review portal content'), (9602, 'retract', 9601, 'Request review'),
    (9603, 'retract', 9601, 'Request review'), (9603, 'reject', 9601, 'Review portal content');
SELECT who, old.name AS old, string_agg(new.name || CASE verdict WHEN 'done' THEN '' WHEN '42501' THEN ' not' WHEN '28000' THEN ' who?' ELSE ' never' END, ', ' ORDER BY new.id) AS new
FROM pl_seen AS v JOIN rbac.workflow_statuses AS old ON old.id = v.old JOIN rbac.workflow_statuses AS new ON new.id = v.new
GROUP BY who, old.id ORDER BY who, old.id;
SELECT count(*) AS decisions, count(*) FILTER (WHERE verdict =
        CASE WHEN NOT EXISTS (SELECT FROM pl_exits AS e WHERE e.old = v.old AND e.new = v.new) THEN '23514'
             WHEN EXISTS (SELECT FROM pl_exits AS e JOIN pl_holds AS h ON h.permission = e.guard WHERE e.old = v.old AND e.new = v.new AND h.who = v.who) THEN 'done'
             WHEN who = 'Anonymous' THEN '28000' ELSE '42501' END) AS as_documented,
    count(*) FILTER (WHERE coalesce(next, false) = (verdict = 'done')) AS menu_agrees
FROM pl_seen AS v;

SET client_min_messages = warning;
DROP TABLE documents, pl_seen, pl_holds, pl_exits CASCADE;
DELETE FROM rbac.task_types WHERE id = 9601;
DELETE FROM rbac.workflows WHERE id = 9601;
DELETE FROM rbac.workflow_statuses WHERE id BETWEEN 9601 AND 9603;
DELETE FROM rbac.users WHERE id BETWEEN pg_temp.id(101) AND pg_temp.id(109);
DELETE FROM rbac.tenants WHERE key = 'pl_site';
DELETE FROM rbac.roles WHERE name LIKE 'pl %';
DELETE FROM rbac.permissions WHERE name IN ('Request review', 'Review portal content');
DELETE FROM rbac.scopes WHERE name IN ('RequestReview', 'ReviewPortalContent');
DROP OWNED BY regress_rbac_app;
DROP ROLE regress_rbac_app;
