# The stress test: an answer may never be older than the last acknowledged change,
# nor newer than the last issued one, nor show a state that was never committed.
# With shared answers, without, and on a hot standby under remote_apply.
#
# Needs STRESS, the compiled client. STRESS_SECONDS for each configuration (10),
# STRESS_SEED (by the clock), STRESS_ONLY (the names of some configurations) and
# STRESS_UNTIL_VIOLATION, for mutants.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../tap/lib";
use RbacTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = $ENV{STRESS_SECONDS} || 10;
my $seed = $ENV{STRESS_SEED} || time % 100_000;
my %only = map { $_ => 1 } split / /, $ENV{STRESS_ONLY} // 'shared chaos unshared standby';
my $setup = slurp_file("$FindBin::RealBin/setup.sql");

sub stress
{
	my ($what, $primary, $asked, @options) = @_;
	my $out = '';

	IPC::Run::run(
		[
			$ENV{STRESS}, '--write-to', $primary->connstr('postgres'), '--ask-at', $asked->connstr('postgres'),
			'--seconds', $seconds, '--seed', $seed, @options, $ENV{STRESS_UNTIL_VIOLATION} ? '--until-violation' : ()
		],
		'>', \$out, '2>&1');
	my ($summary) = $out =~ /^(seed=.*)$/m;
	diag("$what: " . ($summary // $out));
	my %n = ($summary // '') =~ /(\w+)=(\d+)/g;
	is($n{violations}, 0, "$what: every answer was right") or diag($out);
	# a run in which nothing happened has shown nothing
	cmp_ok($n{checks} // 0, '>', 100 * $seconds, "$what: there were checks");
	cmp_ok($n{changes} // 0, '>', 5 * $seconds, "$what: ... and changes");
	cmp_ok($n{rollbacks} // 0, '>', 2 * $seconds, "$what: ... and what was taken back");
	cmp_ok($n{prepared} // 0, '>', 0, "$what: ... and what was prepared");
	return \%n;
}

sub node
{
	my ($name, %settings) = @_;
	my $node = new_node($name, max_prepared_transactions => 50, log_min_messages => 'fatal', log_statement => 'none',
		deadlock_timeout => '100ms', restart_after_crash => 'on', %settings);
	$node->start;
	$node->safe_psql('postgres', $setup);
	return $node;
}

if ($only{shared} || $only{chaos})
{
	my $shared = node('shared');

	stress('shared', $shared, $shared) if $only{shared};
	if ($only{chaos})
	{
		my $n = stress('shared, with chaos', $shared, $shared, '--chaos', '--crashes');
		cmp_ok($n->{disturbances}, '>', 0, '... there was chaos');
		cmp_ok($n->{crashes}, '>', 0, '... and a crash');
	}
	cmp_ok($shared->safe_psql('postgres', 'SELECT published FROM rbac.cache_stats()'), '>', 0, 'answers were shared');
	is($shared->safe_psql('postgres', 'SELECT rbac.repair()'), 'f', '... and all is in order in the end');
	$shared->stop;
}

if ($only{unshared})
{
	my $unshared = node('unshared', shared_preload_libraries => '');

	stress('not preloaded, with chaos', $unshared, $unshared, '--chaos', '--crashes');
	$unshared->stop;
}

if ($only{standby})
{
	my $primary = node('primary', allows_streaming => 1);
	my $standby = PostgreSQL::Test::Cluster->new('standby');

	$primary->backup('copy');
	$standby->init_from_backup($primary, 'copy', has_streaming => 1);
	$standby->append_conf('postgresql.conf', 'hot_standby_feedback = on');
	$standby->start;
	$primary->append_conf('postgresql.conf', "synchronous_standby_names = '*'\nsynchronous_commit = remote_apply");
	$primary->reload;
	$primary->poll_query_until('postgres', "SELECT sync_state = 'sync' FROM pg_stat_replication");
	stress('hot standby', $primary, $standby);
	$standby->stop('immediate');
	$primary->stop('immediate');
}

done_testing();
