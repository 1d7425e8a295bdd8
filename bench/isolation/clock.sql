-- How statements of clients are measured: each is one of its own, in turns.
--
-- bench.hold (stopwatch.sql) runs all turns inside of one statement, for which
-- rbac remembers where a scope is held; here, that has to be found out each time.

-- Begin and end of what is measured. Whoever is measured calls them.
CREATE FUNCTION bench.start() RETURNS void
LANGUAGE sql VOLATILE AS $$
    SELECT set_config('bench.began', bench.cpu_ns() || ' ' || clock_timestamp(), false);
$$;

-- Round 0 warms up, and counts only if it took so long that one may be enough.
CREATE FUNCTION bench.stop(contest text, entrant text, round integer) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $$
DECLARE
    taken CONSTANT float8 := bench.cpu_ns() - split_part(current_setting('bench.began'), ' ', 1)::float8;
    began CONSTANT timestamptz := substr(current_setting('bench.began'), strpos(current_setting('bench.began'), ' ') + 1);
    timeout CONSTANT interval := current_setting('statement_timeout');
BEGIN
    IF round > 0 OR taken > 2e9 THEN
        INSERT INTO bench.turns
        SELECT e.contest, e.entrant, round,
               CASE WHEN timeout > '0' AND e.calls = 1 AND clock_timestamp() - began > timeout THEN 'Infinity' ELSE taken / e.calls END
        FROM bench.entrants AS e WHERE (e.contest, e.entrant) = (stop.contest, stop.entrant);
    END IF;
END
$$;

-- The rows that an entrant's role gets from a table, as one number.
CREATE FUNCTION bench.rows_of(db_role name, tbl regclass, condition text DEFAULT 'true') RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    rows text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', db_role);
    EXECUTE format('SELECT count(*) || '' rows, '' || coalesce(sum(hashint8extended(id, 0)), 0) FROM %s WHERE %s', tbl, condition) INTO rows;
    SET LOCAL ROLE NONE;
    RETURN rows;
END
$$;

-- What rbac's functions have made for everybody is for one role.
CREATE PROCEDURE bench.policies_are_for(tbl regclass, db_role name) LANGUAGE plpgsql AS $$
DECLARE
    policy name;
BEGIN
    FOR policy IN SELECT polname FROM pg_policy WHERE polrelid = tbl AND starts_with(polname, 'rbac_') LOOP
        EXECUTE format('ALTER POLICY %I ON %s TO %I', policy, tbl, db_role);
        EXECUTE format('ALTER POLICY %I ON %s RENAME TO %I', policy, tbl, db_role || ' ' || policy);
    END LOOP;
END
$$;
