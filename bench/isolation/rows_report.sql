-- The table of rows.sql.

\pset null ''
\echo 'Rows of some tenants, of 1,000,000 rows of 1,000 tenants, with an index: a statement'
SELECT CASE WHEN q.place = 1 AND p.place = 1 THEN h.holds END AS "the scope is held in",
       CASE WHEN p.place = 1 THEN q.query END AS "query", protocol,
       bench.duration(c.literal) AS "literal", bench.duration(c.protected) AS "has_scope",
       bench.duration(bench.cost(contest, 'protected', 'literal')) AS "more",
       to_char(bench.ratio(contest, 'protected', 'literal'), 'FM990.00') || ' x' AS "times literal",
       CASE WHEN h.condition <> 'true' AND p.place < 3 THEN '1.1 x' END AS "at most",
       to_char(bench.ratio(contest, 'isolated', 'literal'), 'FM990.00') || ' x' AS "isolated",
       to_char(bench.ratio(contest, 'both', 'literal'), 'FM990.00') || ' x' AS "isolated and scope",
       to_char(c.exists / c.literal, 'FM999,990') || ' x' AS "plpgsql EXISTS"
FROM bench.holders AS h CROSS JOIN bench.queries AS q CROSS JOIN bench.protocols AS p,
     LATERAL (SELECT format('%s, %s, %s', h.holds, q.query, protocol)) AS n (contest),
     LATERAL (SELECT bench.cost(contest, 'literal') AS literal, bench.cost(contest, 'protected') AS protected,
                     bench.cost(contest, 'exists') AS exists) AS c
WHERE c.literal IS NOT NULL
ORDER BY h.place, q.place, p.place;
