-- Marks: a moment on the authority, to be waited for on a replica. Not marked
-- for dump: what a mark proves is how far a replica has come, and a restored
-- database is nobody's replica.
CREATE TABLE rbac._revisions (
    revision    bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    created_at  timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT _revisions_pkey PRIMARY KEY (revision)
);
CREATE INDEX _revisions_created_at ON rbac._revisions (created_at);
COMMENT ON TABLE rbac._revisions IS
'Marks of rbac.revision(), kept for a day. A replica that shows one has applied all that was committed before it.';

CREATE FUNCTION rbac.revision() RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'rbac_revision';
COMMENT ON FUNCTION rbac.revision() IS
'Marks this moment on the authority (the database where roles are granted) and returns the mark, for rbac.wait_for_revision() on a replica: once the mark is there, so is all that was committed before this was called, and all that this transaction has done. Counts from the commit on. A mark is good for a day, and in transactions that last less. Not for PUBLIC: grant it to whoever changes roles. Errors: 25006 (a standby, or a read-only transaction), 55000 (a subscriber).';

CREATE FUNCTION rbac.wait_for_revision(revision bigint, timeout interval DEFAULT '10 s') RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'rbac_wait_for_revision';
COMMENT ON FUNCTION rbac.wait_for_revision(bigint, interval) IS
'Waits until this database, a standby, a subscriber or the authority itself, has come as far as the mark that rbac.revision() returned on the authority: true as soon as it has, false if it has not when timeout is over (0: do not wait). Also false for a mark that was never committed, and while the tables of a subscriber are not in sync. At every isolation level; checks that start afterwards see what the mark stands for. For everybody: it tells no more than time does. Errors: 22004 (an argument is NULL), 22023 (timeout is negative).';

REVOKE ALL ON FUNCTION rbac.revision(), rbac.wait_for_revision(bigint, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rbac.wait_for_revision(bigint, interval) TO PUBLIC;
