-- What does a check cost of somebody whom this session has not met? Known to the
-- shared cache ("shared"); not known to anybody, but every role is ("new"); or
-- nothing is known at all ("cold"). Users 1 to 500 have shown us every role
-- before we ask about 501 to 1,000.

CREATE TABLE bench.shape_users AS
SELECT bench.user_id('shape', n) AS bench_user FROM generate_series(501, 1000) AS n;
CREATE TABLE bench.tall_users AS
SELECT bench.user_id('tall', n) AS bench_user FROM generate_series(501, 1000) AS n;
CREATE TABLE bench.cloud_users AS
SELECT bench.user_id('cloud', n) AS bench_user FROM generate_series(501, 1000) AS n;
ANALYZE bench.shape_users, bench.tall_users, bench.cloud_users;

-- What a session knows before it is asked: it forgets, or all do.
CREATE FUNCTION bench.nobody_knows(kind text, scope text, tenant_id uuid, first integer, last integer) RETURNS void
LANGUAGE sql VOLATILE AS $$
    SELECT rbac.cache_reset();
    SELECT count(rbac.user_has_scope(bench.user_id(kind, n), scope, tenant_id))
    FROM generate_series(first, last) AS n;
$$;

INSERT INTO bench.entrants (contest, entrant, calls, before, query)
SELECT kind, entrant, calls,
       CASE entrant WHEN 'new' THEN
           format('SELECT bench.nobody_knows(%L, %L, %L, 1, 500)', kind, scope, tenant_id)
       WHEN 'shared' THEN
           format('SELECT bench.nobody_knows(%L, %L, %L, 1, 1000), rbac._forget()', kind, scope, tenant_id)
       END,
       CASE entrant WHEN 'users' THEN
           format('SELECT count(*) FILTER (WHERE bench.trivial(bench_user, %L, %L)) FROM bench.%s_users', scope, tenant_id, kind)
       WHEN 'join' THEN
           format('SELECT count(*) FILTER (WHERE plain.join_allows(bench_user, %L)) FROM (SELECT * FROM bench.%s_users LIMIT %s) AS u', scope, kind, calls)
       WHEN 'exists' THEN
           format('SELECT count(*) FILTER (WHERE plain.exists_allows(bench_user, %L)) FROM (SELECT * FROM bench.%s_users LIMIT %s) AS u', scope, kind, calls)
       ELSE
           format('SELECT count(*) FILTER (WHERE rbac.user_has_scope(bench_user, %L, %L)) FROM bench.%s_users', scope, tenant_id, kind)
       END
FROM bench.questions,
    (VALUES ('users', 500), ('new', 500), ('shared', 500),
            ('exists', 200), ('join', 200)) AS e (entrant, calls);

-- Only the check itself counts: not that all is forgotten before each, nor what the
-- clock takes.
INSERT INTO bench.entrants (contest, entrant, calls, is_clock, query)
SELECT kind, entrant, 500, true,
       format('SELECT sum(after - before)
               FROM (SELECT rbac.cache_reset(), rbac._forget(), bench.cpu_ns() AS before,
                            %s(%L, %L, %L) AS answer, bench.cpu_ns() AS after
                     FROM generate_series(1, 500)) AS c
               HAVING bool_and(answer)', function, user_id, scope, tenant_id)
FROM bench.questions,
    (VALUES ('clock', 'bench.trivial'), ('cold', 'rbac.user_has_scope')) AS e (entrant, function);

-- What is measured must read the tables, or must not.
DO $$
DECLARE
    asked bench.entrants;
    loads bigint;
    expected bigint;
BEGIN
    FOR asked IN SELECT * FROM bench.entrants WHERE contest = 'shape' AND entrant IN ('cold', 'new', 'shared') LOOP
        IF asked.before IS NOT NULL THEN
            EXECUTE asked.before;
        END IF;
        loads := (rbac._cache_counters()).loads;
        EXECUTE asked.query;
        loads := (rbac._cache_counters()).loads - loads;
        expected := CASE asked.entrant WHEN 'shared' THEN 0 ELSE asked.calls END;
        -- without shared memory, nothing is shared
        IF (rbac.status()).shared_memory THEN
            ASSERT loads = expected, format('%s: %s', asked.entrant, loads);
        END IF;
    END LOOP;
END
$$;

CALL bench.hold('shape', 9);
CALL bench.hold('tall', 9);
CALL bench.hold('cloud', 9);

\echo 'A check of somebody whom this session has not met'
SELECT CASE place WHEN 1 THEN policy ELSE '' END AS "the user has", what, bench.duration(ns) AS "a check",
       to_char(bench.cost(contest, 'join') / ns, 'FM9990.0') || ' x' AS "the join takes", at_most AS "at most"
FROM (VALUES (1, 'shape', '5 roles of 20, 3 deep'), (2, 'tall', '15 roles of 20, 3 deep'),
             (3, 'cloud', '5 cloud roles')) AS p (policy_place, contest, policy),
     LATERAL (VALUES
        (1, 'the shared cache knows', bench.cost(contest, 'shared', 'users'), NULL),
        (2, 'new user, known roles',  bench.cost(contest, 'new', 'users'), CASE contest WHEN 'shape' THEN '30 µs' END),
        (3, 'nothing known at all',   bench.cost(contest, 'cold', 'clock'), CASE contest WHEN 'shape' THEN '30 µs' END),
        (4, 'plpgsql EXISTS',         bench.cost(contest, 'exists'), NULL),
        (5, 'five-table join',        bench.cost(contest, 'join'), NULL)
     ) AS row (place, what, ns, at_most)
ORDER BY policy_place, place;
