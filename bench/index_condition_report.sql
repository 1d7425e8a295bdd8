-- The table of index_condition.sql.
\echo 'A check about the tenant of each row, with an index: 100 of 1,000 rows, of 1,000,000 of 1,000 tenants'
SELECT contest AS "a statement", bench.duration(bench.cost(contest, 'literal')) AS "tenant_id = literal",
       bench.duration(bench.cost(contest, 'has_scope')) AS "has_scope('x', tenant_id)",
       to_char(bench.ratio(contest, 'has_scope', 'literal'), 'FM990.00') || ' x' AS "times literal", '1.1 x' AS "at most"
FROM bench.entrants GROUP BY contest ORDER BY min(place);
