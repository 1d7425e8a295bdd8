-- How the benchmarks measure.
--
-- Machines are noisy, and drift; so what is to be compared runs in turns
-- (A B C A B C ...) in one session, in processor time of that session, and
-- what counts is the median.

CREATE SCHEMA bench;
GRANT USAGE ON SCHEMA bench TO PUBLIC;

CREATE FUNCTION bench.trivial(text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS :'trivial', 'trivial';
CREATE FUNCTION bench.trivial(text, uuid) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS :'trivial', 'trivial';
CREATE FUNCTION bench.trivial(uuid, text, uuid) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS :'trivial', 'trivial';
CREATE FUNCTION bench.trivial_trigger() RETURNS trigger
LANGUAGE c AS :'trivial', 'trivial_trigger';
CREATE FUNCTION bench.cpu_ns() RETURNS bigint
LANGUAGE c VOLATILE AS :'trivial', 'cpu_ns';
CREATE FUNCTION bench.page_faults() RETURNS bigint
LANGUAGE c VOLATILE AS :'trivial', 'page_faults';

-- What stands against what: query calls the thing `calls` times, as db_role.
CREATE TABLE bench.entrants (
    contest  text   NOT NULL,
    entrant  text   NOT NULL,
    db_role  name   NOT NULL DEFAULT current_user,
    calls    bigint NOT NULL,
    before   text,                  -- run before each turn, not measured
    query    text   NOT NULL,
    is_clock boolean NOT NULL DEFAULT false,    -- the query returns how long its calls took
    place    integer GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (contest, entrant)
);

CREATE TABLE bench.turns (
    contest  text    NOT NULL,
    entrant  text    NOT NULL,
    round    integer NOT NULL,
    ns       float8  NOT NULL,      -- a call
    PRIMARY KEY (contest, entrant, round)
);

CREATE PROCEDURE bench.hold(contest text, rounds integer)
LANGUAGE plpgsql AS $$
DECLARE
    entrant bench.entrants;
    began bigint;
    taken bigint;
BEGIN
    -- round 0 warms up and does not count
    FOR round IN 0 .. rounds LOOP
        FOR entrant IN
            SELECT * FROM bench.entrants AS e WHERE e.contest = hold.contest ORDER BY e.place
        LOOP
            IF entrant.before IS NOT NULL THEN
                EXECUTE entrant.before;
            END IF;
            EXECUTE format('SET ROLE %I', entrant.db_role);
            began := bench.cpu_ns();
            EXECUTE entrant.query INTO taken;
            taken := CASE WHEN entrant.is_clock THEN taken ELSE bench.cpu_ns() - began END;
            RESET ROLE;
            IF round > 0 THEN
                INSERT INTO bench.turns
                VALUES (contest, entrant.entrant, round, taken::float8 / entrant.calls);
            END IF;
        END LOOP;
    END LOOP;
END
$$;

-- What a call costs, in ns, beyond what the entrant `beyond` costs (NULL: in all).
CREATE FUNCTION bench.cost(contest text, entrant text, beyond text DEFAULT NULL) RETURNS float8
LANGUAGE sql STABLE AS $$
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY t.ns - coalesce(b.ns, 0))
    FROM bench.turns AS t
    LEFT JOIN bench.turns AS b ON b.contest = t.contest AND b.entrant = cost.beyond AND b.round = t.round
    WHERE t.contest = cost.contest AND t.entrant = cost.entrant
$$;

-- How many times as much as the entrant `beside`, turn by turn.
CREATE FUNCTION bench.ratio(contest text, entrant text, beside text) RETURNS float8
LANGUAGE sql STABLE AS $$
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY t.ns / b.ns)
    FROM bench.turns AS t
    JOIN bench.turns AS b ON b.contest = t.contest AND b.entrant = ratio.beside AND b.round = t.round
    WHERE t.contest = ratio.contest AND t.entrant = ratio.entrant
$$;

CREATE FUNCTION bench.duration(ns float8) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN abs(ns) < 1000 THEN format('%s ns', round(ns::numeric, 1))
        WHEN abs(ns) < 1000000 THEN format('%s µs', round(ns::numeric / 1000, 1))
        ELSE format('%s ms', round(ns::numeric / 1000000, 2))
    END
$$;

-- All of it in one session, on one processor: helpers' time would be missed.
ALTER DATABASE :"DBNAME" SET max_parallel_workers_per_gather = 0;
ALTER DATABASE :"DBNAME" SET jit = off;
