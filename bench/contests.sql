-- What is measured against what. The contests follow section headings of the
-- report; entrants of one contest run in turns.

-- 1. A policy's qual, for every row of a scan. One table, one policy a role.

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

-- 2. A check that has been asked before, in a plain query: ten calls a row, so that
-- the row itself weighs less.

INSERT INTO bench.entrants (contest, entrant, calls, query)
SELECT 'warm', entrant, 400000,
       format('SELECT count(*) * 10 FROM generate_series(1, 40000) AS n WHERE n > 0 AND (%s)',
              array_to_string(array_fill(format('CASE WHEN n > 0 THEN %s END', condition), ARRAY[10]), ' AND '))
FROM (VALUES
    ('none', 'true'),
    ('trivial', 'bench.trivial(''x'')'),
    ('has_scope', format('rbac.has_scope(%L)', :'scope'))) AS e (entrant, condition);

-- 3. A check of somebody whom this session has not met. Either nothing at all is
-- known ("cold": _forget drops the roles' closures too), or the roles are ("new":
-- each check is of another user; users 1 to 500 have shown us every role before).

INSERT INTO bench.entrants (contest, entrant, calls, before, query)
SELECT kind, entrant, calls, CASE entrant WHEN 'new' THEN
           format('SELECT rbac._forget(), (SELECT count(rbac.user_has_scope(bench.user_id(%L, n), %L, %L)) FROM generate_series(1, 500) AS n)',
                  kind, scope, tenant_id) END,
       CASE entrant WHEN 'loop' THEN
           format('SELECT count(*) FILTER (WHERE rbac._forget() IS NULL OR bench.trivial(%L, %L, %L)) FROM generate_series(1, %s)',
                  user_id, scope, tenant_id, calls)
       WHEN 'cold' THEN
           format('SELECT count(*) FILTER (WHERE rbac._forget() IS NULL OR rbac.user_has_scope(%L, %L, %L)) FROM generate_series(1, %s)',
                  user_id, scope, tenant_id, calls)
       WHEN 'users' THEN
           format('SELECT count(*) FILTER (WHERE bench.trivial(bench_user, %L, %L)) FROM bench.%s_users', scope, tenant_id, kind)
       WHEN 'new' THEN
           format('SELECT count(*) FILTER (WHERE rbac.user_has_scope(bench_user, %L, %L)) FROM bench.%s_users', scope, tenant_id, kind)
       WHEN 'join' THEN
           format('SELECT count(*) FILTER (WHERE plain.join_allows(bench_user, %L)) FROM (SELECT * FROM bench.%s_users LIMIT %s) AS u', scope, kind, calls)
       WHEN 'exists' THEN
           format('SELECT count(*) FILTER (WHERE plain.exists_allows(bench_user, %L)) FROM (SELECT * FROM bench.%s_users LIMIT %s) AS u', scope, kind, calls)
       END
FROM bench.questions,
    (VALUES ('loop', 500), ('cold', 500), ('users', 500), ('new', 500),
            ('exists', 200), ('join', 200)) AS e (entrant, calls);

CREATE TABLE bench.shape_users AS
SELECT bench.user_id('shape', n) AS bench_user FROM generate_series(501, 1000) AS n;
CREATE TABLE bench.tall_users AS
SELECT bench.user_id('tall', n) AS bench_user FROM generate_series(501, 1000) AS n;
CREATE TABLE bench.cloud_users AS
SELECT bench.user_id('cloud', n) AS bench_user FROM generate_series(501, 1000) AS n;
ANALYZE bench.shape_users, bench.tall_users, bench.cloud_users;

-- All of it in one session, on one processor: helpers' time would be missed.
SET max_parallel_workers_per_gather = 0;
SET jit = off;
SET app.user_id = :'user_id';
SELECT FROM rbac.set_identity(:'user_id', :'tenant_id', local => false) \g /dev/null

-- What is measured must be the answer to the question.
DO $$
DECLARE
    entrant bench.entrants;
    answer bigint;
BEGIN
    FOR entrant IN SELECT * FROM bench.entrants WHERE contest IN ('policy', 'warm') LOOP
        EXECUTE format('SET LOCAL ROLE %I', entrant.db_role);
        EXECUTE replace(entrant.query, 'SELECT FROM (SELECT count(*)', 'SELECT * FROM (SELECT count(*)') INTO answer;
        SET LOCAL ROLE NONE;
        ASSERT answer = entrant.calls, format('%s / %s: %s', entrant.contest, entrant.entrant, answer);
    END LOOP;
END
$$;

CALL bench.hold('policy', 15);
CALL bench.hold('wrapped', 25);
CALL bench.hold('warm', 15);
CALL bench.hold('shape', 9);
CALL bench.hold('tall', 9);
CALL bench.hold('cloud', 9);
