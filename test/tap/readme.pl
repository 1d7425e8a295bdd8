# A newcomer pastes README.md into psql, from top to bottom, on a fresh database:
# every snippet must run, and where the README shows what comes out, that must
# come out.
#
# A whole server, because the snippets create roles and the extension itself.
#
# A block ```sql is run. A block ```text right after it shows its output: each of
# its lines must come out, in that order, blanks aside; an ERROR is expected if it
# is shown, and never else. Other blocks, ```SQL among them, are not run.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RbacTest;
use Test::More;

my @snippets;
{
	open my $readme, '<', 'README.md' or die "README.md: $!";
	my ($kind, $start, @block);
	my $follows = 0;
	while (my $line = <$readme>)
	{
		if (!defined $kind)
		{
			if ($line =~ /^```(\w*)/)
			{
				($kind, $start, @block) = ($1, $.);
			}
			elsif ($line =~ /\S/)
			{
				$follows = 0;
			}
		}
		elsif ($line =~ /^```/)
		{
			if ($kind eq 'sql')
			{
				push @snippets, { line => $start, sql => join('', @block), shown => '' };
			}
			elsif ($kind eq 'text' && $follows)
			{
				$snippets[-1]{shown} = join('', @block);
			}
			$follows = $kind eq 'sql';
			undef $kind;
		}
		else
		{
			push @block, $line;
		}
	}
	die "README.md: block of line $start has no end\n" if defined $kind;
}

my $node = PostgreSQL::Test::Cluster->new('readme');
$node->init;
$node->start;

# One session, so that variables and temporary state last from snippet to snippet.
# psql tells apart by marks, on both streams, what came from which.
my $script = '';
for my $n (0 .. $#snippets)
{
	$script .= "\\echo === $n\n\\warn === $n\n$snippets[$n]{sql}\n";
}
my ($out, $err) = ('', '');
IPC::Run::run(
	[ 'psql', '-X', '-d', $node->connstr('postgres'), '-v', 'ON_ERROR_STOP=0' ],
	'<', \$script, '>', \$out, '2>', \$err);

sub parts
{
	my %part = shift =~ /^=== (\d+)\n(.*?)(?=^=== \d+\n|\z)/gms;
	return \%part;
}
my ($printed, $complained) = (parts($out), parts($err));

# What people would look at: words, not the width of columns.
sub bare
{
	return grep { $_ ne '' && !/^\(\d+ rows?\)$/ }
	  map { s/\s+/ /g; s/^ | $//g; s/-+\+?(-|\+)*/-/ if /^[-+ ]+$/; $_ } split /\n/, shift;
}

# The first line of what is shown that does not come out after those before it.
sub missing
{
	my ($shown, @came) = @_;
	for my $line (bare($shown))
	{
		while (@came && $came[0] ne $line) { shift @came; }
		return $line unless @came;
		shift @came;
	}
	return;
}

cmp_ok(scalar @snippets, '>', 10, 'README.md has snippets');
for my $n (0 .. $#snippets)
{
	my ($line, $shown) = @{ $snippets[$n] }{ 'line', 'shown' };
	my $said = $complained->{$n} // "was not reached\n";
	$said =~ s/^psql:<stdin>:\d+: //gm;
	my @errors = $said =~ /^((?:ERROR|FATAL|was not reached|\\|invalid|unterminated|error).*)$/mg;
	my @wanted = $shown =~ /^(ERROR:.*)$/mg;

	is(scalar @errors, scalar @wanted,
		"README.md line $line: " . (@wanted ? 'the error that is shown comes' : 'the snippet runs'))
	  or diag(join("\n", @errors));
	next if $shown eq '';

	my $missing = missing($shown, bare($printed->{$n} // ''), bare($said));
	is($missing, undef, "README.md line $line: what is shown comes out")
	  or diag(($printed->{$n} // '') . $said);
}

$node->stop;
done_testing();
