-- Aggregates over statuses: for one report over many tasks, and as window
-- functions. Totals that are kept, rather than counted, are in create.sql.

CREATE FUNCTION rbac._status_counts_add(state internal, status_id integer) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_status_counts_add';
COMMENT ON FUNCTION rbac._status_counts_add(internal, integer) IS
'Counts one more of this status; NULL is a status.';

CREATE FUNCTION rbac._status_counts_remove(state internal, status_id integer) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_status_counts_remove';
COMMENT ON FUNCTION rbac._status_counts_remove(internal, integer) IS
'Takes back what _status_counts_add did, for a moving window.';

CREATE FUNCTION rbac._status_counts_combine(state internal, other internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_status_counts_combine';
COMMENT ON FUNCTION rbac._status_counts_combine(internal, internal) IS
'Adds the counts of other to those of state.';

CREATE FUNCTION rbac._status_counts_serialize(state internal) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_status_counts_serialize';
COMMENT ON FUNCTION rbac._status_counts_serialize(internal) IS
'Counts, for another process.';

CREATE FUNCTION rbac._status_counts_deserialize(data bytea, state internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_status_counts_deserialize';
COMMENT ON FUNCTION rbac._status_counts_deserialize(bytea, internal) IS
'Counts, from another process.';

CREATE FUNCTION rbac._status_counts_final(state internal) RETURNS jsonb
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_status_counts_final';
COMMENT ON FUNCTION rbac._status_counts_final(internal) IS
'Counts, as {"status": count}.';

CREATE AGGREGATE rbac.status_counts(status_id integer) (
    SFUNC = rbac._status_counts_add, STYPE = internal, SSPACE = 512,
    FINALFUNC = rbac._status_counts_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rbac._status_counts_combine,
    SERIALFUNC = rbac._status_counts_serialize, DESERIALFUNC = rbac._status_counts_deserialize,
    MSFUNC = rbac._status_counts_add, MINVFUNC = rbac._status_counts_remove, MSTYPE = internal, MSSPACE = 512,
    MFINALFUNC = rbac._status_counts_final, MFINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rbac.status_counts(integer) IS
'How many rows there are of each status, as {"status": count}, for example {"1": 5, "4": 2}; "null" counts rows without a status; {} if there are no rows. Parallel, and a moving aggregate where it is a window function. Error: 22003 (more than 2^63 - 1 rows).';

CREATE TYPE rbac.completion_totals AS (total bigint, completed bigint);
COMMENT ON TYPE rbac.completion_totals IS
'What rbac.completion() finds: all rows, and those that are completed.';

CREATE FUNCTION rbac._completion_add(state internal, status_id integer, completed integer[]) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_completion_add';
COMMENT ON FUNCTION rbac._completion_add(internal, integer, integer[]) IS
'Counts one more, completed if its status is one of completed.';

CREATE FUNCTION rbac._completion_remove(state internal, status_id integer, completed integer[]) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_completion_remove';
COMMENT ON FUNCTION rbac._completion_remove(internal, integer, integer[]) IS
'Takes back what _completion_add did, for a moving window.';

CREATE FUNCTION rbac._completion_combine(state internal, other internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_completion_combine';
COMMENT ON FUNCTION rbac._completion_combine(internal, internal) IS
'Adds the totals of other to those of state.';

CREATE FUNCTION rbac._completion_serialize(state internal) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_completion_serialize';
COMMENT ON FUNCTION rbac._completion_serialize(internal) IS
'Totals, for another process.';

CREATE FUNCTION rbac._completion_deserialize(data bytea, state internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_completion_deserialize';
COMMENT ON FUNCTION rbac._completion_deserialize(bytea, internal) IS
'Totals, from another process.';

CREATE FUNCTION rbac._completion_final(state internal) RETURNS rbac.completion_totals
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_completion_final';
COMMENT ON FUNCTION rbac._completion_final(internal) IS
'Totals, as a row.';

CREATE AGGREGATE rbac.completion(status_id integer, completed integer[]) (
    SFUNC = rbac._completion_add, STYPE = internal, SSPACE = 16,
    FINALFUNC = rbac._completion_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rbac._completion_combine,
    SERIALFUNC = rbac._completion_serialize, DESERIALFUNC = rbac._completion_deserialize,
    MSFUNC = rbac._completion_add, MINVFUNC = rbac._completion_remove, MSTYPE = internal, MSSPACE = 16,
    MFINALFUNC = rbac._completion_final, MFINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rbac.completion(integer, integer[]) IS
'How many rows there are, and how many of them have one of the statuses in completed: (total bigint, completed bigint); (0, 0) if there are no rows. A row without a status counts in total only; so does every row where completed is NULL. Parallel, and a moving aggregate where it is a window function.';

REVOKE ALL ON FUNCTION
    rbac._status_counts_add(internal, integer), rbac._status_counts_remove(internal, integer),
    rbac._status_counts_combine(internal, internal), rbac._status_counts_serialize(internal),
    rbac._status_counts_deserialize(bytea, internal), rbac._status_counts_final(internal),
    rbac._completion_add(internal, integer, integer[]), rbac._completion_remove(internal, integer, integer[]),
    rbac._completion_combine(internal, internal), rbac._completion_serialize(internal),
    rbac._completion_deserialize(bytea, internal), rbac._completion_final(internal),
    rbac.status_counts(integer), rbac.completion(integer, integer[])
    FROM PUBLIC;
-- An aggregate runs its parts with the rights of its owner; the two themselves
-- tell of nothing but what they are given.
GRANT EXECUTE ON FUNCTION rbac.status_counts(integer), rbac.completion(integer, integer[]) TO PUBLIC;
