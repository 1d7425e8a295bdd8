-- The tables of what programs measured beside SQL. Variable results: the folder
-- where each has left its lines.

CREATE TABLE bench.first_check (what text, ns float8, faults bigint);
CREATE TABLE bench.transactions (protocol text, clients integer, a_second float8, yardstick float8, ratio float8, written_out_ratio float8, join_ratio float8);
CREATE TABLE bench.hit_rate (meanwhile text, hits bigint, misses bigint, percent float8, checks float8, changes float8);
CREATE TABLE bench.memory (bytes float8, misses bigint);
\set file :results '/first_check'
COPY bench.first_check FROM :'file';
\set file :results '/transactions'
COPY bench.transactions FROM :'file' (NULL '');
\set file :results '/hit_rate'
COPY bench.hit_rate FROM :'file';
\set file :results '/memory'
COPY bench.memory FROM :'file';

\echo
\echo 'The first check in a new connection, of somebody whom the shared cache knows'
SELECT what AS "the check is", bench.duration(ns) AS "a check", faults AS "page faults in it",
       CASE WHEN what IN ('again', 'set_identity') THEN '' ELSE '1 µs' END AS "at most"
FROM bench.first_check;

\echo 'BEGIN; set_identity; has_scope; COMMIT: random among 100,000 people, an ordinary role'
SELECT protocol, clients, round(a_second) AS "a second", round(yardstick) AS "with trivial C",
       to_char(ratio, 'FM990.000') || ' x' AS "trivial C",
       to_char(written_out_ratio, 'FM990.000') || ' x' AS "with all four arguments", '0.95 x' AS "at least",
       to_char(join_ratio, 'FM990.000') || ' x' AS "the join"
FROM bench.transactions;

\echo 'Checks that did not read the tables: random among 100,000 people'
SELECT meanwhile, round(changes) AS "changes a second", round(checks) AS "checks a second", misses,
       to_char(percent, 'FM990.000') || ' %' AS hits, '99 %' AS "at least"
FROM bench.hit_rate;

\echo 'Shared memory for 100,000 people with 1,000 scopes each'
SELECT to_char(bytes, 'FM9990.0') AS "bytes a person", '160' AS "at most", misses AS "missing when asked again"
FROM bench.memory;
