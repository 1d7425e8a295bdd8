-- One turn of a contest: each entrant's query `calls` times, as clients send it.
-- An entrant that has taken ten seconds has had its turns. Variables: contest,
-- round (counted here).
SELECT :round + 1 AS round \gset
\o /dev/null
SELECT step
FROM bench.entrants AS e,
     unnest(ARRAY[before, format('SET ROLE %I', db_role), 'SELECT bench.start()']
         || array_fill(query, ARRAY[calls::integer])
         || ARRAY[format('SELECT bench.stop(%L, %L, %s)', contest, entrant, :round), 'RESET ROLE'])
         WITH ORDINALITY AS s (step, number)
WHERE contest = :'contest'
  AND coalesce((SELECT sum(ns * e.calls) FROM bench.turns AS t
                WHERE (t.contest, t.entrant) = (e.contest, e.entrant)), 0) < 1e10
ORDER BY place, number
\gexec
\o
