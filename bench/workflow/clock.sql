-- Begin and end of what is measured; round 0 warms up. (isolation/clock.sql does
-- the same for entrants that are queries.)

CREATE FUNCTION bench.stop(contest text, entrant text, round integer, calls bigint) RETURNS void
LANGUAGE sql VOLATILE AS $$
    INSERT INTO bench.turns
    SELECT contest, entrant, round, (bench.cpu_ns() - current_setting('bench.began')::float8) / calls
    WHERE round > 0;
$$;
CREATE FUNCTION bench.start() RETURNS void
LANGUAGE sql VOLATILE AS $$
    SELECT set_config('bench.began', bench.cpu_ns()::text, false);
$$;
