-- One line of what grows, in ns: tasks, the document's query and the report by total, by
-- name; a page of one's own tasks in one table, in partitions, and by own_tasks().
SELECT :tasks, bench.cost('by total', 'document'), bench.cost('by total', 'rbac'), bench.cost('by name', 'document'), bench.cost('by name', 'rbac'),
       bench.cost('own, prepared', 'table'), bench.cost('own, prepared', 'bound'), bench.cost('own, prepared', 'function');
