-- What does a check cost that has been asked before, in a plain query? Ten calls a
-- row, so that the row itself weighs less.

INSERT INTO bench.entrants (contest, entrant, calls, query)
SELECT 'warm', entrant, 400000,
       format('SELECT count(*) * 10 FROM generate_series(1, 40000) AS n WHERE n > 0 AND (%s)',
              array_to_string(array_fill(format('CASE WHEN n > 0 THEN %s END', condition), ARRAY[10]), ' AND '))
FROM (VALUES
    ('none', 'true'),
    ('trivial', 'bench.trivial(''x'')'),
    ('has_scope', format('rbac.has_scope(%L)', :'scope'))) AS e (entrant, condition);

SET app.user_id = :'user_id';
SELECT FROM rbac.set_identity(:'user_id', :'tenant_id', local => false) \g /dev/null

-- What is measured must be the answer to the question.
DO $$
DECLARE
    entrant bench.entrants;
    answer bigint;
BEGIN
    FOR entrant IN SELECT * FROM bench.entrants WHERE contest = 'warm' LOOP
        EXECUTE entrant.query INTO answer;
        ASSERT answer = entrant.calls, format('%s / %s: %s', entrant.contest, entrant.entrant, answer);
    END LOOP;
END
$$;

CALL bench.hold('warm', 15);

\echo 'A check that was asked before, in a plain query'
SELECT what, bench.duration(ns) AS "a call", to_char(ns / trivial, 'FM990.0') || ' x' AS "trivial C", at_most AS "at most"
FROM (SELECT bench.cost('warm', 'trivial', 'none') AS trivial) AS t,
     LATERAL (VALUES
        (1, 'trivial C function', bench.cost('warm', 'trivial', 'none'), ''),
        (2, 'rbac.has_scope(''x'')', bench.cost('warm', 'has_scope', 'none'), '4 x')
     ) AS row (place, what, ns, at_most)
ORDER BY place;
