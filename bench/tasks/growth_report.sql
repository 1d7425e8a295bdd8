-- The table of growth. Variable: results, the folder where the lines are.
CREATE TABLE bench.growth (tasks bigint, total_document float8, total_rbac float8, name_document float8, name_rbac float8,
                           own_table float8, own_bound float8, own_function float8);
\set file :results '/growth'
\set copy '\\copy bench.growth FROM ' :'file'
:copy
\echo 'With more and more tasks, of 10,000 employees'
SELECT to_char(tasks, 'FM999,999,999') AS tasks,
       bench.duration(total_document) AS "by total: the document's query", bench.duration(total_rbac) AS "rbac",
       bench.duration(name_document) AS "by name: the document's query", bench.duration(name_rbac) AS "rbac ",
       bench.duration(own_table) AS "own tasks: one table", bench.duration(own_bound) AS "with policies", bench.duration(own_function) AS "own_tasks()"
FROM bench.growth ORDER BY bench.growth.tasks;
