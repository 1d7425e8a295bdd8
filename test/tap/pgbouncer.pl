# Behind PgBouncer in transaction mode, clients of different tenants share two
# connections to the server, and none sees a row of another: an identity never
# outlives its transaction, however that ends.
#
# It needs a pooler between the clients and a server. RBAC_POOLER_SECONDS says for
# how long the clients go on (6; 60 for the full run).
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use RbacTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $seconds = $ENV{RBAC_POOLER_SECONDS} // 6;
my $clients = 8;
my $node = new_node('pooled', unix_socket_permissions => '0777');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION rbac');
$node->safe_psql('postgres', <<"SQL");
CREATE FUNCTION tenant(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE RETURN md5('tenant ' || n)::uuid;
CREATE FUNCTION person(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE RETURN md5('person ' || n)::uuid;
INSERT INTO rbac.tenants (id, key, name) SELECT tenant(n), n, n FROM generate_series(1, $clients) AS n;
INSERT INTO rbac.users (id, username) SELECT person(n), 'person ' || n FROM generate_series(1, $clients) AS n;
SELECT rbac.create_scope('pool:use');
SELECT rbac.create_permission('pool use', scopes => '{pool:use}');
SELECT rbac.create_role('pooled', permissions => '{pool use}');
SELECT rbac.grant_role(person(n), 'pooled', tenant(n)) FROM generate_series(1, $clients) AS n;
CREATE TABLE alone (id serial PRIMARY KEY, tenant_id uuid NOT NULL, n integer DEFAULT 0);
CREATE TABLE scoped (id serial PRIMARY KEY, tenant_id uuid NOT NULL, n integer DEFAULT 0);
SELECT rbac.enable_tenant_isolation('alone'), rbac.enable_tenant_isolation('scoped'),
       rbac.protect_table('scoped', select_scope => 'pool:use', insert_scope => 'pool:use', update_scope => 'pool:use');
INSERT INTO alone (tenant_id) SELECT tenant(n) FROM generate_series(1, $clients) AS n, generate_series(1, 10);
INSERT INTO scoped (tenant_id) SELECT tenant_id FROM alone;
-- who was served by which process of the server, seeing how many rows of others
CREATE TABLE seen (client integer, pid integer, foreign_rows bigint, own_rows bigint, who uuid, seen_at timestamptz DEFAULT clock_timestamp());
CREATE FUNCTION look(client integer) RETURNS void LANGUAGE sql AS \$\$
    INSERT INTO seen SELECT client, pg_backend_pid(),
        count(*) FILTER (WHERE tenant_id IS DISTINCT FROM tenant(client)), count(*) FILTER (WHERE tenant_id = tenant(client)), rbac.current_user_id()
    FROM (SELECT tenant_id FROM alone UNION ALL SELECT tenant_id FROM scoped) AS t \$\$;
CREATE ROLE app LOGIN;
GRANT SELECT, INSERT, UPDATE ON alone, scoped TO app;
GRANT INSERT ON seen TO app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO app;
GRANT EXECUTE ON FUNCTION rbac.set_identity TO app;
SQL

# A pooler of our own, for as long as the test lasts.
my $sockets = PostgreSQL::Test::Utils::tempdir_short();
my $port = PostgreSQL::Test::Cluster::get_free_port();
sub start_pooler
{
	my (%more) = @_;
	my $log = "$sockets/pgbouncer.log";

	append_to_file("$sockets/users", qq{"app" ""\n}) unless -e "$sockets/users";
	unlink "$sockets/ini";
	append_to_file("$sockets/ini", join "\n",
		'[databases]', 'postgres = host=' . $node->host . ' port=' . $node->port,
		'[pgbouncer]', "unix_socket_dir = $sockets", "listen_port = $port", 'listen_addr =',
		'auth_type = trust', "auth_file = $sockets/users", 'pool_mode = transaction',
		'default_pool_size = 2', 'max_client_conn = 50', "logfile = $log", "pidfile = $sockets/pid",
		(map { "$_ = $more{$_}" } sort keys %more), '');
	local $ENV{PATH} = "$ENV{PATH}:/usr/sbin";
	system_or_bail('pgbouncer', '-q', '-d', "$sockets/ini");
	for (1 .. 100)
	{
		return if -e "$sockets/.s.PGSQL.$port" && -s "$sockets/pid";
		sleep 0.1;
	}
	BAIL_OUT('pgbouncer does not start: ' . (-e $log ? slurp_file($log) : ''));
}

sub stop_pooler
{
	my $pid = -s "$sockets/pid" ? slurp_file("$sockets/pid") : '';
	chomp $pid;
	kill 'INT', $pid if $pid;
	for (1 .. 100) { last unless $pid && kill 0, $pid; sleep 0.1 }
	unlink "$sockets/pid";
}
END { stop_pooler() if $sockets }

my $pooled = "host=$sockets port=$port user=app dbname=postgres";

# What one client of the pooler says, in one connection, and what it hears.
sub through_pooler
{
	my ($sql) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ $node->installed_command('psql'), '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $pooled, '-f', '-' ], '<', \$sql, '>', \$out, '2>', \$err,
		IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	return ($out, $err);
}

# One client's day: transactions that end in every way, and statements between
# them. An error in SQL ends the statement, not the client.
sub script
{
	my ($n, $local) = @_;
	my $begin = "BEGIN; SELECT rbac.set_identity(person($n), tenant($n), local => $local);";
	my $work = "SELECT look($n); INSERT INTO alone DEFAULT VALUES; INSERT INTO scoped DEFAULT VALUES; UPDATE scoped SET n = n + 1;";
	my $between = "SELECT look(0);";
	return join "\n",
	  "$begin $work COMMIT;", $between, "$begin $work ROLLBACK;", $between,
	  "$begin SELECT look($n); SELECT 1 / 0; COMMIT;", $between,
	  "$begin SAVEPOINT s; $work ROLLBACK TO s; SELECT look($n); COMMIT;", $between, '';
}

# All clients at once, for some seconds; with chaos, some are killed at any moment.
sub run_clients
{
	my ($for, $local, $chaos) = @_;
	my $end = time + $for;
	my @client = map { { n => $_ } } 1 .. $clients;

	while (time < $end)
	{
		for my $client (@client)
		{
			if ($client->{run})
			{
				$client->{run}->pump_nb;
				if ($chaos && rand() < 0.02) { $client->{run}->kill_kill(grace => 0) }
				next if $client->{run}->pumpable;
				eval { $client->{run}->finish };
			}
			($client->{in}, $client->{out}) = (script($client->{n}, $local) x 20, '');
			$client->{run} = IPC::Run::start([ $node->installed_command('psql'), '-XAtq', '-d', $pooled, '-f', '-' ],
				'<', \$client->{in}, '>', \$client->{out}, '2>', \$client->{out});
		}
		sleep 0.02;
	}
	$_->{run}->kill_kill(grace => 0) for @client;
}

start_pooler();
run_clients($seconds, 'true', 1);
my ($looks, $others) = split /\|/, $node->safe_psql('postgres', 'SELECT count(*) FILTER (WHERE client > 0), count(*) FILTER (WHERE client = 0) FROM seen');
cmp_ok($looks, '>', 50, 'the clients have looked');
cmp_ok($others, '>', 50, '... and in between, when nobody was asking');
is($node->safe_psql('postgres', 'SELECT sum(foreign_rows) FROM seen WHERE client > 0'), '0', 'no client has seen a row of another tenant');
is($node->safe_psql('postgres', 'SELECT count(*) FROM seen WHERE client > 0 AND (own_rows < 20 OR who IS DISTINCT FROM person(client))'), '0', '... and each has seen its own');
is($node->safe_psql('postgres', 'SELECT count(*) FROM seen WHERE client = 0 AND (foreign_rows > 0 OR who IS NOT NULL)'), '0', 'without an identity, nobody has seen any');
is($node->safe_psql('postgres', "SELECT count(DISTINCT client) FROM seen WHERE client > 0"), $clients, "all $clients tenants were there");
cmp_ok($node->safe_psql('postgres', 'SELECT min(n) FROM (SELECT count(DISTINCT client) FILTER (WHERE client > 0) AS n, count(*) AS served FROM seen GROUP BY pid ORDER BY 2 DESC LIMIT 2) AS p'),
	'>', 1, 'the same connections to the server have served several');
note("$looks looks of $clients clients in $seconds seconds, $others in between, by "
	  . $node->safe_psql('postgres', 'SELECT count(DISTINCT pid) FROM seen') . ' server processes');

# Outside of a transaction block an identity would be gone with the statement.
my ($out, $err) = through_pooler('SELECT rbac.set_identity(person(1), tenant(1));');
like($err, qr/25P01/, 'set_identity outside of a transaction block is refused');

# What makes the default what it is: the identity of a session stays behind, for
# whoever comes next. So this is also how the test fails, if it does.
$node->safe_psql('postgres', 'TRUNCATE seen');
run_clients(3, 'false', 0);
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM seen WHERE client = 0 AND foreign_rows > 0'), '>', 0,
	'an identity of the session leaks to the next client, as every setting of a session does');
stop_pooler();

# ... unless the pooler resets the connection after each transaction.
start_pooler(server_reset_query => 'DISCARD ALL', server_reset_query_always => 1);
through_pooler('BEGIN; SELECT rbac.set_identity(person(2), tenant(2), local => false); COMMIT;') for 1 .. 4;
for (1 .. 4)
{
	($out, $err) = through_pooler('SELECT rbac.current_user_id() IS NULL, (SELECT count(*) FROM alone);');
	is($out, "t|0\n", 'after DISCARD ALL nobody is asking') or diag($err);
}

stop_pooler();
$node->stop;
done_testing();
