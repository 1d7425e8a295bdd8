# A summary is exact at every moment, whatever six writers do at once: rows that
# come, change and go, one by one and many, in blocks and savepoints that are rolled
# back, by COPY, MERGE and TRUNCATE, in prepared transactions; partitions that come
# and go; sessions that are cancelled, terminated and killed. None of them ever waits
# for another because of the summary, so none can deadlock.
#
# It needs many sessions at once, and a crash. RBAC_SUMMARY_SECONDS says how long it
# goes on, RBAC_SEED repeats what the writers do.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use IPC::Run;
use PostgreSQL::Test::Utils;
use RbacTest;
use Test::More;
use Time::HiRes qw(time usleep);

my $seconds = $ENV{RBAC_SUMMARY_SECONDS} // 8;
my $seed = srand($ENV{RBAC_SEED} // time);
diag("seed $seed, $seconds seconds");

# often, so that folds meet each other and everything else
my $node = new_node('summary_writers', 'rbac.summary_pending' => 40, max_connections => 30, deadlock_timeout => '100ms');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION rbac');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE tasks (id serial, month integer, assignee text, status_id integer) PARTITION BY LIST (month);
CREATE TABLE tasks_1 PARTITION OF tasks FOR VALUES IN (1);
CREATE TABLE tasks_2 PARTITION OF tasks FOR VALUES IN (2);
CREATE TABLE tasks_3 PARTITION OF tasks FOR VALUES IN (3);
CREATE TABLE tasks_4 (LIKE tasks);
INSERT INTO tasks_4 SELECT n, 4, 'user' || n % 9, n % 5 FROM generate_series(1, 50) AS n;
INSERT INTO tasks (month, assignee, status_id) SELECT 1 + n % 3, 'user' || n % 9, nullif(n % 5, 0) FROM generate_series(1, 3000) AS n;
CREATE INDEX ON tasks (id);
SELECT rbac.create_summary('by_assignee', 'tasks', '{assignee}');
SELECT rbac.create_summary('in_all', 'tasks', '{}');
SQL

# What a view and a count of the rows disagree about, under one snapshot.
my $differences = q{
	SELECT count(*) FROM (
		(SELECT 1 AS q, assignee, status_id::text AS s, count FROM by_assignee EXCEPT ALL SELECT 1, assignee, status_id::text, count(*) FROM tasks GROUP BY assignee, status_id)
		UNION ALL (SELECT 2, assignee, status_id::text, count(*) FROM tasks GROUP BY assignee, status_id EXCEPT ALL SELECT 2, assignee, status_id::text, count FROM by_assignee)
		UNION ALL (SELECT 3, assignee, counts::text, total FROM by_assignee_totals EXCEPT ALL SELECT 3, assignee, rbac.status_counts(status_id)::text, count(*) FROM tasks GROUP BY assignee)
		UNION ALL (SELECT 4, assignee, rbac.status_counts(status_id)::text, count(*) FROM tasks GROUP BY assignee EXCEPT ALL SELECT 4, assignee, counts::text, total FROM by_assignee_totals)
		UNION ALL (SELECT 5, NULL, status_id::text, count FROM in_all EXCEPT ALL SELECT 5, NULL, status_id::text, count(*) FROM tasks GROUP BY status_id)
		UNION ALL (SELECT 6, NULL, counts::text, total FROM in_all_totals EXCEPT ALL SELECT 6, NULL, rbac.status_counts(status_id)::text, count(*) FROM tasks HAVING count(*) > 0)) AS d};
my $verified = q{SELECT count(*) FROM rbac.summaries AS s, rbac.verify_summary(s.view::text)};

sub pick { return $_[ int(rand(@_)) ]; }

sub rows { my $n = int(rand(3000)); my $few = int(rand(20)); return "id BETWEEN $n AND " . ($n + $few); }

sub one_write
{
	my $month = pick(1, 2, 3);
	my $user = pick(1 .. 6) == 1 ? 'NULL' : "'user" . int(rand(9)) . "'";
	my $status = pick(1 .. 4, 'NULL');

	return pick(
		"INSERT INTO tasks (month, assignee, status_id) VALUES ($month, $user, $status);",
		"INSERT INTO tasks_$month (month, assignee, status_id) SELECT $month, $user, 1 + n % 4 FROM generate_series(1, 30) AS n;",
		"UPDATE tasks SET status_id = $status WHERE id = " . int(rand(3000)) . ';',
		"UPDATE tasks SET status_id = coalesce(status_id, 0) % 4 + 1 WHERE id = " . int(rand(3000)) . ';',
		"UPDATE tasks SET month = $month WHERE id = " . int(rand(3000)) . ';',
		"DELETE FROM tasks WHERE id = " . int(rand(4000)) . ';',
		"COPY tasks (month, assignee, status_id) FROM stdin;\n$month\tcopied\t1\n$month\tuser1\t\\N\n\\.\n",
		"MERGE INTO tasks AS t USING (VALUES (" . int(rand(3000)) . ")) AS s (id) ON t.id = s.id
			WHEN MATCHED AND status_id = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET assignee = $user
			WHEN NOT MATCHED THEN INSERT (month, assignee, status_id) VALUES ($month, $user, $status);");
}

my $prepared = 0;

# Blocks of one row each: two that lock several rows could wait for each other of
# themselves. What changes many rows, or empties a partition, is alone. (To empty the
# whole table while somebody inserts into a partition of it deadlocks in PostgreSQL:
# the one locks the table first, the other the partition.)
my $empty_all = 0;
sub block
{
	my $name = 'p' . $$ . '_' . ++$prepared;
	my $end = pick('COMMIT;', 'COMMIT;', 'COMMIT;', 'ROLLBACK;', "PREPARE TRANSACTION '$name'; COMMIT PREPARED '$name';", "PREPARE TRANSACTION '$name'; ROLLBACK PREPARED '$name';");
	my $isolation = pick('READ COMMITTED', 'READ COMMITTED', 'REPEATABLE READ');
	my $kind = int(rand(40));

	return one_write() if $kind < 16;
	return "BEGIN ISOLATION LEVEL $isolation; " . one_write() . "\n$end" if $kind < 26;
	return "BEGIN; SAVEPOINT a; " . one_write() . "\n" . pick('ROLLBACK TO a;', 'RELEASE a;', '') . "INSERT INTO tasks (month, assignee, status_id) VALUES (1, 'after', 1); $end" if $kind < 34;
	return "UPDATE tasks SET assignee = 'many' WHERE " . rows() . ';' if $kind == 34;
	return "BEGIN; TRUNCATE tasks_" . pick(1, 2, 3) . "; " . pick('COMMIT;', 'ROLLBACK;') if $kind == 35;
	return "BEGIN; TRUNCATE tasks; " . pick('COMMIT;', 'ROLLBACK;', 'ROLLBACK;', 'ROLLBACK;') if $kind == 36 && $empty_all;
	return "SELECT rbac.compact_summary('by_assignee'), rbac.compact_summary('in_all');" if $kind == 36 || $kind == 37;
	return "DO \$\$ BEGIN BEGIN INSERT INTO tasks (month, assignee, status_id) VALUES (1, 'do', 1); RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN INSERT INTO tasks (month, assignee, status_id) VALUES (2, 'do', 2); END; END \$\$;" if $kind == 38;
	return "INSERT INTO tasks (month, assignee, status_id) SELECT 1 + n % 3, 'bulk' || n % 200, n % 5 FROM generate_series(1, 600) AS n;";
}

# One writer: a psql that is fed with more blocks than there is time for, and another one
# when that has ended.
sub start_writer
{
	my $file = PostgreSQL::Test::Utils::tempdir() . '/blocks.sql';
	my %writer = (out => '', err => '');

	append_to_file($file, join("\n", map { block() } 1 .. 400 * $seconds) . "\n");

	$writer{run} = IPC::Run::start(
		[ $node->installed_command('psql'), '-XqAt', '-d', $node->connstr('postgres'), '-v', 'VERBOSITY=verbose', '-f', $file ],
		'<', '/dev/null', '>', \$writer{out}, '2>', \$writer{err});
	return \%writer;
}

my %refused;

sub collect
{
	my ($writer) = @_;
	$writer->{run}->finish;
	$refused{$1}++ while $writer->{err} =~ /(?:ERROR|FATAL):  (\w{5}):/g;
	return;
}

sub run_writers
{
	my ($how_long, $disturb) = @_;
	my @writers = map { start_writer() } 1 .. 6;
	my $checker = RbacTest::Session->new($node);
	my $end = time + $how_long;
	my ($checks, $wrong, $disturbances, $n) = (0, 0, 0, 0);

	while (time < $end)
	{
		for my $writer (@writers)
		{
			$writer->{run}->pump_nb if $writer->{run}->pumpable;
			next if $writer->{run}->pumpable;
			collect($writer);
			$writer = start_writer();
		}
		$wrong++ if $checker->ask($differences) ne '0';
		$checks++;
		$disturbances += $disturb->(++$n) if $disturb;
	}
	for my $writer (@writers)
	{
		$writer->{run}->signal('TERM');
		collect($writer);
	}
	$checker->quit;
	return ($checks, $wrong, $disturbances);
}

my ($checks, $wrong) = run_writers($seconds);
cmp_ok($checks, '>', 5, "there were checks while six wrote: $checks");
is($wrong, 0, 'each time, both summaries agreed with a count of all rows');
is($refused{'40P01'} // 0, 0, 'no deadlock') or diag(grep { /deadlock/ .. /STATEMENT/ } split m{^}, slurp_file($node->logfile));
is($node->safe_psql('postgres', $verified), '0', 'and so they do in the end');
diag(join ', ', $node->safe_psql('postgres', "SELECT xact_commit + xact_rollback || ' transactions' FROM pg_stat_database WHERE datname = 'postgres'"), map { "$_ $refused{$_} times" } sort keys %refused);

# The same with partitions that come and go, a table that is emptied, and sessions that
# are disturbed.
%refused = ();
$empty_all = 1;
my $admin = RbacTest::Session->new($node);
my $disturb = sub {
	my ($n) = @_;
	my $victim = "FROM (SELECT pid FROM pg_stat_activity WHERE application_name = 'psql' AND query ~ '(tasks|by_assignee)' AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND query !~ 'EXCEPT' ORDER BY random() LIMIT 1) AS v";

	if ($n % 5 == 0) { $admin->ask("SELECT pg_cancel_backend(pid) $victim"); }
	elsif ($n % 5 == 1) { $admin->ask("SELECT pg_terminate_backend(pid) $victim"); }
	elsif ($n % 5 == 2)
	{
		# what waits too long gives way, and is tried again another time
		eval { $admin->ask("SET lock_timeout = '2s'; DO \$\$ BEGIN
			IF EXISTS (SELECT FROM pg_inherits WHERE inhrelid = 'tasks_4'::regclass) THEN ALTER TABLE tasks DETACH PARTITION tasks_4;
			ELSE ALTER TABLE tasks ATTACH PARTITION tasks_4 FOR VALUES IN (4); END IF; END \$\$"); };
	}
	else { return 0; }
	return 1;
};
my $disturbances;
($checks, $wrong, $disturbances) = run_writers($seconds, $disturb);
cmp_ok($disturbances, '>', 2, "there were disturbances: $disturbances");
is($wrong, 0, "each of $checks times, both summaries agreed with a count of all rows");
is($node->safe_psql('postgres', $verified), '0', 'and so they do in the end');
diag(join ', ', map { "$_ $refused{$_} times" } sort keys %refused);
eval { $admin->quit };

# A crash in the middle of it, with a prepared transaction that has counted and folded.
$node->safe_psql('postgres', "BEGIN; UPDATE tasks SET status_id = 9 WHERE id IN (SELECT id FROM tasks LIMIT 7); SELECT rbac.compact_summary('by_assignee'); PREPARE TRANSACTION 'across'");
my @writers = map { start_writer() } 1 .. 6;
usleep(1_000_000);
$node->stop('immediate');
for my $writer (@writers) { eval { $writer->{run}->kill_kill; }; }
$node->start;
is($node->safe_psql('postgres', $differences), '0', 'after a crash, both summaries agree with a count of all rows');
is($node->safe_psql('postgres', $verified), '0', '... also in what is behind them');
$node->safe_psql('postgres', "COMMIT PREPARED 'across'");
is($node->safe_psql('postgres', $differences), '0', 'and after a prepared transaction has been committed across it');
is($node->safe_psql('postgres', "SELECT rbac.compact_summary('by_assignee') IS NOT NULL"), 't', '... which lets others fold again');
is($node->safe_psql('postgres', $verified), '0', '... and changes nothing');
$node->stop;
done_testing();
