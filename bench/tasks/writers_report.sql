-- The table of what tasks/writers has measured. Variable: results.
\pset null ''
CREATE TABLE bench.writers (changes integer, way text, rate float8, ratio float8, retried bigint, deadlocks bigint, place integer GENERATED ALWAYS AS IDENTITY);
\set file :results '/writers'
\set copy '\\copy bench.writers (changes, way, rate, ratio, retried, deadlocks) FROM ' :'file'
:copy
\echo 'Eight clients change the status of tasks of one hot group'
SELECT CASE way WHEN 'nothing' THEN changes END AS "changes in a transaction",
       CASE way WHEN 'nothing' THEN 'nothing is counted' WHEN 'summary' THEN 'a summary of rbac''s'
                WHEN 'counter' THEN 'a counter row, kept by a trigger' ELSE 'a materialised view, refreshed every few seconds' END AS "what is kept",
       round(rate) AS "transactions a second", to_char(ratio, 'FM990.00') || ' x' AS "that is",
       CASE way WHEN 'summary' THEN '0.85 x' END AS "at least", retried AS "tried again", deadlocks
FROM bench.writers ORDER BY place;
