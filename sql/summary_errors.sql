-- What cannot be summarised is refused, with the reason and what to do.
\set SHOW_CONTEXT never
SET rbac.summary_pending = 0;
CREATE ROLE regress_rbac_owner;
CREATE SCHEMA se AUTHORIZATION regress_rbac_owner;
SET ROLE regress_rbac_owner;
CREATE TABLE se.tasks (id integer PRIMARY KEY, assignee text, place point, label xml, status_id integer, count integer);
CREATE VIEW se.a_view AS SELECT 1 AS status_id;
CREATE TABLE se.parent (status_id integer);
CREATE TABLE se.child () INHERITS (se.parent);
CREATE TABLE se.parted (assignee text, status_id integer) PARTITION BY LIST (status_id);
CREATE TABLE se.part PARTITION OF se.parted DEFAULT;
CREATE TEMP TABLE short_lived (status_id integer);
CREATE TABLE se.taken_totals ();

-- arguments
SELECT rbac.create_summary(NULL, 'se.tasks', '{assignee}');
SELECT rbac.create_summary('s', NULL, '{assignee}');
SELECT rbac.create_summary('s', 'se.tasks', NULL);
SELECT rbac.create_summary('s', 'se.tasks', '{NULL}');
SELECT rbac.create_summary('s', 'se.tasks', '{assignee}', NULL);
SELECT rbac.create_summary('', 'se.tasks', '{assignee}');
SELECT rbac.create_summary('a.b.c', 'se.tasks', '{assignee}');
SELECT rbac.create_summary('public.s', 'se.tasks', '{assignee}');
SELECT rbac.create_summary(repeat('x', 51), 'se.tasks', '{assignee}');
-- the columns
SELECT rbac.create_summary('s', 'se.tasks', '{assigne}');
SELECT rbac.create_summary('s', 'se.tasks', '{assignee}', 'state');
SELECT rbac.create_summary('s', 'se.tasks', '{assignee,assignee}');
SELECT rbac.create_summary('s', 'se.tasks', '{status_id}');
SELECT rbac.create_summary('s', 'se.tasks', '{count}');
SELECT rbac.create_summary('s', 'se.tasks', '{place}');
SELECT rbac.create_summary('s', 'se.tasks', '{label}');
-- the table
SELECT rbac.create_summary('s', 'se.nowhere', '{}');
SELECT rbac.create_summary('s', 'se.a_view', '{}');
SELECT rbac.create_summary('s', 'rbac.users', '{username}', 'is_active');
SELECT rbac.create_summary('s', 'se.parent', '{}');
SELECT rbac.create_summary('s', 'se.part', '{assignee}');
SELECT rbac.create_summary('s', 'short_lived', '{}');
SELECT rbac.create_summary('tasks', 'se.tasks', '{assignee}');
SELECT rbac.create_summary('taken', 'se.tasks', '{assignee}');
-- nothing is left of any of these
SELECT relname FROM pg_class WHERE relnamespace = 'se'::regnamespace AND relkind IN ('r', 'v', 'p') ORDER BY relname;
SELECT count(*) FROM rbac.summaries;
RESET ROLE;
CREATE COLLATION se.loose (provider = icu, locale = 'und', deterministic = false);
CREATE TABLE se.loose (name text COLLATE se.loose, status_id integer);
SELECT rbac.create_summary('s', 'se.loose', '{name}');
-- a collation of its own is kept
CREATE TABLE se.strict (name text COLLATE "C", code varchar(3), amount numeric(5, 2), status_id integer);
SELECT rbac.create_summary('strict_by_name', 'se.strict', '{name,code,amount}');
SELECT attname, format_type(atttypid, atttypmod), attcollation::regcollation FROM pg_attribute
WHERE attrelid = 'se.strict_by_name'::regclass ORDER BY attnum;
SELECT rbac.drop_summary('strict_by_name');

-- which summary
SELECT rbac.drop_summary(NULL);
SELECT rbac.drop_summary('nothing');
SELECT rbac.rebuild_summary('se.nothing');
SELECT rbac.compact_summary('"');
SELECT * FROM rbac.verify_summary('no.such.thing');
SELECT rbac.create_summary('same', 'se.strict', '{}');
CREATE SCHEMA se2;
CREATE TABLE se2.strict (status_id integer);
SELECT rbac.create_summary('same', 'se2.strict', '{}');
SELECT rbac.compact_summary('same');
SELECT rbac.compact_summary('se2.same');
SELECT rbac.drop_summary('se2.same');
SELECT rbac.compact_summary('same');
-- a name that needs quotes
SELECT rbac.create_summary('"Odd name"', 'se2.strict', '{}');
INSERT INTO se2.strict VALUES (1);
SELECT * FROM se2."Odd name";
SELECT * FROM se2."Odd name_totals";
SELECT rbac.rebuild_summary('"Odd name"');
SELECT rbac.drop_summary('"Odd name"');

-- in a transaction that does not see what is committed by now
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT rbac.compact_summary('same');
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT rbac.rebuild_summary('same');
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT rbac.create_summary('other', 'se.strict', '{}');
ROLLBACK;

-- what somebody else uses is not dropped under them
CREATE VIEW se.report AS SELECT sum(count) FROM se.same;
SELECT rbac.drop_summary('same');
DROP TABLE se.strict;
DROP VIEW se.report;
-- what is behind a summary, altered by hand
ALTER TABLE se._same_pending ADD CHECK (_count > 0);
INSERT INTO se.strict (status_id) VALUES (1);
ALTER TABLE se._same_pending DROP CONSTRAINT _same_pending__count_check;
INSERT INTO se.strict (status_id) VALUES (1);
ALTER TABLE se._same_pending RENAME TO elsewhere;
INSERT INTO se.strict (status_id) VALUES (1);
SELECT * FROM se.same;
-- a part that is dropped takes the rest with it
DROP TABLE se.elsewhere CASCADE;
SELECT count(*) FROM rbac.summaries;
INSERT INTO se.strict (status_id) VALUES (1);
-- and so does a column, if it is meant
SELECT rbac.create_summary('same', 'se.strict', '{name}');
\set VERBOSITY terse
ALTER TABLE se.strict DROP COLUMN name;
SET client_min_messages = warning;
ALTER TABLE se.strict DROP COLUMN name CASCADE;
RESET client_min_messages;
\set VERBOSITY default
SELECT count(*) FROM rbac.summaries;
INSERT INTO se.strict (status_id) VALUES (1);
-- which a trigger of ours, made by hand, does not have
CREATE TRIGGER mine AFTER INSERT ON se.strict FOR EACH ROW EXECUTE FUNCTION rbac._count_row();
INSERT INTO se.strict (status_id) VALUES (1);
DROP TRIGGER mine ON se.strict;
CREATE TRIGGER mine AFTER INSERT ON se.strict FOR EACH ROW EXECUTE FUNCTION rbac._count_row('12345');
INSERT INTO se.strict (status_id) VALUES (1);
DROP TRIGGER mine ON se.strict;
SELECT rbac._count_row();

\set VERBOSITY terse
DROP SCHEMA se CASCADE;
DROP SCHEMA se2 CASCADE;
DROP TABLE short_lived;
DROP ROLE regress_rbac_owner;
