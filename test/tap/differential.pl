# Every question function against plain SQL, on random models under random
# changes.
#
# The oracle (lib/oracle.sql) is the one sentence that says what the model
# means, as SQL. For each model and after each change, every function answers
# every question about a small world, and each answer is compared. Changes are
# seen by three sessions whose caches are warm from the state before: the one
# that makes them (in autocommit, in transactions with savepoints and rollbacks,
# in two phases), one that only watches, and one in REPEATABLE READ or
# SERIALIZABLE with an old snapshot, whose answers must still be the latest.
#
# It needs a server of its own, for prepared transactions and settings, and
# several sessions.
#
# RBAC_SEED repeats a run, RBAC_MODELS and RBAC_STEPS make it longer.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Utils;
use RbacTest;
use Test::More;

my $seed = $ENV{RBAC_SEED} // time ^ ($$ << 8);
my $models = $ENV{RBAC_MODELS} // 3;
my $steps = $ENV{RBAC_STEPS} // 8;
my $compared = 0;
my $held = 0;


note("RBAC_SEED=$seed");
srand($seed);

my $node = new_node('differential', autovacuum => 'off', 'jit' => 'off');
$node->start;

# The world.

my @tenants = map { sprintf 'b0000000-0000-0000-0000-%012d', $_ } 0 .. 4;
my @users = map { sprintf 'a0000000-0000-0000-0000-%012d', $_ } 0 .. 9;
my $nothing = 'f0000000-0000-0000-0000-000000000000';
my @scopes = map { "read:$_" } 'a' .. 'h';

sub one_of { return $_[ int rand @_ ] }
sub salt { return "'" . int(rand 1e9) . "'" }

sub values_list
{
	return join ', ', map {
		'(' . join(', ', map { defined $_ ? "'$_'" : 'NULL' } @$_) . ')'
	} @_;
}

sub world
{
	my @departments;

	# Four deep in the first three tenants: 0 <- 1 <- 2 <- 3, 1 <- 4.
	for my $t (0 .. 2)
	{
		my @id = map { sprintf 'c0000000-0000-0000-000%d-%012d', $t, $_ } 0 .. 4;
		my @parent = (undef, 0, 1, 2, 1);
		push @departments,
		  map { [ $id[$_], $tenants[$t], defined $parent[$_] ? $id[ $parent[$_] ] : undef, "d$t$_" ] } 0 .. 4;
	}
	my @roles = map { [ undef, "shared-$_" ] } 1 .. 9;
	push @roles, map { my $t = $_; map { [ $tenants[$t], "own-$_" ] } 1 .. 3 } 0 .. 2;

	my $sql = '';
	my %rows = (
		users => [ map { [ $_, 'u' . substr($_, -1) ] } @users ],
		tenants => [ map { [ $_, 't' . substr($_, -1) ] } @tenants ],
		departments => \@departments,
		scopes => [ map { [$_] } @scopes ],
		permissions => [ map { ["p$_"] } 1 .. 10 ],
		roles => \@roles);
	$sql .= "INSERT INTO oracle.$_ VALUES " . values_list(@{ $rows{$_} }) . ";\n" for sort keys %rows;

	# What never exists is asked about as well.
	$sql .= <<"SQL";
INSERT INTO oracle.points (user_id, scope, tenant_id, department_id)
SELECT u, s, p.t, p.d
FROM (SELECT id FROM oracle.users UNION ALL SELECT '$nothing') AS u (u),
     (SELECT name FROM oracle.scopes UNION ALL SELECT 'read:nothing') AS s (s),
     (SELECT NULL::uuid, NULL::uuid
      UNION ALL SELECT id, NULL FROM oracle.tenants
      UNION ALL SELECT '$nothing', NULL
      UNION ALL SELECT tenant_id, id FROM oracle.departments
      UNION ALL (SELECT t.id, d.id FROM oracle.departments AS d JOIN oracle.tenants AS t ON t.id <> d.tenant_id
                 ORDER BY md5(t.id::text || d.id || @{[salt]}) LIMIT 6)
      UNION ALL SELECT '$tenants[0]', '$nothing'
      UNION ALL SELECT '$nothing', '$departments[0][0]') AS p (t, d);

-- Each user with and without a narrowing list, in no tenant and in some.
INSERT INTO oracle.identities (user_id, tenant_id, scopes)
SELECT u, t, n.scopes
FROM (SELECT id FROM oracle.users UNION ALL SELECT '$nothing') AS u (u),
     (VALUES (NULL::uuid), ('$tenants[0]'), ('$tenants[1]'), ('$tenants[3]')) AS t (t),
     (SELECT NULL::text[]
      UNION ALL SELECT ARRAY(SELECT name FROM oracle.scopes WHERE md5(name || @{[salt]}) < 'a')) AS n (scopes);
INSERT INTO oracle.identities (user_id, tenant_id, scopes) VALUES ('$users[0]', NULL, '{}');

-- One point, put in every form that can ask about it.
INSERT INTO oracle.questions (form, identity, user_id, scope, tenant_id, department_id, point)
SELECT f.form, i.id, CASE WHEN f.about_identity THEN NULL ELSE p.user_id END, p.scope,
       CASE WHEN f.form LIKE '%,t%' THEN p.tenant_id END, p.department_id, p.id
FROM oracle.points AS p
JOIN oracle.forms AS f
  ON f.form IN ('has_scope(s)', 'require_scope(s)', 'explain_scope(s)') AND p.department_id IS NULL
  OR f.form = 'has_scope_everywhere' AND p.tenant_id IS NULL
  OR f.form ~ '^(has_scope|has_scope_\\w+|require_scope|user_has_scope|explain_scope)\\(.*t\\)' AND p.tenant_id IS NOT NULL AND p.department_id IS NULL
  OR f.form ~ '^(has_scope|has_scope_\\w+|require_scope|user_has_scope|explain_scope)\\(.*t,d\\)' AND p.department_id IS NOT NULL
LEFT JOIN oracle.identities AS i
  ON f.about_identity AND i.user_id = p.user_id
  AND CASE WHEN f.form LIKE '%(s)' THEN i.tenant_id IS NOT DISTINCT FROM p.tenant_id
           WHEN f.form = 'has_scope_everywhere' THEN true
           ELSE i.tenant_id IS NULL END
WHERE to_regprocedure(f.function) IS NOT NULL
  AND (i.id IS NOT NULL OR NOT f.about_identity)
  -- these are slow, for they explain, or are many: some are enough
  AND (f.form !~ '^(require|explain|has_scope_)' OR md5(p.id::text || f.form || @{[salt]}) < '2');

INSERT INTO oracle.questions (form, identity, scope, scopes, tenant_id)
SELECT f.form, i.id, q.scope, q.scopes, q.tenant_id
FROM oracle.forms AS f
JOIN oracle.identities AS i
  ON f.about_identity AND (f.form ~ '\\(s\\)|^effective' OR i.tenant_id IS NULL)
CROSS JOIN LATERAL (
    SELECT s.name, NULL::text[], NULL::uuid FROM oracle.scopes AS s WHERE f.form LIKE '%s_with_scope'
    UNION ALL
    SELECT NULL, l.l, CASE WHEN f.form LIKE '%,t)' THEN '$tenants[1]'::uuid END
    FROM (VALUES ('{}'::text[]), (ARRAY[NULL, 'read:a']), ('{read:b}'), ('{read:c,read:d,read:nothing}'), ('{read:e,read:f}')) AS l (l)
    WHERE f.form ~ 'has_a'
    UNION ALL SELECT NULL, NULL, NULL WHERE f.form = 'effective_scopes'
) AS q (scope, scopes, tenant_id)
WHERE to_regprocedure(f.function) IS NOT NULL;

INSERT INTO oracle.questions (form, user_id, tenant_id)
SELECT 'effective_scopes(u,t)', u, t FROM (SELECT id FROM oracle.users UNION ALL SELECT '$nothing') AS u (u),
     (SELECT id FROM oracle.tenants UNION ALL SELECT '$nothing') AS t (t);
INSERT INTO oracle.questions (form, scope, tenant_id)
SELECT 'users_with_scope', s.name, t.id FROM oracle.scopes AS s, oracle.tenants AS t
WHERE to_regprocedure('rbac.users_with_scope(text,uuid)') IS NOT NULL;
ANALYZE;
SQL
	return $sql;
}

# Changes. Each is SQL that is valid in every state, choosing at random among
# what exists.

sub any    # any(KEY, FROM ... WHERE ...)
{
	my ($key, $from) = @_;
	return "(SELECT $key FROM $from ORDER BY md5(($key)::text || @{[salt]}) LIMIT 1)";
}

# Bring back all of the world that was deleted, so that ids come to life again.
sub restock
{
	return <<'SQL';
INSERT INTO rbac.tenants (id, key, name) SELECT id, ltrim(name, 't'), name FROM oracle.tenants ON CONFLICT DO NOTHING;
INSERT INTO rbac.users (id, username) SELECT id, name FROM oracle.users ON CONFLICT DO NOTHING;
INSERT INTO rbac.departments (id, tenant_id, parent_id, name) SELECT * FROM oracle.departments ON CONFLICT DO NOTHING;
INSERT INTO rbac.scopes (name) SELECT name FROM oracle.scopes ON CONFLICT DO NOTHING;
INSERT INTO rbac.permissions (name) SELECT name FROM oracle.permissions ON CONFLICT DO NOTHING;
INSERT INTO rbac.roles (tenant_id, name) SELECT tenant_id, name FROM oracle.roles ON CONFLICT DO NOTHING;
SQL
}

sub period
{
	my @period = (
		[ 'NULL', 'NULL' ], [ 'NULL', 'NULL' ], [ 'NULL', 'NULL' ],
		[ "now() - interval '1 day'", 'NULL' ],
		[ 'NULL', "now() + interval '1 day'" ],
		[ 'NULL', "now() - interval '1 second'" ],
		[ "now() + interval '1 hour'", 'NULL' ],
		[ "now() - interval '2 days'", "now() - interval '1 day'" ],
		[ "now() - interval '1 hour'", "now() + interval '1 hour'" ],
		[ "statement_timestamp()", "statement_timestamp() + interval '1 hour'" ],
		[ "'-infinity'", "statement_timestamp()" ],
		[ "'-infinity'", "'infinity'" ]);
	return @{ one_of(@period) };
}

sub grant
{
	my $place = one_of('everywhere', 'tenant', 'tenant', 'department', 'department');
	my ($from, $until) = period();
	my $where =
	    $place eq 'everywhere' ? '(SELECT NULL::uuid, NULL::uuid WHERE r.tenant_id IS NULL)'
	  : $place eq 'tenant' ? '(SELECT t.id, NULL::uuid FROM rbac.tenants AS t WHERE t.id = coalesce(r.tenant_id, t.id))'
	  : '(SELECT d.tenant_id, d.id FROM rbac.departments AS d WHERE d.tenant_id = coalesce(r.tenant_id, d.tenant_id))';
	return <<"SQL";
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, department_id, valid_from, valid_until)
SELECT u.id, r.id, p.t, p.d, $from, $until
FROM rbac.users AS u, rbac.roles AS r, LATERAL $where AS p (t, d)
WHERE r.id >= 100
ORDER BY md5(u.id::text || r.id || coalesce(p.t::text, '') || coalesce(p.d::text, '') || @{[salt]}) LIMIT 1
ON CONFLICT DO NOTHING;
SQL
}

sub inherit
{
	# along the alphabet, so never a cycle
	return <<"SQL";
INSERT INTO rbac.role_inherits (role_id, inherits_role_id)
SELECT senior.id, junior.id FROM rbac.roles AS senior JOIN rbac.roles AS junior
ON senior.id >= 100 AND junior.id >= 100 AND senior.name < junior.name
   AND (junior.tenant_id IS NULL OR junior.tenant_id = senior.tenant_id)
ORDER BY md5(senior.id || ' ' || junior.id || @{[salt]}) LIMIT 1
ON CONFLICT DO NOTHING;
SQL
}

sub permit
{
	return
	  "INSERT INTO rbac.role_permissions VALUES (@{[any('id', 'rbac.roles WHERE id >= 100')]}, @{[any('id', 'rbac.permissions WHERE id >= 100')]}) ON CONFLICT DO NOTHING;\n";
}

sub carry
{
	return
	  "INSERT INTO rbac.permission_scopes VALUES (@{[any('id', 'rbac.permissions WHERE id >= 100')]}, @{[any('id', 'rbac.scopes WHERE id >= 100')]}) ON CONFLICT DO NOTHING;\n";
}

# A model: the chain of inheritance six deep with a diamond, the rest at random.
sub model
{
	my $sql = restock();

	$sql .= <<'SQL';
INSERT INTO rbac.role_inherits (role_id, inherits_role_id)
SELECT s.id, j.id FROM (VALUES (1, 2), (1, 3), (2, 4), (3, 4), (4, 5), (5, 6), (6, 7)) AS v (s, j)
JOIN rbac.roles AS s ON s.tenant_id IS NULL AND s.name = 'shared-' || v.s
JOIN rbac.roles AS j ON j.tenant_id IS NULL AND j.name = 'shared-' || v.j;
SQL
	$sql .= inherit() for 1 .. 6;
	$sql .= carry() for 1 .. 12;
	$sql .= permit() for 1 .. 25;
	$sql .= grant() for 1 .. 35;
	$sql .= "UPDATE rbac.tenants SET is_active = false WHERE id = '$tenants[2]';\n" if rand() < 0.5;
	$sql .= "UPDATE rbac.users SET is_active = false WHERE id = '$users[1]';\n" if rand() < 0.5;
	return $sql;
}

# Is this role not assigned to this user in the place and from the moment of a already?
sub is_free
{
	my ($user, $role) = @_;
	return "NOT EXISTS (SELECT FROM rbac.user_roles AS b WHERE b.id <> a.id AND b.user_id = $user AND b.role_id = $role"
	  . join('', map { " AND b.$_ IS NOT DISTINCT FROM a.$_" } qw(tenant_id department_id valid_from)) . ')';
}

my %change = (
	grant => sub { join '', map { grant() } 1 .. 1 + int rand 4 },
	revoke => sub { "DELETE FROM rbac.user_roles WHERE id = @{[any('id', 'rbac.user_roles')]};\n" },
	bound => sub {
		my ($from, $until) = period();
		"UPDATE rbac.user_roles AS a SET valid_until = $until WHERE a.id = @{[any('id', 'rbac.user_roles')]} AND coalesce(valid_from < $until, true);\n";
	},
	hand_over => sub {
		"WITH new AS MATERIALIZED (SELECT @{[any('id', 'rbac.users')]} AS id) UPDATE rbac.user_roles AS a SET user_id = new.id FROM new WHERE a.id = @{[any('id', 'rbac.user_roles')]} AND @{[is_free('new.id', 'a.role_id')]};\n"
	},
	exchange_role => sub {
		"WITH new AS MATERIALIZED (SELECT @{[any('id', 'rbac.roles WHERE tenant_id IS NULL AND id >= 100')]} AS id) UPDATE rbac.user_roles AS a SET role_id = new.id FROM new WHERE a.id = @{[any('id', 'rbac.user_roles')]} AND @{[is_free('a.user_id', 'new.id')]};\n"
	},
	inherit => \&inherit,
	disinherit => sub {
		"DELETE FROM rbac.role_inherits WHERE (role_id, inherits_role_id) = @{[any('role_id, inherits_role_id', 'rbac.role_inherits WHERE role_id >= 100')]};\n"
	},
	permit => \&permit,
	forbid => sub {
		"DELETE FROM rbac.role_permissions WHERE (role_id, permission_id) = @{[any('role_id, permission_id', 'rbac.role_permissions WHERE role_id >= 100')]};\n"
	},
	carry => \&carry,
	carry_no_more => sub {
		"DELETE FROM rbac.permission_scopes WHERE (permission_id, scope_id) = @{[any('permission_id, scope_id', 'rbac.permission_scopes WHERE permission_id >= 100')]};\n"
	},
	toggle_user => sub { "UPDATE rbac.users SET is_active = NOT is_active WHERE id = @{[any('id', 'rbac.users')]};\n" },
	toggle_tenant => sub { "UPDATE rbac.tenants SET is_active = NOT is_active WHERE id = @{[any('id', 'rbac.tenants')]};\n" },
	move_department => sub {
		# to the top, or below one that does not lie below it
		my $moved = one_of(0 .. 4);
		my $to = one_of(0 .. 4);
		my $t = one_of(0 .. 2);
		<<"SQL";
UPDATE rbac.departments AS d
SET parent_id = (SELECT p.id FROM rbac.departments AS p
                 WHERE p.name = 'd$t$to' AND NOT EXISTS (
                     WITH RECURSIVE up (id) AS (
                         SELECT p.id UNION SELECT o.parent_id FROM up JOIN rbac.departments AS o ON o.id = up.id)
                     SELECT FROM up WHERE up.id = d.id))
WHERE d.name = 'd$t$moved';
SQL
	},
	delete_department => sub { "DELETE FROM rbac.departments WHERE id = @{[any('id', 'rbac.departments')]};\n" },
	delete_user => sub { "DELETE FROM rbac.users WHERE id = @{[any('id', 'rbac.users')]};\n" },
	delete_tenant => sub { "DELETE FROM rbac.tenants WHERE id = @{[any('id', 'rbac.tenants')]};\n" },
	delete_role => sub { "DELETE FROM rbac.roles WHERE id = @{[any('id', 'rbac.roles WHERE id >= 100')]};\n" },
	delete_permission => sub { "DELETE FROM rbac.permissions WHERE id = @{[any('id', 'rbac.permissions WHERE id >= 100')]};\n" },
	delete_scope => sub { "DELETE FROM rbac.scopes WHERE id = @{[any('id', 'rbac.scopes WHERE id >= 100')]};\n" },
	exchange_scope_names => sub {
		my ($one, $two) = map { one_of(@scopes) } 1, 2;
		"UPDATE rbac.scopes SET name = 'exchanged' WHERE name = '$one';\nUPDATE rbac.scopes SET name = '$one' WHERE name = '$two' AND '$one' <> '$two';\nUPDATE rbac.scopes SET name = '$two' WHERE name = 'exchanged';\n";
	},
	truncate => sub { "TRUNCATE rbac.user_roles;\n" . join '', map { grant() } 1 .. 25 },
	restock => \&restock,
	nothing => sub { '' },
	rewrite => sub { one_of(
		"VACUUM FULL rbac.user_roles;\n", "CLUSTER rbac.users USING users_pkey;\n",
		"REINDEX TABLE CONCURRENTLY rbac.user_roles;\n", "REINDEX TABLE rbac.role_permissions;\n",
		"VACUUM rbac.user_roles, rbac.role_inherits;\n") },
	replica_role => sub {
		"SET session_replication_role = replica;\n" . grant()
		  . "DELETE FROM rbac.user_roles WHERE id = @{[any('id', 'rbac.user_roles')]};\n"
		  . "RESET session_replication_role;\n";
	},
);

# Each kind of change has its turn, in an order that is different each time. A
# rewrite cannot run in a transaction block and has a way of its own.
my @deck;
my %covered;

sub some_change
{
	my ($is_possible) = @_;

	if (!@deck)
	{
		@deck = grep { $_ ne 'rewrite' } sort keys %change;
		@deck[ $_, 0 ] = @deck[ 0, $_ ] for map { int rand @deck } 1 .. 200;
	}
	my ($at) = grep { !$is_possible || $is_possible->($deck[$_]) } 0 .. $#deck;
	return ('grant', grant()) if !defined $at;
	my ($name) = splice @deck, $at, 1;
	$covered{$name}++;
	my $sql = $change{$name}->();
	$sql .= restock() if $name =~ /^delete_/ && rand() < 0.5;
	return ($name, $sql);
}

# Sessions.

my ($writer, $watcher, $old);
my @history;
my $failed = 0;

sub agree
{
	my ($session, $who) = @_;
	my ($n, $yes, $differences) = split /\|/, $session->ask('SELECT * FROM oracle.compare()'), 3;

	$compared += $n;
	$held += $yes;
	return 1 if $differences eq '';
	$failed++;
	diag("$who, after:\n", join('', @history), "differs:\n", join("\n", split /","/, $differences));
	return 0;
}

# Answers given in one session, the truth told in another.
sub agree_across
{
	my ($session, $teller, $who) = @_;
	my $answers = $session->ask('SELECT oracle.answers_line()');
	my $truth = $teller->ask('SELECT oracle.truth_line()');
	my @answer = split / /, $answers;
	my @truth = split / /, $truth;

	$compared += @answer;
	return 1 if $answers eq $truth;
	$failed++;
	my @different = grep { ($answer[$_] // '') ne ($truth[$_] // '') } 0 .. $#truth;
	diag("$who, after:\n", join('', @history), "differs in ", scalar @different, ":\n",
		$teller->ask('SELECT oracle.describe(id, NULL, NULL) FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM oracle.questions) AS q WHERE n IN ('
			  . join(',', map { $_ + 1 } @different[ 0 .. ($#different < 4 ? $#different : 4) ]) . ')'));
	return 0;
}

sub change_by
{
	my ($session, $sql) = @_;
	push @history, $sql;
	$session->ask($sql) if $sql ne '';
	return;
}

# Nobody can read a table that a transaction has truncated until it ends.
sub locks_nobody_out { return $_[0] ne 'truncate' }

# Ways in which a change comes about.

my %way = (
	# by itself
	autocommit => sub {
		my ($name, $sql) = rand() < 0.1 ? ('rewrite', $change{rewrite}->()) : some_change();
		change_by($writer, $sql);
		agree($writer, "the session that made change $name");
		agree($watcher, "a session with a warm cache, after $name");
	},
	# in a block, with savepoints; others see nothing of it until it commits
	transaction => sub {
		change_by($writer, 'BEGIN;');
		change_by($writer, (some_change(\&locks_nobody_out))[1]);
		agree($writer, 'a transaction that has written');
		change_by($writer, 'SAVEPOINT one;');
		change_by($writer, (some_change(\&locks_nobody_out))[1]);
		agree($writer, 'a transaction within a savepoint');
		agree($watcher, 'a session that must not see what is not committed');
		change_by($writer, one_of('ROLLBACK TO one;', 'RELEASE one;'));
		agree($writer, 'a transaction after its savepoint has ended');
		change_by($writer, one_of('COMMIT;', 'ROLLBACK;'));
		agree($writer, 'a session after its transaction');
		agree($watcher, 'a session with a warm cache, after a transaction');
	},
	# committed by somebody else, who knows nothing of it
	two_phase => sub {
		change_by($writer, 'BEGIN;');
		my ($name, $sql) = some_change(\&locks_nobody_out);
		change_by($writer, $sql);
		change_by($writer, "PREPARE TRANSACTION 'it';");
		agree($writer, 'a session after PREPARE') && agree($watcher, 'a session while something is prepared');
		change_by($watcher, one_of("COMMIT PREPARED 'it';", "COMMIT PREPARED 'it';", "ROLLBACK PREPARED 'it';"));
		agree($writer, 'the session that had prepared');
		agree($watcher, 'the session that committed what was prepared');
	},
	# under the eyes of a reader whose snapshot is old
	old_snapshot => sub {
		my $level = one_of('REPEATABLE READ', 'SERIALIZABLE');
		$old->ask("BEGIN ISOLATION LEVEL $level; SELECT 1 FROM rbac.users");
		agree_across($old, $writer, "a session in $level") if rand() < 0.5;
		my ($name, $sql) = some_change();
		change_by($writer, $sql);
		agree_across($old, $writer, "a session in $level, after $name");
		$old->ask('COMMIT');
	});

for my $m (1 .. $models)
{
	@history = ();
	$failed = 0;
	$node->safe_psql('postgres', 'CREATE DATABASE world');
	$node->safe_psql('postgres', 'ALTER DATABASE world SET rbac.unknown_scope = deny');
	$node->safe_psql('world', "CREATE EXTENSION rbac;\n" . slurp_sql('oracle.sql') . world());
	($writer, $watcher, $old) = map { RbacTest::Session->new($node, 'world') } 1 .. 3;

	is($writer->ask("SELECT string_agg(form, ', ') FROM oracle.forms AS f WHERE NOT EXISTS (SELECT FROM oracle.questions AS q WHERE q.form = f.form)"),
		'', 'every question function is asked') if $m == 1;
	is($writer->ask(<<'SQL'), '', '... and there is no other') if $m == 1;
SELECT string_agg(p.oid::regprocedure::text, ', ') FROM pg_proc AS p
WHERE p.pronamespace = 'rbac'::regnamespace
  AND p.proname ~ '^(has_|user_has_scope|require_scope|explain_scope|effective_scopes|[a-z][a-z_]*_with_scope)'
  AND NOT EXISTS (SELECT FROM oracle.forms AS f WHERE to_regprocedure(f.function) = p.oid)
SQL

	change_by($writer, model());
	$_->ask('SELECT 1') for $watcher, $old;
	agree($writer, 'the session that made the model');
	agree($watcher, 'a session that looks at the model');
	my $before = $compared;
	for my $s (1 .. $steps)
	{
		my $way = (qw(autocommit transaction two_phase old_snapshot))[ $s % 4 ];
		push @history, "-- step $s: $way\n";
		$way{$way}->();
		last if $failed;
	}
	ok(!$failed, "model $m: rbac and the sentence agree before and after $steps random changes");
	$_->quit for $writer, $watcher, $old;
	last if $failed;
	$node->safe_psql('postgres', 'DROP DATABASE world');
}

$node->stop;
note("compared $compared answers, $held of them not empty; changes: "
	  . join(', ', map { "$_ $covered{$_}" } sort keys %covered));
my @missed = grep { !$covered{$_} && $_ ne 'rewrite' } sort keys %change;
is("@missed", '', 'every kind of change was made') if $models * $steps >= 24 && !$failed;
cmp_ok($compared, '>=', 100_000, "at least 100,000 comparisons (RBAC_SEED=$seed)");
cmp_ok($held, '>=', $compared / 50, 'the models grant enough to tell right from wrong');
done_testing();
