-- One turn: each entrant takes so many steps, a statement each, as clients send
-- them; then so many in one statement; then as many updates that are no steps.
-- Variables: kind, round (counted here), statements, rows.
SELECT :round + 1 AS round \gset
\o /dev/null
SELECT step
FROM (SELECT entrant, tbl, array_position('{nothing,trivial,rbac,plpgsql}', entrant) AS place FROM bench.tables WHERE kind = :'kind') AS e,
     (VALUES (1, 'a statement each', :statements), (2, 'in one statement', 1), (3, 'no step', :statements)) AS w (place, how, calls),
     LATERAL unnest(ARRAY[format('VACUUM %s', e.tbl), 'SELECT bench.start()']
         || (SELECT array_agg(CASE w.place WHEN 1 THEN format('EXECUTE step_%s(%s)', entrant, 1 + (:round * 7919 + n * 104729) % :tasks)
                                           WHEN 2 THEN format('EXECUTE steps_%s', entrant)
                                           ELSE format('EXECUTE other_%s(%s)', entrant, 1 + (:round * 7919 + n * 104729) % :tasks) END ORDER BY n)
             FROM generate_series(1::bigint, w.calls) AS n)
         || ARRAY[format('SELECT bench.stop(%L, %L, %s, %s)', format('%s, %s', :'kind', how), entrant, :round, w.calls)])
         WITH ORDINALITY AS s (step, number)
ORDER BY w.place, e.place, number
\gexec
\o
