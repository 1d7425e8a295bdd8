-- Ratios beside the limits that the design sets. Times are of this machine and
-- this run; the ratios are what travels.

\pset footer off
\pset border 1
\pset null ''

\echo
\echo 'A check as the qual of a policy: 200,000 rows, beyond the scan without a policy'
SELECT what, bench.duration(ns) AS "a row", to_char(ns / trivial, 'FM999,990.0') || ' x' AS "trivial C", at_most AS "at most"
FROM (SELECT bench.cost('policy', 'trivial', 'none') AS trivial) AS t,
     LATERAL (VALUES
        (1, 'trivial C function',        bench.cost('policy', 'trivial', 'none'), ''),
        (2, 'rbac.has_scope(''x'')',     bench.cost('policy', 'bare', 'none'),    '4 x; 2 x preloaded, to come'),
        (3, 'current_setting(...)::uuid', bench.cost('policy', 'setting', 'none'), ''),
        (4, 'plpgsql EXISTS',            bench.cost('policy', 'exists', 'none'),  ''),
        (5, 'five-table join',           bench.cost('policy', 'join', 'none'),    '')
     ) AS row (place, what, ns, at_most)
ORDER BY place;

\echo 'The same wrapped, (SELECT ...): the whole scan'
SELECT what, bench.duration(ns) AS "a scan", ratio AS "trivial C", at_most AS "at most"
FROM (VALUES
    (1, 'trivial C function', bench.cost('wrapped', 'wrapped_trivial'), '1.00 x', ''),
    (2, 'rbac.has_scope(''x'')', bench.cost('wrapped', 'wrapped'),
     to_char(bench.ratio('wrapped', 'wrapped', 'wrapped_trivial'), 'FM990.00') || ' x', '1.03 x')
) AS row (place, what, ns, ratio, at_most)
ORDER BY place;

\echo 'A check that was asked before, in a plain query'
SELECT what, bench.duration(ns) AS "a call", to_char(ns / trivial, 'FM990.0') || ' x' AS "trivial C", at_most AS "at most"
FROM (SELECT bench.cost('warm', 'trivial', 'none') AS trivial) AS t,
     LATERAL (VALUES
        (1, 'trivial C function', bench.cost('warm', 'trivial', 'none'), ''),
        (2, 'rbac.has_scope(''x'')', bench.cost('warm', 'has_scope', 'none'), '4 x')
     ) AS row (place, what, ns, at_most)
ORDER BY place;

\echo 'A check of somebody whom this session has not met'
SELECT CASE place WHEN 1 THEN policy ELSE '' END AS "the user has", what, bench.duration(ns) AS "a check",
       to_char(bench.cost(contest, 'join') / ns, 'FM9990.0') || ' x' AS "the join takes", at_most AS "at most"
FROM (VALUES (1, 'shape', '5 roles of 20, 3 deep'), (2, 'tall', '15 roles of 20, 3 deep'),
             (3, 'cloud', '5 cloud roles')) AS p (policy_place, contest, policy),
     LATERAL (VALUES
        (1, 'new user, known roles', bench.cost(contest, 'new', 'users'), CASE contest WHEN 'shape' THEN '30 µs' END),
        (2, 'nothing known at all',  bench.cost(contest, 'cold', 'loop'), CASE contest WHEN 'shape' THEN '30 µs' END),
        (3, 'plpgsql EXISTS',        bench.cost(contest, 'exists'), NULL),
        (4, 'five-table join',       bench.cost(contest, 'join'), NULL)
     ) AS row (place, what, ns, at_most)
ORDER BY policy_place, place;
