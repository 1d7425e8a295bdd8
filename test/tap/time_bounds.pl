# An assignment that is bounded in time begins and ends on its own: answers
# change at the bound, in a session whose cache is warm and that nobody tells
# anything, since nobody writes.
#
# It needs sessions that stay open while time passes.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use RbacTest;
use Test::More;
use Time::HiRes qw(sleep);

my $node = new_node('time_bounds');
$node->start;
install_rbac($node);

my $bob = 'a0000000-0000-0000-0000-000000000002';
my $acme = 'b0000000-0000-0000-0000-000000000001';
my $session = RbacTest::Session->new($node);
$session->ask("SELECT rbac.set_identity('$bob', '$acme', local => false)");

# A step for whoever has the role that is bounded.
$node->safe_psql('postgres', q{
	INSERT INTO rbac.workflow_statuses (name) VALUES ('open'), ('done');
	INSERT INTO rbac.workflows (name, initial_status_id) VALUES ('work', 1);
	INSERT INTO rbac.task_types (name, workflow_id) VALUES ('job', 1);
	INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id, approver_role_id)
	SELECT 1, 1, 2, id FROM rbac.roles WHERE name = 'guest'});

sub loads { return $session->ask('SELECT loads FROM rbac._cache_counters()') }

# Ask until the server's clock has passed the bound, each time with the moment
# at which it was asked; every single answer must be right for that moment.
sub watch
{
	my ($bound, $after) = @_;
	my ($wrong, $before_it, $after_it) = (0, 0, 0);

	while (!$after_it)
	{
		my ($answer, $step, $in_plain_sql, $passed) = split /\|/,
		  $session->ask("SELECT rbac.has_scope('list:task'), (SELECT allowed FROM rbac.next_statuses(1, 1)), (statement_timestamp() >= '$bound') = $after, statement_timestamp() >= '$bound'");
		$wrong++ if $answer ne $in_plain_sql || $step ne $in_plain_sql;
		$passed eq 't' ? $after_it++ : $before_it++;
		sleep 0.01;
	}
	return ($wrong, $before_it);
}

for my $case ([ 'valid_from', 'true' ], [ 'valid_until', 'false' ])
{
	my ($column, $after) = @$case;

	$node->safe_psql('postgres', "DELETE FROM rbac.user_roles WHERE user_id = '$bob'");
	my $bound = $node->safe_psql('postgres', <<"SQL");
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, $column)
SELECT '$bob', id, '$acme', clock_timestamp() + interval '1 second' FROM rbac.roles WHERE name = 'guest'
RETURNING $column
SQL
	is($session->ask("SELECT rbac.has_scope('list:task') AND statement_timestamp() < '$bound' OR NOT rbac.has_scope('list:task')"),
		't', "$column: the cache is warm");
	my $loads = loads();
	my ($wrong, $before_it) = watch($bound, $after);
	is($wrong, 0, "$column: each answer is right for the moment of its statement");
	cmp_ok($before_it, '>', 0, "$column: it was asked before the bound ($before_it times)");
	cmp_ok(loads() - $loads, '<=', 2, "$column: with a warm cache, which was read anew at the bound only");
}

# In an open transaction time passes from statement to statement.
$node->safe_psql('postgres', "DELETE FROM rbac.user_roles WHERE user_id = '$bob'");
my $bound = $node->safe_psql('postgres', <<"SQL");
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, valid_until)
SELECT '$bob', id, '$acme', clock_timestamp() + interval '1 second' FROM rbac.roles WHERE name = 'guest'
RETURNING valid_until
SQL
$session->ask('BEGIN ISOLATION LEVEL SERIALIZABLE');
is((watch($bound, 'false'))[0], 0, 'an assignment ends within a SERIALIZABLE transaction');
$session->ask('COMMIT');

# The bound itself: statements that arrive in one message share one moment.
my $grant = "INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, %s) SELECT '$bob', id, '$acme', statement_timestamp() %s FROM rbac.roles WHERE name = 'guest'";
my $again = "DELETE FROM rbac.user_roles WHERE user_id = '$bob'";
my %at = (
	valid_from => [ 't', 'an assignment is valid from valid_from, included' ],
	valid_until => [ 'f', '... to valid_until, excluded' ]);
for my $column (sort keys %at)
{
	is($session->ask(join ' \; ', $again, sprintf($grant, $column, ''), "SELECT rbac.has_scope('list:task')"),
		$at{$column}[0], $at{$column}[1]);
}
is($session->ask(join ' \; ', $again, sprintf($grant, 'valid_from', "+ interval '1 microsecond'"), "SELECT rbac.has_scope('list:task')"),
	'f', 'a microsecond before valid_from it is not');
is($session->ask(join ' \; ', $again, sprintf($grant, 'valid_until', "+ interval '1 microsecond'"), "SELECT rbac.has_scope('list:task')"),
	't', 'a microsecond before valid_until it is');

$session->quit;
$node->stop;
done_testing();
