-- Aggregates over statuses agree with a plain count in every way that PostgreSQL
-- has of computing an aggregate: at once, in parallel, and in a moving window.
\set VERBOSITY terse
SELECT rbac.status_counts(s), (rbac.completion(s, '{4}')).* FROM (VALUES (1), (4), (1), (NULL), (4), (1)) AS t (s);
-- nothing to count
SELECT rbac.status_counts(s), (rbac.completion(s, '{4}')).* FROM (VALUES (1)) AS t (s) WHERE false;
-- any number is a status; a completed list may have NULLs, be empty, or be none
SELECT rbac.status_counts(s), rbac.completion(s, '{NULL,-2147483648}'), rbac.completion(s, '{}'), rbac.completion(s, NULL)
FROM (VALUES (-2147483648), (2147483647), (0), (-2147483648)) AS t (s);
-- what is counted in a group, with another list for each row
SELECT g, rbac.status_counts(s), rbac.completion(s, c) FROM
    (VALUES ('a', 1, '{1}'::integer[]), ('a', 2, '{1}'), ('a', 2, '{2,3}'), ('b', NULL, '{1}')) AS t (g, s, c)
GROUP BY g ORDER BY g;

CREATE TABLE sa_tasks AS
    SELECT n AS id, n % 97 AS assignee, CASE WHEN n % 11 = 0 THEN NULL ELSE n * 7 % 5 END AS status_id FROM generate_series(1, 20000) AS n;
CREATE FUNCTION pg_temp.counts(s integer[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT coalesce(jsonb_object_agg(coalesce(v::text, 'null'), n), '{}') FROM (SELECT v, count(*) AS n FROM unnest(s) AS u (v) GROUP BY v) AS c
$$;

-- by group, hashed and sorted
SELECT count(*) AS groups, count(*) FILTER (WHERE a.c <> b.c OR (a.d).total <> b.n OR (a.d).completed <> b.m) AS wrong FROM
    (SELECT assignee, rbac.status_counts(status_id) AS c, rbac.completion(status_id, '{3,4}') AS d FROM sa_tasks GROUP BY assignee) AS a
    JOIN (SELECT assignee, pg_temp.counts(array_agg(status_id)) AS c, count(*) AS n, count(*) FILTER (WHERE status_id IN (3, 4)) AS m
          FROM sa_tasks GROUP BY assignee) AS b USING (assignee);

-- in parallel: partial states travel between processes
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT rbac.status_counts(status_id), rbac.completion(status_id, '{3,4}') FROM sa_tasks;
SELECT rbac.status_counts(status_id) = pg_temp.counts(array_agg(status_id)) AS same, rbac.completion(status_id, '{3,4}'),
       count(*), count(*) FILTER (WHERE status_id IN (3, 4)) AS completed FROM sa_tasks;
SELECT rbac.status_counts(status_id), (rbac.completion(status_id, '{3,4}')).* FROM sa_tasks;
-- workers that have seen nothing
SELECT rbac.status_counts(status_id), rbac.completion(status_id, '{3,4}') FROM sa_tasks WHERE id = 7;
SELECT rbac.status_counts(status_id), rbac.completion(status_id, '{3,4}') FROM sa_tasks WHERE id < 0;
RESET ALL;
\set VERBOSITY terse

-- in windows that move: what leaves is taken back
SELECT count(*) AS rows, count(*) FILTER (WHERE c <> pg_temp.counts(s) OR (d).total <> cardinality(s) OR (d).completed <> e) AS wrong FROM (
    SELECT rbac.status_counts(status_id) OVER w AS c, rbac.completion(status_id, '{3,4}') OVER w AS d,
           coalesce(array_agg(status_id) OVER w, '{}') AS s, count(*) FILTER (WHERE status_id IN (3, 4)) OVER w AS e
    FROM sa_tasks WHERE id <= 1000
    WINDOW w AS (PARTITION BY assignee % 3 ORDER BY id ROWS BETWEEN 4 PRECEDING AND 1 PRECEDING)) AS t;
SELECT status_id, rbac.status_counts(status_id) OVER w, rbac.completion(status_id, '{2}') OVER w
FROM (VALUES (1, 1), (2, 2), (3, NULL), (4, 2), (5, 5)) AS t (id, status_id) WINDOW w AS (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW);

-- by whoever may read the rows
CREATE ROLE regress_rbac_caller;
SET ROLE regress_rbac_caller;
SELECT rbac.status_counts(1), rbac.completion(1, '{1}');
RESET ROLE;
DROP ROLE regress_rbac_caller;
DROP TABLE sa_tasks;
