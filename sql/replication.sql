-- Marks, barriers and the publication: who may call them, what they refuse, and
-- what they answer in one session. (What they are for takes two servers: see
-- test/tap/revision.pl and test/tap/logical.pl.)
\set VERBOSITY terse
SET client_min_messages = error;    -- wal_level may be anything here
CREATE ROLE regress_rbac_app;
CREATE ROLE regress_rbac_reader;

-- A mark is reached where it was made, later marks are later, and marking
-- counts from the commit on.
CREATE TEMP TABLE mark (n int, revision bigint);
INSERT INTO mark SELECT 1, rbac.revision();
INSERT INTO mark SELECT 2, rbac.revision();
SELECT count(DISTINCT revision) AS marks, bool_and(rbac.wait_for_revision(revision)) AS reached,
       max(revision) FILTER (WHERE n = 2) > max(revision) FILTER (WHERE n = 1) AS later FROM mark;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT rbac.wait_for_revision(rbac.revision(), '0') AS own;
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT rbac.wait_for_revision(max(revision), '0') AS reached FROM mark;
COMMIT;

-- What was rolled back, or never made, is not reached.
SELECT rbac.revision() AS kept \gset
BEGIN;
SELECT rbac.revision() AS undone \gset
SELECT rbac.wait_for_revision(:undone, '0') AS own;
ROLLBACK;
SELECT rbac.wait_for_revision(:undone, '0') AS undone, rbac.wait_for_revision(:undone + 1000, '10 ms') AS never_made;

-- Marks are forgotten after a day, some at each call, and stay reached. One of
-- the old ones stays, so that only what is older than a day passes for reached.
INSERT INTO mark SELECT 3, rbac.revision();
UPDATE rbac._revisions SET created_at = created_at - interval '25 hours';
SELECT count(*) AS marks FROM rbac._revisions;
SELECT rbac.revision() AS young \gset
SELECT count(*) AS marks FROM rbac._revisions;
SELECT n, rbac.wait_for_revision(revision, '0') AS reached,
       EXISTS (SELECT FROM rbac._revisions AS r WHERE r.revision = mark.revision) AS kept FROM mark ORDER BY n;
SELECT rbac.wait_for_revision(:undone, '0') AS long_ago;
DELETE FROM rbac._revisions WHERE revision < :young;
SELECT rbac.wait_for_revision(:young - 1, '0') AS no_old_mark_is_left;
SELECT rbac.wait_for_revision(0, '0') AS before_all;
-- Twenty-five old ones go in three calls.
INSERT INTO rbac._revisions (created_at) SELECT now() - interval '2 days' FROM generate_series(1, 25);
DELETE FROM rbac._revisions WHERE revision = :young;
SELECT rbac.revision() > 0 AS marked, (SELECT count(*) FROM rbac._revisions) AS before;
SELECT rbac.revision() > 0 AS marked, (SELECT count(*) FROM rbac._revisions) AS before;
SELECT rbac.revision() > 0 AS marked, (SELECT count(*) FROM rbac._revisions) AS before;
SELECT count(*) AS after FROM rbac._revisions;
-- Under one snapshot for all statements nothing is forgotten.
UPDATE rbac._revisions SET created_at = created_at - interval '25 hours';
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT rbac.revision() > 0 AS marked;
COMMIT;
SELECT count(*) AS after FROM rbac._revisions;

-- Refusals.
\set VERBOSITY sqlstate
BEGIN READ ONLY;
SELECT rbac.revision();
ROLLBACK;
SELECT rbac.wait_for_revision(NULL);
SELECT rbac.wait_for_revision(1, NULL);
SELECT rbac.wait_for_revision(1, '-1 s');
SELECT rbac.revoke_barrier(NULL);
SELECT rbac.revoke_barrier('-1 s');
SELECT rbac.create_publication(NULL);

-- The barrier: nobody else is here. Not in a transaction block, nor after a
-- write in the same statement.
SELECT rbac.revoke_barrier();
\set VERBOSITY default
BEGIN;
SELECT rbac.revoke_barrier();
ROLLBACK;
\set VERBOSITY sqlstate
DO $$ BEGIN PERFORM rbac.revision(); PERFORM rbac.revoke_barrier(); END $$;
DO $$ BEGIN PERFORM rbac.revoke_barrier(); EXCEPTION WHEN active_sql_transaction THEN RAISE; END $$;
DO $$ BEGIN PERFORM rbac.revoke_barrier(); END $$;

-- Who may: everybody may wait; the rest is for whom it is granted to, who needs
-- no right to the table.
SET ROLE regress_rbac_reader;
SELECT rbac.wait_for_revision(0, '0');
SELECT rbac.revision();
SELECT rbac.revoke_barrier();
SELECT rbac.create_publication();
RESET ROLE;
GRANT EXECUTE ON FUNCTION rbac.revision(), rbac.revoke_barrier(interval), rbac.create_publication(name) TO regress_rbac_app;
SET ROLE regress_rbac_app;
SELECT rbac.wait_for_revision(rbac.revision(), '0');
SELECT rbac.revoke_barrier();
SELECT rbac.create_publication();
SELECT count(*) FROM rbac._revisions;
RESET ROLE;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO regress_rbac_app', current_database()); END $$;
SET ROLE regress_rbac_app;
SELECT rbac.create_publication();
RESET ROLE;

-- Marking runs nobody else's trigger with the owner's rights.
GRANT TRIGGER ON rbac._revisions TO regress_rbac_app;
GRANT CREATE ON SCHEMA public TO regress_rbac_app;
SET ROLE regress_rbac_app;
CREATE FUNCTION public.steal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'stolen as %', current_user; END $$;
CREATE TRIGGER steal BEFORE INSERT ON rbac._revisions FOR EACH ROW EXECUTE FUNCTION public.steal();
RESET ROLE;
\set VERBOSITY default
SELECT rbac.revision();
\set VERBOSITY sqlstate
DROP TRIGGER steal ON rbac._revisions;
DROP FUNCTION public.steal();
REVOKE TRIGGER ON rbac._revisions FROM regress_rbac_app;
REVOKE CREATE ON SCHEMA public FROM regress_rbac_app;
SELECT rbac.revision() > 0 AS marked;

-- The publication: all tables of the model and the marks, without what the
-- extension itself brings, and without the summaries, which each database has of its own.
SELECT rbac.create_publication();
SELECT rbac.create_publication();
SELECT rbac.create_publication('an "other" name');
SELECT pubname, pubinsert AND pubupdate AND pubdelete AND pubtruncate AS everything FROM pg_publication ORDER BY 1;
SELECT c.relname, pg_get_expr(p.prqual, p.prrelid) AS rows
FROM pg_publication_rel AS p JOIN pg_class AS c ON c.oid = p.prrelid
WHERE p.prpubid = (SELECT oid FROM pg_publication WHERE pubname = 'rbac') ORDER BY 1;
SELECT c.relname AS not_published FROM pg_class AS c
WHERE c.relnamespace = 'rbac'::regnamespace AND c.relkind = 'r' AND c.relname !~ '^_'
  AND NOT EXISTS (SELECT FROM pg_publication_rel AS p WHERE p.prrelid = c.oid)
ORDER BY 1;
DROP PUBLICATION rbac;
DROP PUBLICATION "an ""other"" name";

DO $$ BEGIN EXECUTE format('REVOKE CREATE ON DATABASE %I FROM regress_rbac_app', current_database()); END $$;
REVOKE ALL ON FUNCTION rbac.revision(), rbac.revoke_barrier(interval), rbac.create_publication(name) FROM regress_rbac_app;
DROP ROLE regress_rbac_app, regress_rbac_reader;
