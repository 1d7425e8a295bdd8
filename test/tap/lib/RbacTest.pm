# What the tests here share: a throw-away cluster with rbac, and sessions that
# stay open from one query to the next.
package RbacTest;

use strict;
use warnings;

use Exporter 'import';
use FindBin;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(new_node install_rbac slurp_sql);

# Sanitizers come before all other libraries, in the server and nowhere else.
if ($ENV{SERVER_PRELOAD})
{
	no warnings 'redefine';
	no strict 'refs';

	for my $name (qw(start restart promote))
	{
		my $original = \&{"PostgreSQL::Test::Cluster::$name"};

		*{"PostgreSQL::Test::Cluster::$name"} = sub {
			local $ENV{LD_PRELOAD} = $ENV{SERVER_PRELOAD};
			return $original->(@_);
		};
	}
}

# An initialised cluster that is not yet started. Settings: name => value.
sub new_node
{
	my ($name, %settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	my %all = (
		shared_preload_libraries => 'rbac',
		max_prepared_transactions => 10,
		timezone => 'UTC',
		%settings);

	$node->init(allows_streaming => delete $all{allows_streaming});
	$node->append_conf('postgresql.conf', "$_ = '$all{$_}'") for sort keys %all;
	$node->append_conf('postgresql.conf', "rbac.cache_size = $ENV{RBAC_CACHE_SIZE}") if defined $ENV{RBAC_CACHE_SIZE};
	# only a library that was built with -DRBAC_MUTANTS knows these two
	$node->append_conf('postgresql.conf', "rbac.mutant = '$ENV{RBAC_MUTANT}'") if $ENV{RBAC_MUTANT};
	$node->append_conf('postgresql.conf', "rbac.race_delay = '$ENV{RBAC_RACE_DELAY}'") if $ENV{RBAC_RACE_DELAY};
	return $node;
}

# A database with the extension and a small story: alice holds role "clerk"
# (scope read:task), which inherits "guest" (scope list:task), in tenant "acme",
# whose departments are "sales" and, below it, "field". Ids are readable.
sub install_rbac
{
	my ($node, $database) = @_;
	$database //= 'postgres';
	$node->safe_psql('postgres', "CREATE DATABASE $database") if $database ne 'postgres';
	$node->safe_psql($database, 'CREATE EXTENSION rbac');
	$node->safe_psql($database, slurp_sql('story.sql'));
	return;
}

sub slurp_sql
{
	my ($name) = @_;
	return slurp_file("$FindBin::RealBin/lib/$name");
}

# One psql that is kept open: RbacTest::Session->new($node, $database).
package RbacTest::Session;

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(usleep);

sub new
{
	my ($class, $node, $database) = @_;
	my $self = bless { in => '', out => '', err => '', n => 0 }, $class;

	local $ENV{PGCONNECT_TIMEOUT} = 30;
	$self->{timer} = IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
	$self->{run} = IPC::Run::start(
		[
			$node->installed_command('psql'), '-XAtq',
			'-d', $node->connstr($database // 'postgres'),
			'-v', 'VERBOSITY=verbose',
			'-f', '-'
		],
		'<', \$self->{in}, '>', \$self->{out}, '2>', \$self->{err},
		$self->{timer});
	return $self;
}

# Hand a query over without waiting for its end.
sub send
{
	my ($self, $sql) = @_;
	my $n = ++$self->{n};

	$self->{timer}->start($PostgreSQL::Test::Utils::timeout_default);
	$self->{in} .= "$sql\n;\n\\echo\n\\echo end-of-$n\n\\warn end-of-$n\n";
	$self->{run}->pump_nb;
	return;
}

# What the query that was sent last has printed. Dies if it failed.
sub receive
{
	my ($self) = @_;
	my $end = "end-of-$self->{n}\n";

	$self->{run}->pump
	  until substr($self->{out}, -length $end) eq $end
	  && substr($self->{err}, -length $end) eq $end;
	my $out = substr($self->{out}, 0, -length $end);
	my $err = substr($self->{err}, 0, -length $end);
	$self->{out} = $self->{err} = '';
	$out =~ s/\n*\z//;
	die "$err" if $err =~ /ERROR:|FATAL:|PANIC:/;
	return $out;
}

# The printed result of a query; dies if it fails.
sub ask
{
	my ($self, $sql) = @_;
	$self->send($sql);
	return $self->receive;
}

# The SQLSTATE with which a query fails, or what it printed instead.
sub fails
{
	my ($self, $sql) = @_;
	my $out = eval { $self->ask($sql) };
	return $1 if !defined $out && $@ =~ /(?:ERROR|FATAL):\s+(\w{5}):/;
	die $@ if !defined $out;
	return "no error, but: $out";
}

sub quit
{
	my ($self) = @_;
	$self->{in} .= "\\q\n";
	eval { $self->{run}->finish };
	return;
}

1;
