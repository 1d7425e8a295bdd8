-- The table of shapes.sql. rbac's forms stand there, in shape.rules.

\pset null ''
CREATE FUNCTION shape.ms(ns float8) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE ns WHEN 'Infinity' THEN '> 20 s' ELSE to_char(ns / 1e6, CASE WHEN ns < 1e8 THEN 'FM99,990.00' ELSE 'FM99,990' END) END
$$;
CREATE FUNCTION shape.times(ns float8, beside float8) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN beside = 'Infinity' THEN '< 1/' || to_char(2e10 / ns, 'FM999,999,990')
                WHEN ns * 2 < beside THEN '1/' || to_char(beside / ns, 'FM999,999,990')
                ELSE to_char(ns / beside, 'FM990.00') || ' x' END
$$;
\echo 'The shapes of policy of Supabase''s guide: counting the rows that it shows, in ms'
SELECT CASE WHEN number = min(number) OVER (PARTITION BY t.tbl) THEN to_char(rows, 'FM9,999,999') || CASE WHEN is_indexed THEN ', indexes' ELSE '' END END AS rows,
       CASE number WHEN 7 THEN 'the same, teams as tenants in rbac'
            ELSE replace(replace(regexp_replace(r.bare, ' AS m .*', ' ...)'), 'shape.uid', 'auth.uid'), 'shape.', '') END AS "the guide's policy, bare",
       shape.ms(c.bare) AS "bare", shape.ms(c.wrapped) AS "wrapped",
       shape.ms(c.rbac) AS "rbac bare", shape.ms(c.rbac_wrapped) AS "rbac wrapped", shape.ms(c.claims) AS "rbac by claims",
       shape.times(c.rbac, c.bare) AS "bare : bare",
       to_char(bench.ratio(contest, 'rbac', 'wrapped'), 'FM990.00') || ' x' AS "bare : wrapped",
       to_char(bench.ratio(contest, 'rbac_wrapped', 'wrapped'), 'FM990.00') || ' x' AS "wrapped : wrapped"
FROM shape.tables AS t JOIN shape.rules AS r ON r.index_serves OR NOT t.is_indexed,
     LATERAL (SELECT format('%s %s', t.tbl, r.number)) AS n (contest),
     LATERAL (SELECT bench.cost(contest, 'bare') AS bare, bench.cost(contest, 'wrapped') AS wrapped, bench.cost(contest, 'rbac') AS rbac,
                     bench.cost(contest, 'rbac_wrapped') AS rbac_wrapped, bench.cost(contest, 'claims') AS claims) AS c
ORDER BY t.is_indexed, t.rows, number;
