-- The tables behind a summary, and SQL about them.
--
-- counts has a row for each group and status, groups one for each group, pending
-- what has changed since these two were brought up to date: rows that add to them.
-- No key is ever written by two transactions at once, since all that writers do is
-- to append to pending (pile.c), and one at a time folds (fold.c).

CREATE FUNCTION rbac._slot(VARIADIC key "any") RETURNS integer
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_slot';
COMMENT ON FUNCTION rbac._slot("any") IS
'A hash of the columns of a group. Error: 42883 (a type that cannot be hashed).';

CREATE FUNCTION rbac._is_countable(type regtype) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_is_countable';
COMMENT ON FUNCTION rbac._is_countable(regtype) IS
'Can values of this type be hashed and compared?';

CREATE FUNCTION rbac._counted_columns(tbl regclass, summary_id integer) RETURNS name[]
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_counted_columns';
COMMENT ON FUNCTION rbac._counted_columns(regclass, integer) IS
'What the columns of a summary''s key are called in its source, or in a partition of it: the group columns, those counted apart, and the status; NULL if its rows are not counted.';

CREATE FUNCTION rbac._execute_fresh(statement text) RETURNS bigint
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'rbac_execute_fresh';
COMMENT ON FUNCTION rbac._execute_fresh(text) IS
'Executes a statement, as the caller, under a snapshot that sees all that is committed, at any isolation level; returns the number of rows.';

-- Names as a list in SQL: a, "B". With a prefix: t.a, t."B".
CREATE FUNCTION rbac._column_list(columns name[], prefix text DEFAULT '') RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(string_agg(prefix || quote_ident(c.name), ', ' ORDER BY c.n), '')
    FROM unnest(columns) WITH ORDINALITY AS c (name, n);
$$;
COMMENT ON FUNCTION rbac._column_list(name[], text) IS
'Names of columns, as a list in SQL.';

CREATE FUNCTION rbac._summary(summary_id integer) RETURNS rbac.summaries
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT s FROM rbac.summaries AS s WHERE s.id = summary_id; $$;
COMMENT ON FUNCTION rbac._summary(integer) IS
'A summary, by its id.';

-- The key's columns in the tables behind a summary.
CREATE FUNCTION rbac._key_of(s rbac.summaries) RETURNS name[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT s.group_columns || s.hidden_columns || s.status_column; $$;
COMMENT ON FUNCTION rbac._key_of(rbac.summaries) IS
'The columns of the key in the tables behind a summary, the status last.';

CREATE FUNCTION rbac._column_definition(tbl regclass, column_name name) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    a pg_attribute;
    base record;
    type CONSTANT regtype := rbac._column_type(tbl, column_name, 'integer');
BEGIN
    SELECT * INTO a FROM pg_attribute WHERE attrelid = tbl AND attname = column_name;
    IF NOT rbac._is_countable(type) THEN
        RAISE datatype_mismatch USING
            MESSAGE = format('column "%s" of table "%s" is of type %s', column_name, rbac._table_name(tbl), type),
            DETAIL = 'Groups are told apart by hashing, and values of this type have no hash.',
            HINT = 'Group by a column of another type, for example a generated one.';
    END IF;
    SELECT t.typcollation, c.collname, c.collisdeterministic, n.nspname INTO base
    FROM pg_type AS t LEFT JOIN pg_collation AS c ON c.oid = a.attcollation
    LEFT JOIN pg_namespace AS n ON n.oid = c.collnamespace
    WHERE t.oid = type;
    IF NOT base.collisdeterministic THEN
        RAISE feature_not_supported USING
            MESSAGE = format('column "%s" of table "%s" takes different texts for equal', column_name, rbac._table_name(tbl)),
            DETAIL = 'Its collation is nondeterministic.',
            HINT = 'Group by a column of another collation, for example a generated one.';
    END IF;
    RETURN format('%I %s%s', column_name,
        format_type(type, CASE WHEN a.atttypid = type THEN a.atttypmod ELSE -1 END),
        CASE WHEN a.attcollation <> base.typcollation THEN format(' COLLATE %I.%I', base.nspname, base.collname) ELSE '' END);
END $$;
COMMENT ON FUNCTION rbac._column_definition(regclass, name) IS
'How a column like this one is declared, without constraints and domains. Errors: 42703 (no such column), 42804 (of a type that has no hash), 0A000 (of a nondeterministic collation).';

CREATE FUNCTION rbac._make_summary_tables(
    schema name, name name, source regclass, group_columns name[], hidden_columns name[], status_column name,
    OUT counts regclass, OUT groups regclass, OUT pending regclass
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    apart CONSTANT name[] := group_columns || hidden_columns;
    definitions text := '';
    slot CONSTANT text := CASE WHEN cardinality(apart) = 0 THEN '0' ELSE format('rbac._slot(%s)', rbac._column_list(apart)) END;
    -- what a crash empties is counted by what a crash empties
    logged CONSTANT text := CASE relpersistence WHEN 'u' THEN 'UNLOGGED' ELSE '' END FROM pg_class WHERE oid = source;
    c name;
BEGIN
    FOREACH c IN ARRAY apart LOOP
        definitions := definitions || ', ' || rbac._column_definition(source, c);
    END LOOP;

    EXECUTE format('CREATE %s TABLE %I.%I (_slot integer GENERATED ALWAYS AS (%s) STORED%s, %s, _count bigint NOT NULL, CONSTRAINT %I UNIQUE NULLS NOT DISTINCT (%s)) WITH (fillfactor = 80)',
        logged, schema, '_' || name || '_counts', slot, definitions, rbac._column_definition(source, status_column),
        '_' || name || '_counts_key', rbac._column_list(apart || status_column));
    counts := format('%I.%I', schema, '_' || name || '_counts')::regclass;
    EXECUTE format('CREATE INDEX %I ON %s (_slot)', '_' || name || '_counts_slot', counts);
    EXECUTE format('COMMENT ON TABLE %s IS %L', counts, format('Behind the summary "%s": rows counted by group and status, but for what is pending. Written by rbac only.', name));

    EXECUTE format('CREATE %s TABLE %I.%I (_slot integer GENERATED ALWAYS AS (%s) STORED%s, _total bigint NOT NULL, _counts jsonb NOT NULL, CONSTRAINT %I UNIQUE NULLS NOT DISTINCT (%s)) WITH (fillfactor = 80)',
        logged, schema, '_' || name || '_groups', slot, definitions, '_' || name || '_groups_key',
        CASE WHEN cardinality(apart) = 0 THEN '_slot' ELSE rbac._column_list(apart) END);
    groups := format('%I.%I', schema, '_' || name || '_groups')::regclass;
    EXECUTE format('CREATE INDEX %I ON %s (_slot)', '_' || name || '_groups_slot', groups);
    -- for a page of a report in the order of totals
    EXECUTE format('CREATE INDEX %I ON %s (_total)', '_' || name || '_groups_total', groups);
    EXECUTE format('COMMENT ON TABLE %s IS %L', groups, format('Behind the summary "%s": rows counted by group, but for what is pending. Written by rbac only.', name));

    -- It has no index, so that to append is all that there is to writing.
    EXECUTE format('CREATE %s TABLE %I.%I (_slot integer GENERATED ALWAYS AS (%s) STORED%s, %s, _count bigint NOT NULL) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0)',
        logged, schema, '_' || name || '_pending', slot, definitions, rbac._column_definition(source, status_column));
    pending := format('%I.%I', schema, '_' || name || '_pending')::regclass;
    EXECUTE format('COMMENT ON TABLE %s IS %L', pending, format('Behind the summary "%s": what has changed since the other tables were brought up to date. Written by rbac only.', name));
END $$;
COMMENT ON FUNCTION rbac._make_summary_tables(name, name, regclass, name[], name[], name) IS
'Creates the three tables behind a summary.';

CREATE FUNCTION rbac._constraint_of(tbl regclass) RETURNS name
LANGUAGE sql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$ SELECT conname FROM pg_constraint WHERE conrelid = tbl AND contype = 'u'; $$;
COMMENT ON FUNCTION rbac._constraint_of(regclass) IS
'The one unique constraint of a table behind a summary.';

-- What is pending goes into the other two tables. The first statement returns how
-- many rows that were, and the slots of what they add to; the others take these.
CREATE FUNCTION rbac._fold_statements(summary_id integer) RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    s CONSTANT rbac.summaries := rbac._summary(summary_id);
    apart CONSTANT name[] := s.group_columns || s.hidden_columns;
    key CONSTANT text := rbac._column_list(rbac._key_of(s));
    group_key CONSTANT text := rbac._column_list(apart);
BEGIN
    RETURN ARRAY[
        format($sql$
            WITH gone AS (DELETE FROM %1$s RETURNING *),
            added AS (
                INSERT INTO %2$s AS c (%3$s, _count)
                SELECT %3$s, sum(_count) FROM gone GROUP BY %3$s HAVING sum(_count) <> 0
                ON CONFLICT ON CONSTRAINT %4$I DO UPDATE SET _count = c._count + excluded._count
                RETURNING _slot)
            SELECT (SELECT count(*) FROM gone), coalesce((SELECT array_agg(DISTINCT _slot) FROM added), '{}')
            $sql$, s.pending, s.counts, key, rbac._constraint_of(s.counts)),
        format($sql$
            INSERT INTO %1$s AS g (%2$s _total, _counts)
            SELECT %2$s sum(_count), coalesce(jsonb_object_agg(coalesce(%3$I::text, 'null'), _count) FILTER (WHERE _count <> 0), '{}')
            FROM %4$s WHERE _slot = ANY ($1) %5$s
            ON CONFLICT ON CONSTRAINT %6$I DO UPDATE SET _total = excluded._total, _counts = excluded._counts
            $sql$, s.groups, CASE WHEN group_key <> '' THEN group_key || ',' ELSE '' END, s.status_column, s.counts,
            CASE WHEN group_key <> '' THEN 'GROUP BY ' || group_key ELSE '' END, rbac._constraint_of(s.groups)),
        format('DELETE FROM %s WHERE _slot = ANY ($1) AND _counts = %L', s.groups, '{}'),
        format('DELETE FROM %s WHERE _slot = ANY ($1) AND _count = 0', s.counts)];
END $$;
COMMENT ON FUNCTION rbac._fold_statements(integer) IS
'The statements that add what is pending to the other tables behind a summary, and delete it. One transaction at a time may execute them.';

CREATE FUNCTION rbac._leaves(tbl regclass) RETURNS SETOF regclass
LANGUAGE sql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT relid FROM pg_partition_tree(tbl) WHERE isleaf
    UNION
    SELECT oid::regclass FROM pg_class WHERE oid = tbl AND relkind = 'r';
$$;
COMMENT ON FUNCTION rbac._leaves(regclass) IS
'The tables that hold the rows of a table, partitioned or not.';

-- A condition that is true of every row, and says how far a long count is.
CREATE FUNCTION rbac._tell_progress(what text, tbl regclass, expected bigint) RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 1
AS 'MODULE_PATHNAME', 'rbac_tell_progress';
COMMENT ON FUNCTION rbac._tell_progress(text, regclass, bigint) IS
'True; raises a notice now and then, if a million rows or more are expected.';

CREATE FUNCTION rbac._told_progress(what text, tbl regclass) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('rbac._tell_progress(%L, %L, %s)', what, tbl, coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint)
    FROM rbac._leaves(tbl) AS l JOIN pg_class AS c ON c.oid = l;
$$;
COMMENT ON FUNCTION rbac._told_progress(text, regclass) IS
'A condition, as SQL, that is true of every row of a table and says how far the count is.';

-- Rows of a table as changes to a summary: the source, or a partition that comes
-- or goes (sign -1). Nobody else may be writing to it.
CREATE FUNCTION rbac._count_all(summary_id integer, tbl regclass, sign integer) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    s CONSTANT rbac.summaries := rbac._summary(summary_id);
    -- of the table itself if it has them: who has locked a partition must not want
    -- its parent after that, which others lock first
    columns CONSTANT text := rbac._column_list(coalesce(rbac._counted_columns(tbl, summary_id), rbac._counted_columns(s.source, summary_id)));
BEGIN
    RETURN rbac._execute_fresh(format('INSERT INTO %s (%s, _count) SELECT %s, %s * count(*) FROM %s WHERE %s GROUP BY %s',
        s.pending, rbac._column_list(rbac._key_of(s)), columns, sign, tbl, rbac._told_progress('counting', tbl), columns));
END $$;
COMMENT ON FUNCTION rbac._count_all(integer, regclass, integer) IS
'Appends the rows of a table, counted, to what is pending; returns how many rows that took.';

-- The source is empty.
CREATE FUNCTION rbac._count_nothing(summary_id integer, source regclass) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    s CONSTANT rbac.summaries := rbac._summary(summary_id);
    key CONSTANT text := rbac._column_list(rbac._key_of(s));
BEGIN
    RETURN rbac._execute_fresh(format('INSERT INTO %1$s (%2$s, _count) SELECT %2$s, -sum(_count) FROM (SELECT %2$s, _count FROM %1$s UNION ALL SELECT %2$s, _count FROM %3$s) AS parts GROUP BY %2$s HAVING sum(_count) <> 0',
        s.pending, key, s.counts));
END $$;
COMMENT ON FUNCTION rbac._count_nothing(integer, regclass) IS
'Appends to what is pending that which makes all counts zero; returns how many rows that took.';

REVOKE ALL ON FUNCTION rbac._slot("any"), rbac._is_countable(regtype), rbac._counted_columns(regclass, integer),
    rbac._execute_fresh(text), rbac._column_list(name[], text), rbac._summary(integer), rbac._key_of(rbac.summaries),
    rbac._column_definition(regclass, name),
    rbac._make_summary_tables(name, name, regclass, name[], name[], name),
    rbac._fold_statements(integer), rbac._constraint_of(regclass), rbac._leaves(regclass), rbac._tell_progress(text, regclass, bigint), rbac._told_progress(text, regclass),
    rbac._count_all(integer, regclass, integer), rbac._count_nothing(integer, regclass) FROM PUBLIC;
-- They run with the rights of a summary's owner, whoever that is.
GRANT EXECUTE ON FUNCTION rbac._slot("any"), rbac._is_countable(regtype), rbac._counted_columns(regclass, integer),
    rbac._execute_fresh(text), rbac._column_list(name[], text), rbac._summary(integer), rbac._key_of(rbac.summaries),
    rbac._column_definition(regclass, name),
    rbac._make_summary_tables(name, name, regclass, name[], name[], name),
    rbac._fold_statements(integer), rbac._constraint_of(regclass), rbac._leaves(regclass), rbac._tell_progress(text, regclass, bigint), rbac._told_progress(text, regclass),
    rbac._count_all(integer, regclass, integer), rbac._count_nothing(integer, regclass) TO PUBLIC;
