# Asks a zone's metadata agent for keys as cloud-init's datasource of SmartOS does: protocol 2 over one connection, and whatever is not
# exactly as that reads it ends the run. A line for each key: the outcome, and the value with | for ends of lines. Debian's perl-base alone.
use strict;
use IO::Socket::UNIX;

sub crc32 {
    my $crc = 0xffffffff;
    for my $byte (unpack 'C*', $_[0]) {
        $crc ^= $byte;
        $crc = $crc & 1 ? ($crc >> 1) ^ 0xedb88320 : $crc >> 1 for 1 .. 8;
    }
    return sprintf '%08x', $crc ^ 0xffffffff;
}

sub encode {
    my $bits = unpack 'B*', $_[0];
    my @signs = ('A' .. 'Z', 'a' .. 'z', 0 .. 9, '+', '/');
    my $done = join '', map { $signs[oct '0b' . substr "${_}00000", 0, 6] } $bits =~ /.{1,6}/g;
    return $done . '=' x (-length($done) % 4);
}

sub decode {
    my ($text) = @_;
    my %value = map { $_->[0] => $_->[1] } do { my $n = 0; map { [$_, $n++] } 'A' .. 'Z', 'a' .. 'z', 0 .. 9, '+', '/' };
    $text =~ s/=+\z//;
    my $bits = join '', map { sprintf '%06b', $value{$_} // die "not base64: $_\n" } split //, $text;
    return pack 'B*', substr $bits, 0, length($bits) - length($bits) % 8;
}

my $agent = IO::Socket::UNIX->new(Peer => '/native/.zonecontrol/metadata.sock') or die "no agent: $!\n";
$agent->autoflush(1);
print $agent "NEGOTIATE V2\n";
<$agent> eq "V2_OK\n" or die "it does not speak version 2\n";
my $id = 0xabcdef00;
for my $key (@ARGV) {
    my $asked = sprintf '%08x GET %s', ++$id, encode($key);
    printf $agent "V2 %d %s %s\n", length $asked, crc32($asked), $asked;
    my $line = <$agent>;
    $line =~ /\AV2 (\d+) ([0-9a-f]+) (([0-9a-f]+) (SUCCESS|NOTFOUND)(?: (.+))?)\n\z/ or die "not a frame: $line";
    my ($length, $sum, $body, $of, $outcome, $value) = ($1, $2, $3, $4, $5, $6);
    $length == length $body && $sum eq crc32($body) && $of eq sprintf('%08x', $id) or die "a wrong frame: $line";
    ($value = decode($value // '')) =~ s/\n/|/g;
    print "$outcome $value\n";
}
