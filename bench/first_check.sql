-- Run once in each of many new connections: what does its first check cost?
-- Variables: one, other: two people whom other sessions have asked about.
--
-- Counted: the processor time of the call itself, in user mode and in the kernel,
-- so also what every process pays for touching a page of shared memory or of the
-- library for the first time. Not counted: connecting, parsing, planning, looking
-- up the function (EXPLAIN has done all that), and what a call of a C function
-- and the reading of the clock cost in themselves (the second call of the trivial
-- function, which is subtracted).

PREPARE warm_up AS
SELECT bench.cpu_ns() AS t0, bench.trivial(bench.person(:one), 'common', bench.home(:one)),
       bench.cpu_ns() AS t1, bench.trivial(bench.person(:one), 'common', bench.home(:one)), bench.cpu_ns() AS t2;
EXECUTE warm_up \g /dev/null
EXECUTE warm_up \g /dev/null

PREPARE first_check AS
SELECT bench.cpu_ns() AS t0,
       bench.trivial(bench.person(:one), 'common', bench.home(:one)) AS answer1, bench.cpu_ns() AS t1,
       bench.trivial(bench.person(:one), 'common', bench.home(:one)) AS answer2, bench.cpu_ns() AS t2,
       rbac.user_has_scope(bench.person(:one), 'common', bench.home(:one)) AS answer3, bench.cpu_ns() AS t3,
       rbac.user_has_scope(bench.person(:other), 'common', bench.home(:other)) AS answer4, bench.cpu_ns() AS t4,
       rbac.user_has_scope(bench.person(:other), 'common', bench.home(:other)) AS answer5, bench.cpu_ns() AS t5;
EXPLAIN EXECUTE first_check \g /dev/null

EXECUTE first_check \gset
INSERT INTO bench.first_checks
SELECT :t3 - :t2 - (:t2 - :t1), :t4 - :t3 - (:t2 - :t1), :t5 - :t4 - (:t2 - :t1),
       :'answer3'::boolean AND :'answer4'::boolean AND :'answer5'::boolean;
