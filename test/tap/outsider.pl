# Who switches to a tenant by nothing but a role held in every tenant leaves a line
# in the server's log, and the client is not told.
#
# It needs a log of its own to read.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Utils;
use RbacTest;
use Test::More;

my $node = new_node('outsider');
$node->start;
install_rbac($node);

my $alice = 'a0000000-0000-0000-0000-000000000001';
my $bob = 'a0000000-0000-0000-0000-000000000002';
my $acme = 'b0000000-0000-0000-0000-000000000001';
my $bolt = 'b0000000-0000-0000-0000-000000000002';
# alice is a clerk in acme, and an editor in every tenant; bob is an editor in a
# department of acme
$node->safe_psql('postgres', "SELECT rbac.grant_role('$alice', 'editor')");

# What the log and the client are told by some statements.
sub told
{
	my ($sql) = @_;
	my $from = -s $node->logfile;
	my ($status, $out, $err) = $node->psql('postgres', "SET client_min_messages = log; $sql");
	return ([ slurp_file($node->logfile, $from) =~ /LOG:  (user .*)/g ], $err, slurp_file($node->logfile, $from));
}

my ($lines, $err, $log) = told("BEGIN; SELECT rbac.set_identity('$alice', '$acme'); SELECT rbac.switch_tenant('$bolt'); COMMIT");
is_deeply($lines, ['user "alice" switched to tenant "bolt" by a role held in every tenant'], 'a switch by a role held in every tenant is logged');
unlike($err, qr{switched}, 'the client is not told');
unlike($log, qr/STATEMENT|CONTEXT/, 'the statement is not logged with it');

($lines) = told("BEGIN; SELECT rbac.set_identity('$alice', '$bolt'); SELECT rbac.switch_tenant('$acme'); COMMIT");
is_deeply($lines, [], 'a switch to a tenant where the user holds a role is not');
($lines) = told("BEGIN; SELECT rbac.set_identity('$bob'); SELECT rbac.switch_tenant('$acme'); COMMIT");
is_deeply($lines, [], 'nor one to where they hold it in a department');

# A role that is over, or not yet held, lets nobody in.
$node->safe_psql('postgres', "UPDATE rbac.user_roles SET valid_until = now() WHERE user_id = '$alice' AND tenant_id = '$acme'");
($lines) = told("BEGIN; SELECT rbac.set_identity('$alice', '$bolt'); SELECT rbac.switch_tenant('$acme'); COMMIT");
is_deeply($lines, ['user "alice" switched to tenant "acme" by a role held in every tenant'], 'one to where they did is');

($lines, $err) = told("BEGIN; SELECT rbac.set_identity('$bob', '$acme'); SELECT rbac.switch_tenant('$bolt'); COMMIT");
is_deeply($lines, [], 'one that is refused is not logged as if it had been made');
like($err, qr/permission denied to switch to tenant/, 'it is refused');
($lines) = told("BEGIN; SELECT rbac.set_identity('$alice', '$acme'); SELECT rbac.switch_tenant('$bolt'); ROLLBACK");
is(scalar @$lines, 1, 'one that is rolled back has been made');

$node->stop;
done_testing();
