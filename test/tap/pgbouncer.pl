# Behind PgBouncer in transaction mode, clients of different tenants share two
# connections to the server, and none sees or touches a row of another: an
# identity never outlives its transaction, however that ends.
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
my $node = new_node('pooled');
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
-- written_by: the client that made the row, or changed it last
CREATE TABLE alone (id serial PRIMARY KEY, tenant_id uuid NOT NULL, written_by integer, fate text);
CREATE TABLE scoped (LIKE alone INCLUDING ALL);
SELECT rbac.enable_tenant_isolation('alone'), rbac.enable_tenant_isolation('scoped'),
       rbac.protect_table('scoped', select_scope => 'pool:use', insert_scope => 'pool:use', update_scope => 'pool:use');
INSERT INTO alone (tenant_id, fate) SELECT tenant(n), 'seed' FROM generate_series(1, $clients) AS n, generate_series(1, 10);
INSERT INTO scoped SELECT * FROM alone;
-- who was served by which process of the server, as far as it was committed
CREATE TABLE served (client integer, pid integer);
-- What client n sees, which is somebody or, between transactions, nobody: the
-- process that serves it, the rows of others and its own that it sees, and
-- whether it is who it should be and holds what it should.
CREATE FUNCTION look(n integer, moment text) RETURNS text LANGUAGE sql AS \$\$
    SELECT concat_ws(' ', 'look', n, moment, pg_backend_pid(),
        count(*) FILTER (WHERE tenant_id IS DISTINCT FROM tenant(n)), count(*) FILTER (WHERE tenant_id = tenant(n)),
        CASE WHEN rbac.current_user_id() IS NOT DISTINCT FROM CASE WHEN moment <> 'between' THEN person(n) END
              AND rbac.current_tenant_id() IS NOT DISTINCT FROM CASE WHEN moment <> 'between' THEN tenant(n) END
              AND rbac.has_scope('pool:use') = (moment <> 'between')
             THEN 'right' ELSE 'wrong' END)
    FROM (SELECT tenant_id FROM alone UNION ALL SELECT tenant_id FROM scoped) AS t \$\$;
CREATE ROLE app LOGIN;
GRANT SELECT, INSERT, UPDATE ON alone, scoped TO app;
GRANT INSERT ON served TO app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO app;
GRANT EXECUTE ON FUNCTION rbac.set_identity TO app;
SQL

# A pooler of our own. It stays in the foreground, so that it ends with the test
# also when the test is killed.
my $sockets = PostgreSQL::Test::Utils::tempdir_short();
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $pooled = "host=$sockets port=$port user=app dbname=postgres";
my $pooler;

sub start_pooler
{
	my (%more) = @_;
	my $log = "$sockets/log";
	my %setting = (
		listen_addr => '', listen_port => $port, unix_socket_dir => $sockets, logfile => $log,
		auth_type => 'any', pool_mode => 'transaction', default_pool_size => 2, max_client_conn => 50,
		server_reset_query => 'DISCARD ALL', %more);

	unlink "$sockets/ini";
	append_to_file("$sockets/ini", join "\n",
		'[databases]', 'postgres = user=app host=' . $node->host . ' port=' . $node->port,
		'[pgbouncer]', (map { "$_ = $setting{$_}" } sort keys %setting), '');
	local $ENV{PATH} = "$ENV{PATH}:/usr/sbin";
	$pooler = IPC::Run::start([ 'pgbouncer', '-q', "$sockets/ini" ], '<', \undef);
	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		last unless $pooler->pumpable;
		return if -e "$sockets/.s.PGSQL.$port" && (through_pooler('SELECT 1'))[0] eq "1\n";
		sleep 0.1;
	}
	BAIL_OUT('pgbouncer does not start: ' . (-e $log ? slurp_file($log) : ''));
}

sub stop_pooler
{
	$pooler->kill_kill(grace => 5) if $pooler;
	undef $pooler;
	unlink "$sockets/.s.PGSQL.$port";
	return;
}
END { my $status = $?; stop_pooler(); $? = $status }

# A client that says all of this in one connection, and what it hears.
sub start_client
{
	my ($sql) = @_;
	my $client = { in => $sql, out => '', err => '' };
	$client->{run} = IPC::Run::start(
		[ $node->installed_command('psql'), '-XAtq', '-v', 'VERBOSITY=sqlstate', '-d', $pooled, '-f', '-' ],
		'<', \$client->{in}, '>', \$client->{out}, '2>', \$client->{err},
		IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	return $client;
}

sub through_pooler
{
	my $client = start_client(join ";\n", @_, '');
	$client->{run}->finish;
	return ($client->{out}, $client->{err});
}

# How a transaction ends; the last three end the client too.
my %ending = (
	commit => 'COMMIT;',
	rollback => 'ROLLBACK;',
	error => 'SELECT 1 / 0; COMMIT;',
	savepoint => 'SAVEPOINT s; SELECT 1 / 0; ROLLBACK TO s; SELECT look(:n, $$worked$$); COMMIT;',
	disconnected => '\\q',
	killed => '\\! kill -9 $PPID',
	killed_at_work => "\\! (sleep 0.05; kill -9 \$PPID) &\nSELECT look(:n, \$\$worked\$\$) FROM pg_sleep(0.3);");
my @goes_on = qw(commit rollback error savepoint);
my @ends_client = qw(disconnected killed killed_at_work);

# One client's day. An error in SQL ends the transaction, not the client.
sub script
{
	my ($n, $local, @endings) = @_;
	my $script = "\\set n $n\n";
	for (@endings)
	{
		$script .= join "\n",
		  "BEGIN; SELECT rbac.set_identity(person(:n), tenant(:n), local => $local);",
		  'SELECT look(:n, $$begun$$);',
		  'INSERT INTO served VALUES (:n, pg_backend_pid());',
		  "INSERT INTO alone (written_by, fate) VALUES (:n, '$_'); INSERT INTO scoped (written_by, fate) VALUES (:n, '$_');",
		  "UPDATE alone SET written_by = :n WHERE fate = 'seed'; UPDATE scoped SET written_by = :n WHERE fate = 'seed';",
		  'SELECT look(:n, $$worked$$);',
		  "\\echo end $_",
		  $ending{$_},
		  # without an identity: alone, and in a transaction
		  'SELECT look(:n, $$between$$); BEGIN; SELECT look(:n, $$between$$); COMMIT;', '';
	}
	# its input stays open until it ends
	return "$script\\q\n";
}

# All clients at once, for some seconds. What is counted is what they heard, since
# what a transaction writes down is gone with it.
sub run_clients
{
	my ($for, $local, $deaths) = @_;
	my %heard = (begun => 0, worked => 0, between => 0, foreign => 0, nothing_own => 0, wrong => 0, left_behind => 0,
		unexpected => '', served => {}, ends => { map { $_ => 0 } @goes_on, $deaths ? @ends_client : () });
	my $end = time + $for;
	my @running = (undef) x $clients;
	my $started = 0;

	while (grep { defined } @running or time < $end)
	{
		for my $n (1 .. $clients)
		{
			if (my $client = $running[ $n - 1 ])
			{
				$client->{run}->pump_nb;
				next if $client->{run}->pumpable;
				$client->{run}->finish;
				listen_to($client, \%heard);
				undef $running[ $n - 1 ];
			}
			next if time >= $end;
			$running[ $n - 1 ] = start_client(script($n, $local,
				(map { $goes_on[ rand @goes_on ] } 1 .. ($deaths ? 8 : 30)), $deaths ? $ends_client[ $started++ % @ends_client ] : ()));
		}
		sleep 0.01;
	}
	return \%heard;
}

sub listen_to
{
	my ($client, $heard) = @_;
	for (split /\n/, $client->{out})
	{
		$heard->{ends}{$1}++ if /^end (\w+)$/;
		next unless my ($n, $moment, $pid, $foreign, $own, $verdict) = /^look (\d+) (\w+) (\d+) (\d+) (\d+) (right|wrong)$/;
		$heard->{$moment}++;
		$heard->{foreign} += $foreign;
		$heard->{wrong}++ if $verdict eq 'wrong';
		if ($moment eq 'between') { $heard->{left_behind} += $own }
		else { $heard->{nothing_own}++ if $own < 20; $heard->{served}{$pid}{$n}++ }
	}
	$heard->{unexpected} .= join '', grep { !/ERROR:  22012$/ } split /^/, $client->{err};
	return;
}

sub is_safe
{
	my ($heard, $name) = @_;
	cmp_ok($heard->{begun}, '>', 50, "$name: transactions");
	cmp_ok($heard->{between}, '>', 50, '... and statements between them');
	is($heard->{foreign}, 0, '... see no row of another tenant');
	is($heard->{nothing_own}, 0, '... each transaction sees its own');
	is($heard->{left_behind}, 0, '... nobody sees any without an identity');
	is($heard->{wrong}, 0, '... and everybody is who they say, in their transaction and no longer');
	is($heard->{unexpected}, '', '... without an error but our own');
	is_deeply([ grep { !$heard->{ends}{$_} } sort keys %{ $heard->{ends} } ], [], '... and transactions end in every way');
	return;
}

start_pooler();

# First nobody dies, so that the pooler has no reason to close a connection.
my $calm = run_clients($seconds / 2, 'true', 0);
is_safe($calm, 'sharing connections');
my @several = grep { keys %$_ > 1 } values %{ $calm->{served} };
is(@several . ' of ' . keys %{ $calm->{served} }, '2 of 2', '... which are two, each for several tenants');
is($node->safe_psql('postgres', 'SELECT count(*) FROM (SELECT pid FROM served GROUP BY pid HAVING count(DISTINCT client) > 1) AS p'),
	'2', '... by what they have committed, too');

my $deaths = run_clients($seconds / 2, 'true', 1);
is_safe($deaths, 'with clients that die in mid transaction');

for my $table ('alone', 'scoped')
{
	is($node->safe_psql('postgres', "SELECT count(*) FROM $table WHERE tenant_id <> tenant(written_by)"), '0', "$table: nobody has written a row of another tenant");
	is($node->safe_psql('postgres', "SELECT string_agg(DISTINCT fate, ' ') FROM $table"), 'commit savepoint seed', '... and what was not committed is not there');
}
note(sprintf '%d transactions of %d clients in %d seconds, %d statements without identity, %d foreign rows, %d + %d connections to the server; %s',
	$calm->{begun} + $deaths->{begun}, $clients, $seconds, $calm->{between} + $deaths->{between}, $calm->{foreign} + $deaths->{foreign},
	scalar keys %{ $calm->{served} }, scalar keys %{ $deaths->{served} },
	join ', ', map { ($calm->{ends}{$_} // 0) + $deaths->{ends}{$_} . " $_" } @goes_on, @ends_client);

# Outside of a transaction block an identity would be gone with the statement, or
# not, as the pooler pleases.
my ($out, $err) = through_pooler('SELECT rbac.set_identity(person(1), tenant(1))', 'SELECT rbac.current_user_id() IS NULL');
like($err, qr/ERROR:  25P01\n/, 'set_identity outside of a transaction block is refused');
is($out, "t\n", '... and nobody is asking after it');

# What makes the default what it is: what is the session's stays behind for
# whoever comes next, since a pooler in transaction mode resets nothing. So this
# is also how the test looks when it fails.
my $leak = run_clients(2, 'false', 0);
cmp_ok($leak->{foreign}, '>', 0, 'with an identity of the session rows of other tenants are seen');
cmp_ok($leak->{wrong}, '>', 0, '... by clients that are not who they seem');

# One client after the other, on the one connection that this takes.
sub one_after_the_other
{
	my ($first, $second) = @_;
	my ($pid) = through_pooler(@$first, 'SELECT pg_backend_pid()');
	my ($same, $found) = split /\n/, (through_pooler("SELECT pg_backend_pid() = $1", $second))[0] if $pid =~ /(\d+)\n\z/;
	return ($same // '') eq 't' ? $found : "not the same connection: $pid";
}
my @of_session = ('BEGIN', 'SELECT rbac.set_identity(person(1), tenant(1), local => false)', 'COMMIT');
my $who = 'SELECT (SELECT n FROM generate_series(1, 8) AS n WHERE person(n) = rbac.current_user_id()), (SELECT count(DISTINCT tenant_id) FROM alone)';

stop_pooler();
start_pooler();
is(one_after_the_other(\@of_session, $who), '1|1', 'an identity of the session is the next client\'s');

stop_pooler();
start_pooler(server_reset_query_always => 1);
is(one_after_the_other(\@of_session, $who), '|0', '... unless the pooler is told to DISCARD ALL after every transaction');

# Settings of an application's own are as the application sets them.
my ($person, $tenant) = split /\|/, $node->safe_psql('postgres', 'SELECT person(1), tenant(1)');
my @set = ("SET app.person = '$person'", "SET app.tenant = '$tenant'");
my @set_local = ('BEGIN', (map { s/^SET/SET LOCAL/r } @set), 'SELECT rbac.current_user_id()', 'COMMIT');

stop_pooler();
start_pooler();
is(one_after_the_other(\@set, "SELECT current_setting('app.person', true) = person(1)::text, rbac.current_user_id() IS NULL"), 't|t',
	'a setting that was SET is the next client\'s, and to rbac says nothing');
$node->safe_psql('postgres', q{ALTER DATABASE postgres SET rbac.user_setting = 'app.person'; ALTER DATABASE postgres SET rbac.tenant_setting = 'app.tenant'});

stop_pooler();
start_pooler();
is(one_after_the_other(\@set_local, $who), '|0', 'where rbac.user_setting names it, one that was SET LOCAL ends with the transaction');
is(one_after_the_other(\@set, $who), '1|1', '... and one that was SET is the next client\'s identity');

stop_pooler();
start_pooler(server_reset_query_always => 1);
is(one_after_the_other(\@set, $who), '|0', '... unless the pooler is told to DISCARD ALL after every transaction');

stop_pooler();
$node->stop;
done_testing();
