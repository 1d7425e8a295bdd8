-- Run once in each of many new connections: what does its first check cost?
-- Variables: one, other: two people whom other sessions have asked about.
--
-- Counted: the processor time of the call itself, in user mode and in the kernel,
-- so also what every process pays for touching a page of shared memory or of the
-- library for the first time. Not counted: connecting, parsing, planning, looking
-- up the function (EXPLAIN has done all that), and what a call of a C function
-- and the reading of the clock cost in themselves (the second call of the trivial
-- function, which is subtracted).

-- Page faults are counted beside it, outside of what is timed: on virtual machines,
-- where they are dear, they can be most of it.

PREPARE warm_up AS
SELECT bench.cpu_ns(), bench.trivial(bench.person(:one), 'common', bench.home(:one)), bench.cpu_ns(), bench.page_faults();
EXECUTE warm_up \g /dev/null
EXECUTE warm_up \g /dev/null

PREPARE first_check AS
SELECT bench.cpu_ns(), bench.trivial(bench.person(:one), 'common', bench.home(:one)), bench.cpu_ns(), bench.page_faults(),
       bench.cpu_ns() AS a0, bench.trivial(bench.person(:one), 'common', bench.home(:one)),
       bench.cpu_ns() AS b0, bench.page_faults() AS f0,
       bench.cpu_ns() AS a1, rbac.user_has_scope(bench.person(:one), 'common', bench.home(:one)) AS answer1,
       bench.cpu_ns() AS b1, bench.page_faults() AS f1,
       bench.cpu_ns() AS a2, rbac.user_has_scope(bench.person(:other), 'common', bench.home(:other)) AS answer2,
       bench.cpu_ns() AS b2, bench.page_faults() AS f2,
       bench.cpu_ns() AS a3, rbac.user_has_scope(bench.person(:other), 'common', bench.home(:other)) AS answer3,
       bench.cpu_ns() AS b3, bench.page_faults() AS f3;
EXPLAIN EXECUTE first_check \g /dev/null

EXECUTE first_check \gset
INSERT INTO bench.first_checks
SELECT what, b - a - (:b0 - :a0), faults, answer
FROM (VALUES ('very first', :a1, :b1, :f1 - :f0, :'answer1'::boolean),
             ('of another, then', :a2, :b2, :f2 - :f1, :'answer2'),
             ('again', :a3, :b3, :f3 - :f2, :'answer3')) AS c (what, a, b, faults, answer);
