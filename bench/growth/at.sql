-- What checks cost by the processor time of one session, among so many people.
-- Variable people. Prints lines: measure, people, value. Everybody is unknown when
-- it begins and when it ends.

SELECT FROM rbac.set_identity(bench.person(1), bench.home(1), local => false) \g /dev/null
SET client_min_messages = warning;

-- Up to 50,000 people in no order; all but the first 400 (who have every role).
CREATE TABLE bench.some AS
SELECT bench.person(n) AS person, bench.home(n) AS home
FROM (SELECT n FROM generate_series(401, :people) AS n ORDER BY md5(n::text) LIMIT 50000) AS s;
CREATE TABLE bench.few AS SELECT * FROM bench.some LIMIT 500;
ANALYZE bench.some, bench.few;

CREATE TABLE bench.plain_rows AS SELECT n FROM generate_series(1, 200000) AS n;
VACUUM ANALYZE bench.plain_rows;

CREATE FUNCTION bench.everybody_is_forgotten_but_roles() RETURNS void
LANGUAGE sql VOLATILE AS $$
    SELECT rbac.cache_reset();
    SELECT count(rbac.user_has_scope(bench.person(n), 'common', bench.home(n))) FROM generate_series(1, 400) AS n;
$$;

INSERT INTO bench.entrants (contest, entrant, calls, before, query)
VALUES
    ('row', 'none', 200000, NULL, 'SELECT count(*) FROM bench.plain_rows'),
    ('row', 'has_scope', 200000, NULL, 'SELECT count(*) FROM bench.plain_rows WHERE rbac.has_scope(''common'')'),
    ('unknown', 'none', 500, NULL,
     'SELECT count(*) FILTER (WHERE bench.trivial(person, ''common'', home)) FROM bench.few'),
    ('unknown', 'check', 500, 'SELECT bench.everybody_is_forgotten_but_roles()',
     'SELECT count(*) FILTER (WHERE rbac.user_has_scope(person, ''common'', home)) FROM bench.few');
INSERT INTO bench.entrants (contest, entrant, calls, query)
SELECT 'warm', entrant, 400000,
       format('SELECT count(*) FROM generate_series(1, 40000) AS n WHERE n > 0 AND (%s)',
              array_to_string(array_fill(format('CASE WHEN n > 0 THEN %s END', condition), ARRAY[10]), ' AND '))
FROM (VALUES ('none', 'true'), ('check', 'rbac.has_scope(''common'')')) AS e (entrant, condition);
INSERT INTO bench.entrants (contest, entrant, calls, before, query)
SELECT 'shared', entrant, count(*), before,
       format('SELECT count(*) FILTER (WHERE %s(person, ''common'', home)) FROM bench.some', function)
FROM bench.some,
     (VALUES ('none', NULL, 'bench.trivial'), ('check', 'SELECT rbac._forget()', 'rbac.user_has_scope')) AS e (entrant, before, function)
GROUP BY entrant, before, function
ORDER BY entrant = 'check';

CALL bench.hold('unknown', 9);
SELECT count(rbac.user_has_scope(person, 'common', home)) FROM bench.some \g /dev/null
CALL bench.hold('shared', 9);
CALL bench.hold('row', 15);
CALL bench.hold('warm', 15);
SELECT rbac.cache_reset() \g /dev/null

\pset tuples_only
\pset format unaligned
\pset fieldsep '\t'
SELECT measure, :people, round(ns::numeric, 1)
FROM (VALUES ('a row, has_scope bare in its scan', bench.cost('row', 'has_scope', 'none')),
             ('asked before', bench.cost('warm', 'check', 'none')),
             ('new to the session, known to the shared cache', bench.cost('shared', 'check', 'none')),
             ('new to all, known roles', bench.cost('unknown', 'check', 'none'))) AS m (measure, ns);
