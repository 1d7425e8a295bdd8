# Checks while others commit: never older than what their own statement sees,
# never a mixture of two states, and always an answer.
#
# A commit is visible a moment before its message is on the way (src/cache/
# signal.c); a session with a warm cache that takes a snapshot in that moment
# must not answer from before. Only many sessions at once come into the gap.
#
# RBAC_RACE_SECONDS makes it longer.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use RbacTest;
use Test::More;

my $seconds = $ENV{RBAC_RACE_SECONDS} // 3;
my $node = new_node('races', autovacuum => 'off', fsync => 'off', allows_streaming => 1);
$node->start;
install_rbac($node);

my $bob = 'a0000000-0000-0000-0000-000000000002';
my $acme = 'b0000000-0000-0000-0000-000000000001';
$node->safe_psql('postgres', slurp_sql('turns.sql'));

my ($writer, $one, $two, $mixtures) = map { RbacTest::Session->new($node) } 1 .. 4;
$mixtures->ask("SELECT rbac.set_identity('$bob', '$acme', local => false)");
for my $columns (0, 1500)
{
	my $gap = $columns ? 'wide gap' : 'narrow gap';
	my $before = $node->safe_psql('postgres', 'SELECT n FROM story.turn');

	$writer->send("CALL story.take_turns($seconds, $columns)");
	$_->send("CALL story.watch_turns($seconds)") for $one, $two;
	$mixtures->send("CALL story.watch_mixtures($seconds)");
	$writer->receive;
	my $turns = $node->safe_psql('postgres', 'SELECT n FROM story.turn') - $before;
	cmp_ok($turns, '>', $columns ? 3 : 50, "$gap: there were changes ($turns)");
	for my $reader ($one, $two)
	{
		my ($checks, $stale) = split /\|/, $reader->receive;
		cmp_ok($checks, '>', 100, "$gap: there were checks ($checks)");
		is($stale, 0, "$gap: no check was older than its statement");
	}
	my ($checks, $mixed) = split /\|/, $mixtures->receive;
	cmp_ok($checks, '>', 100, "$gap: there were checks of many scopes ($checks)");
	is($mixed, 0, "$gap: none mixed two states");
}

# A prepared transaction that has written holds the committing lock for as long
# as it lasts, so nothing can be kept from one snapshot to the next. A decision
# still comes to its end, however much it reads, while others commit.
$node->safe_psql('postgres', "INSERT INTO rbac.scopes (name) SELECT 's:' || n FROM generate_series(1, 300) AS n");
$node->safe_psql('postgres', "BEGIN; DELETE FROM rbac.user_roles; PREPARE TRANSACTION 'pending'");
$mixtures->ask("SELECT rbac.set_identity('$bob', '$acme', array_agg(name), local => false) FROM rbac.scopes WHERE id >= 100");
$_->send("CALL story.make_noise($seconds)") for $writer, $one, $two;
my ($wrong, $asked) = (0, 0);
my $until = time + $seconds;
while (time < $until)
{
	my $answer = eval { $mixtures->ask("SELECT count(*) FROM unnest(ARRAY(SELECT 'turn:' || n FROM generate_series(0, 9) AS n)) AS s WHERE rbac.has_scope(s) AND rbac.tenants_with_scope(s) = '{$acme}'") } // $@;
	diag($answer) if $answer ne '1' && !$wrong++;
	$asked++;
}
is($wrong, 0, "each decision came to its end while something was prepared and others committed ($asked)");
$_->receive for $writer, $one, $two;
$node->safe_psql('postgres', "ROLLBACK PREPARED 'pending'");

$_->quit for $one, $two, $mixtures;

# The same on a standby, where the gap is between two steps of the replay.
$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->append_conf('postgresql.conf', 'hot_standby_feedback = on');
$standby->start;
($one, $two) = map { RbacTest::Session->new($standby) } 1 .. 2;
for my $columns (0, 1500)
{
	my $gap = 'standby, ' . ($columns ? 'wide gap' : 'narrow gap');

	$writer->send("CALL story.take_turns($seconds, $columns)");
	$_->send("CALL story.watch_turns($seconds)") for $one, $two;
	$writer->receive;
	for my $reader ($one, $two)
	{
		my ($checks, $stale) = split /\|/, $reader->receive;
		cmp_ok($checks, '>', 100, "$gap: there were checks ($checks)");
		is($stale, 0, "$gap: no check was older than its statement");
	}
}

$_->quit for $writer, $one, $two;
$standby->stop('immediate');
$node->stop;
done_testing();
