-- The table of what turns have measured. Variables: rows, tasks.

\pset null ''
\echo :tasks 'tasks: an UPDATE of one row, by its key'
SELECT CASE WHEN w.place = 1 THEN k.kind END AS "the step is for", w.how AS "rows are updated",
       bench.duration(bench.cost(c, 'nothing') / w.rows) AS "no trigger",
       bench.duration(bench.cost(c, 'trivial') / w.rows) AS "trivial C",
       bench.duration(bench.cost(c, 'rbac') / w.rows) AS "rbac",
       bench.duration(bench.cost(c, 'rbac', 'trivial') / w.rows) AS "more",
       to_char(bench.ratio(c, 'rbac', 'trivial'), 'FM990.00') || ' x' AS "times trivial C",
       '1.5 x' AS "at most",
       to_char(bench.ratio(c, 'plpgsql', 'trivial'), 'FM9990.0') || ' x' AS "plpgsql, by hand"
FROM bench.kinds AS k,
     (VALUES (1, 'a statement each', 1::float8), (2, 'in one statement', :rows), (3, 'no step', 1)) AS w (place, how, rows),
     LATERAL format('%s, %s', k.kind, w.how) AS c
WHERE EXISTS (SELECT FROM bench.turns AS t WHERE t.contest = c)
ORDER BY k.place, w.place;
