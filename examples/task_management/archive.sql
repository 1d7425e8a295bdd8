-- Partitions come and go: new ones for the months to come, and old ones, or what is
-- completed of them, to the archive. For who owns the tables, and is not bound by their
-- row-level security; to be run once a month or so.

CREATE FUNCTION work._make_partition(of_table text, month date) RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
    IF to_regclass(format('work.%I', work._partition_name(of_table, month))) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE work.%I PARTITION OF work.%I FOR VALUES %s', work._partition_name(of_table, month), of_table, work._bounds(month));
    RETURN true;
END $$;

CREATE PROCEDURE work.make_partitions(months integer DEFAULT 3)
LANGUAGE plpgsql
AS $$
DECLARE
    made boolean := false;
BEGIN
    FOR ahead IN 0 .. months LOOP
        made := work._make_partition('tasks', (work._month(now()) + make_interval(months => ahead))::date) OR made;
    END LOOP;
    -- that who names a partition in a query is bound by it as well
    IF made THEN
        CALL work._protect();
    END IF;
END $$;
COMMENT ON PROCEDURE work.make_partitions(integer) IS
'Makes the partitions of tasks for this month and as many as asked for after it, as far as they are not there.';

-- A month that is over, and of which nothing is left to do, goes as a whole: no row is
-- copied. Of others, completed tasks are moved, so many at a time, each batch in a
-- transaction of its own, so that nobody waits for long. Tasks that somebody is changing
-- right now are left for the next time.
CREATE PROCEDURE work.archive_tasks(months integer DEFAULT 6, batch integer DEFAULT 20000, INOUT whole_months integer DEFAULT 0, INOUT moved bigint DEFAULT 0)
LANGUAGE plpgsql
AS $$
DECLARE
    p record;
    target name;
    constraint_name name;
    is_whole boolean;
    made boolean := false;
    n bigint;
BEGIN
    IF months IS NULL OR months < 1 OR batch IS NULL OR batch < 1 THEN
        RAISE invalid_parameter_value USING MESSAGE = 'months and batch must be 1 or more';
    ELSIF row_security_active('work.tasks') THEN
        RAISE insufficient_privilege USING MESSAGE = 'permission denied to archive tasks',
            DETAIL = 'Row-level security hides rows from this role.', HINT = 'Call it as a superuser, or as an owner with BYPASSRLS.';
    END IF;
    whole_months := 0;
    moved := 0;
    FOR p IN
        SELECT partition, month FROM work.partitions
        WHERE month < work._month(now()) - make_interval(months => months) ORDER BY month
    LOOP
        target := work._partition_name('archived_tasks', p.month);
        is_whole := false;
        IF to_regclass(format('work.%I', target)) IS NULL THEN
            -- nobody writes to it between the look and the move
            EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', p.partition);
            EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s WHERE status_id <> ALL ($1)) AND EXISTS (SELECT FROM %1$s)', p.partition)
            INTO is_whole USING work.completed_statuses();
            IF is_whole THEN
                EXECUTE format('ALTER TABLE work.tasks DETACH PARTITION %s', p.partition);
                EXECUTE format('ALTER TABLE %s RENAME TO %I', p.partition, target);
                FOR constraint_name IN SELECT conname FROM pg_constraint WHERE conrelid = p.partition AND contype = 'f' LOOP
                    EXECUTE format('ALTER TABLE work.%I DROP CONSTRAINT %I', target, constraint_name);
                END LOOP;
                EXECUTE format('ALTER TABLE work.archived_tasks ATTACH PARTITION work.%I FOR VALUES %s', target, work._bounds(p.month));
                whole_months := whole_months + 1;
            ELSE
                PERFORM work._make_partition('archived_tasks', p.month);
            END IF;
            made := true;
            COMMIT;
        END IF;
        WHILE NOT is_whole LOOP
            EXECUTE format($q$
                WITH gone AS (
                    DELETE FROM %1$s WHERE ctid = ANY (ARRAY(
                        SELECT ctid FROM %1$s WHERE status_id = ANY ($1) LIMIT $2 FOR UPDATE SKIP LOCKED))
                    RETURNING *
                )
                INSERT INTO work.archived_tasks SELECT * FROM gone
                $q$, p.partition)
            USING work.completed_statuses(), batch;
            GET DIAGNOSTICS n = ROW_COUNT;
            COMMIT;
            EXIT WHEN n = 0;
            moved := moved + n;
        END LOOP;
    END LOOP;
    IF made THEN
        CALL work._protect();
    END IF;
    -- so that the next reports need not put together what has changed
    PERFORM rbac.compact_summary('work.tasks_by_assignee');
END $$;
COMMENT ON PROCEDURE work.archive_tasks(integer, integer, integer, bigint) IS
'Moves completed tasks that were made more than so many whole months ago to the archive: month by month as partitions where all are completed, else so many rows at a time. Returns how many months and how many tasks of others that were. Cannot run inside a transaction. Errors: 22023, 42501 (called by who is bound by row-level security).';
