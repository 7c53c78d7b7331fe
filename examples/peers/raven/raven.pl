#!/usr/bin/perl
# raven.pl - peer to peer messages, one IO::Select loop
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Socket qw(inet_aton inet_ntoa);

my $port = shift or die "usage: raven.pl PORT\n";
my $server = IO::Socket::INET->new(LocalPort => $port, Listen => 10, ReuseAddr => 1)
    or die "raven: $!\n";
my $select = IO::Select->new($server, \*STDIN);
my %raven;      # id => { sock, ip, port, buf, from }
my $next = 0;
$SIG{PIPE} = 'IGNORE';
$| = 1;

sub out { print @_, "\n" }

sub own_ip {
    my $s = IO::Socket::INET->new(Proto => 'udp', PeerAddr => '192.0.2.66', PeerPort => 66);
    return $s ? $s->sockhost : '127.0.0.1';
}

sub release {
    my ($sock, $ip, $p) = @_;
    my $id = ++$next;
    $raven{$id} = { sock => $sock, ip => $ip, port => $p, buf => '' };
    $select->add($sock);
    return $id;
}

sub lost {
    my ($id) = @_;
    my $r = delete $raven{$id};
    $select->remove($r->{sock});
    close $r->{sock};
    return $r;
}

sub fly {
    my ($host, $p) = @_;
    return out 'no: connect needs a host and a port' unless defined $p and $p =~ /^\d+$/;
    return out "no: $p is no port" if $p < 1 or $p > 65535;
    my $packed = inet_aton($host) or return out "no: nobody knows $host";
    my $ip = inet_ntoa($packed);
    return out 'no: it is your own window' if $p == $port and ($ip eq own_ip() or $ip =~ /^127/);
    for (values %raven) {
        return out 'no: a raven is on its way there' if $_->{ip} eq $ip and $_->{port} == $p;
    }
    my $sock = IO::Socket::INET->new(PeerAddr => $ip, PeerPort => $p, Timeout => 4)
        or return out "no: $@";
    syswrite $sock, "raven $port\n";
    release($sock, $ip, $p);
}

sub known {
    my ($id) = @_;
    return 1 if defined $id and exists $raven{$id};
    out 'no: which raven?';
    return 0;
}

sub command {
    my ($line) = @_;
    my ($verb, $first, $rest) = split ' ', $line, 3;
    return unless defined $verb;
    $verb = lc $verb;
    if    ($verb eq 'help')   { out($_) for '=' x 30, 'connect HOST PORT, list, send ID TEXT', 'terminate ID, myip, myport, exit', '=' x 30 }
    elsif ($verb eq 'myip')   { out own_ip() }
    elsif ($verb eq 'myport') { out $port }
    elsif ($verb eq 'list') {
        out(sprintf('%s. %s %s', $_, $raven{$_}{ip}, $raven{$_}{port})) for sort { $a <=> $b } keys %raven;
    }
    elsif ($verb eq 'connect')   { fly($first // '', $rest) }
    elsif ($verb eq 'terminate') { lost($first) if known($first) }
    elsif ($verb eq 'send') {
        return unless known($first);
        return out 'no: it needs a letter' unless defined $rest and length $rest;
        # one letter to a raven at a time, ended by a dot
        syswrite $raven{$first}{sock}, "$rest\n.\n";
    }
    elsif ($verb eq 'exit') { exit }
    else                    { out "no: $verb?" }
}

sub letter {
    my ($id) = @_;
    my $r = $raven{$id};
    my $n = sysread $r->{sock}, my $data, 4096;
    if (!$n) {
        lost($id);
        out "~$id: $r->{ip}:$r->{port} fell silent" if $r->{port};
        return;
    }
    $r->{buf} .= $data;
    if (!$r->{port}) {
        return unless $r->{buf} =~ s/^raven (\d+)\n//;
        $r->{port} = $1;
        out "~$id: $r->{ip}:$r->{port} looks in";
    }
    while ($r->{buf} =~ s/^(.*?)\n\.\n//s) {
        out "~$id: $1";
    }
}

out "raven on $port";
while (my @ready = $select->can_read) {
    for my $fh (@ready) {
        if ($fh == $server) {
            my $sock = $server->accept or next;
            release($sock, $sock->peerhost, 0);
        }
        elsif ($fh == \*STDIN) {
            my $n = sysread STDIN, my $data, 8192;
            exit unless $n;
            command($_) for split /\n/, $data;
        }
        else {
            my ($id) = grep { $raven{$_}{sock} == $fh } keys %raven;
            letter($id) if $id;
        }
    }
}
