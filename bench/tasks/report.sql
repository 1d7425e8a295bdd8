-- The tables of what entrants.sql has measured. Variable: tasks.

\pset null ''
CREATE FUNCTION bench.shown(contest text, entrant text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT bench.duration(ns) FROM bench.cost(contest, entrant) AS ns WHERE ns IS NOT NULL
$$;
CREATE FUNCTION bench.times(contest text, entrant text, beside text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN r < 0.5 THEN '1/' || to_char(1 / r, 'FM999,990') ELSE to_char(r, 'FM990.00') || ' x' END
    FROM bench.ratio(contest, entrant, beside) AS r
$$;

\echo The first hundred of the report: :tasks tasks, 10,000 employees
SELECT CASE contest WHEN 'by total' THEN 'by total' WHEN 'by name' THEN 'by name' ELSE contest || ': 2,000 changes' END AS report,
       bench.shown(contest, 'document') AS "the document's query",
       bench.shown(contest, 'table') AS "summary table by hand",
       bench.shown(contest, 'view') AS "materialised view",
       bench.shown(contest, 'rbac') AS "rbac",
       bench.times(contest, 'rbac', 'document') AS "that is of the query",
       CASE WHEN contest ~ 'total' THEN '1/100' ELSE '1/20' END AS "at most",
       bench.times(contest, 'rbac', 'table') AS "of the table"
FROM (VALUES (1, 'by total'), (2, 'by name'), (3, 'by total, pending'), (4, 'by name, pending')) AS c (place, contest)
ORDER BY place;
SELECT bench.duration(bench.cost('refresh', 'view')) AS "to refresh the materialised view";

\echo 'A page of one''s own tasks, the newest hundred, in 26 partitions'
SELECT CASE w.place WHEN 1 THEN n.said END AS page, w.how AS "the query is",
       bench.shown(c, 'table') AS "one table",
       bench.shown(c, 'open') AS "without policies",
       bench.shown(c, 'bound') AS "with",
       bench.times(c, 'bound', 'open') AS "that is",
       bench.shown(c, 'named') AS "and names, without",
       bench.shown(c, 'function') AS "own_tasks()",
       bench.times(c, 'function', 'named') AS "that is "
FROM (VALUES (1, 'own', 'all of them'), (2, 'own since', 'of two months and this one')) AS n (place, name, said),
     (VALUES (1, 'planned'), (2, 'prepared')) AS w (place, how),
     LATERAL (SELECT format('%s, %s', n.name, w.how)) AS x (c)
ORDER BY n.place, w.place;
