-- Who still acts on what is no longer true?

CREATE FUNCTION rbac.revoke_barrier(timeout interval DEFAULT '10 s') RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'rbac_revoke_barrier';
COMMENT ON FUNCTION rbac.revoke_barrier(interval) IS
'Waits until no transaction of this database that was running when this was called is running any more, prepared ones included: after a revoke has committed, nobody here is then still acting on an answer from before it. True as soon as that is so, false if it is not when timeout is over (0: do not wait). Others who wait here are not waited for, nor is vacuum. On a standby it speaks of the standby''s own sessions. Not for PUBLIC: it tells of the transactions of others. Errors: 22004 (timeout is NULL), 22023 (timeout is negative), 25001 (inside a transaction block, or after a write in the same statement).';

REVOKE ALL ON FUNCTION rbac.revoke_barrier(interval) FROM PUBLIC;
