-- Run once in each of many new connections: what does it cost to say who is asking,
-- and the first check after that? This is how applications come to a check; and
-- set_identity touches most of the memory that the check needs. Counted as in
-- first_check.sql. Variable: one, somebody whom other sessions have asked about.

PREPARE warm_up AS
SELECT bench.cpu_ns(), bench.trivial(bench.person(:one), 'common', bench.home(:one)), bench.cpu_ns(), bench.page_faults();
EXECUTE warm_up \g /dev/null
EXECUTE warm_up \g /dev/null
SELECT bench.person(:one) AS person, bench.home(:one) AS tenant \gset

PREPARE first_identity AS
SELECT bench.cpu_ns(), bench.trivial('common'), bench.cpu_ns(), bench.page_faults(),
       bench.cpu_ns() AS a0, bench.trivial('common'),
       bench.cpu_ns() AS b0, bench.page_faults() AS f0,
       bench.cpu_ns() AS a1, rbac.set_identity(:'person', :'tenant', local => false),
       bench.cpu_ns() AS b1, bench.page_faults() AS f1,
       bench.cpu_ns() AS a2, rbac.has_scope('common') AS answer2,
       bench.cpu_ns() AS b2, bench.page_faults() AS f2;
EXPLAIN EXECUTE first_identity \g /dev/null

EXECUTE first_identity \gset
INSERT INTO bench.first_checks
SELECT what, b - a - (:b0 - :a0), faults, answer
FROM (VALUES ('set_identity', :a1, :b1, :f1 - :f0, true),
             ('has_scope, then', :a2, :b2, :f2 - :f1, :'answer2'::boolean)) AS c (what, a, b, faults, answer);
