-- What does a check cost as the qual of a policy, for every row of a scan, and
-- what wrapped in a sub-select? One table, one policy a role.

-- Rows to guard. What follows the id is as long as a row of tasks might be.
CREATE TABLE bench.tasks (id bigint NOT NULL, owner_id uuid NOT NULL, title text NOT NULL);
INSERT INTO bench.tasks
SELECT n, bench.user_id('shape', 1), repeat('x', 40) FROM generate_series(1, 200000) AS n;
ALTER TABLE bench.tasks ENABLE ROW LEVEL SECURITY;

VACUUM ANALYZE bench.tasks;

CREATE ROLE bench_none; CREATE ROLE bench_trivial; CREATE ROLE bench_bare;
CREATE ROLE bench_setting; CREATE ROLE bench_exists; CREATE ROLE bench_join;
CREATE ROLE bench_wrapped_trivial; CREATE ROLE bench_wrapped;
GRANT SELECT ON bench.tasks TO PUBLIC;

CREATE POLICY none ON bench.tasks TO bench_none USING (true);
CREATE POLICY trivial ON bench.tasks TO bench_trivial USING (bench.trivial('x'));
CREATE POLICY bare ON bench.tasks TO bench_bare USING (rbac.has_scope(:'scope'));
CREATE POLICY setting ON bench.tasks TO bench_setting
    USING (owner_id = current_setting('app.user_id')::uuid);
CREATE POLICY "exists" ON bench.tasks TO bench_exists
    USING (plain.exists_allows(current_setting('app.user_id')::uuid, :'scope'));
CREATE POLICY "join" ON bench.tasks TO bench_join
    USING (plain.join_allows(current_setting('app.user_id')::uuid, :'scope'));
CREATE POLICY wrapped_trivial ON bench.tasks TO bench_wrapped_trivial
    USING ((SELECT bench.trivial('x')));
CREATE POLICY wrapped ON bench.tasks TO bench_wrapped
    USING ((SELECT rbac.has_scope(:'scope')));

INSERT INTO bench.entrants (contest, entrant, db_role, calls, query)
SELECT 'policy', entrant, 'bench_' || entrant, calls,
       format('SELECT FROM (SELECT count(*) FROM (SELECT FROM bench.tasks LIMIT %s) AS t) AS c', calls)
FROM (VALUES ('none', 200000), ('trivial', 200000), ('bare', 200000),
             ('setting', 20000), ('exists', 1000), ('join', 500)) AS e (entrant, calls);
INSERT INTO bench.entrants (contest, entrant, db_role, calls, query)
SELECT 'wrapped', entrant, 'bench_' || entrant, 1, 'SELECT count(*) FROM bench.tasks'
FROM unnest('{wrapped_trivial,wrapped}'::text[]) AS entrant;

SET app.user_id = :'user_id';
SELECT FROM rbac.set_identity(:'user_id', :'tenant_id', local => false) \g /dev/null

-- What is measured must be the answer to the question.
DO $$
DECLARE
    entrant bench.entrants;
    answer bigint;
BEGIN
    FOR entrant IN SELECT * FROM bench.entrants WHERE contest = 'policy' LOOP
        EXECUTE format('SET LOCAL ROLE %I', entrant.db_role);
        EXECUTE replace(entrant.query, 'SELECT FROM (SELECT count(*)', 'SELECT * FROM (SELECT count(*)') INTO answer;
        SET LOCAL ROLE NONE;
        ASSERT answer = entrant.calls, format('%s / %s: %s', entrant.contest, entrant.entrant, answer);
    END LOOP;
END
$$;

CALL bench.hold('policy', 15);
CALL bench.hold('wrapped', 25);

\echo 'A check as the qual of a policy: 200,000 rows, beyond the scan without a policy'
SELECT what, bench.duration(ns) AS "a row", to_char(ns / trivial, 'FM999,990.0') || ' x' AS "trivial C", at_most AS "at most"
FROM (SELECT bench.cost('policy', 'trivial', 'none') AS trivial) AS t,
     LATERAL (VALUES
        (1, 'trivial C function',        bench.cost('policy', 'trivial', 'none'), ''),
        (2, 'rbac.has_scope(''x'')',     bench.cost('policy', 'bare', 'none'),    '2 x preloaded, 4 x not'),
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
