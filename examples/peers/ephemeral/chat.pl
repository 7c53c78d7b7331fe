#!/usr/bin/perl
# chat.pl <port> : chat with other peers, one process, one select loop
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Socket qw(inet_aton inet_ntoa);

my $port = shift or die "usage: chat.pl <port>\n";
$| = 1;

my $server = IO::Socket::INET->new(
    LocalPort => $port, Listen => 50, ReuseAddr => 1, Proto => 'tcp',
) or die "cannot listen: $!\n";
my $select = IO::Select->new($server, \*STDIN);
my %peer;        # by id: socket, address, port
my %id_of;       # by socket
my %pending;     # by id: bytes of a line that is not whole yet
my $next_id = 1;
my $typed   = '';

sub my_ip {
    my $probe = IO::Socket::INET->new(Proto => 'udp', PeerAddr => '8.8.8.8', PeerPort => 53)
        or return '127.0.0.1';
    return $probe->sockhost;
}

sub enter {
    my ($socket) = @_;
    my $id = $next_id++;
    $peer{$id}      = [$socket, $socket->peerhost, $socket->peerport];
    $id_of{$socket} = $id;
    $pending{$id}   = '';
    $select->add($socket);
    return $id;
}

sub drop {
    my ($id) = @_;
    my $socket = $peer{$id}[0];
    $select->remove($socket);
    delete $id_of{$socket};
    delete $peer{$id};
    delete $pending{$id};
    $socket->close;
}

sub receive {
    my ($id) = @_;
    my ($socket, $address, $from) = @{ $peer{$id} };
    my $got = sysread $socket, my $bytes, 4096;
    if (!$got) {
        drop($id);
        print "Connection $id with $address port $from was closed\n";
        return;
    }
    $pending{$id} .= $bytes;
    while ($pending{$id} =~ s/^(.*?)\n//) {
        print "Message received\nSender's IP: $address\nSender's port: $from\nMessage: \"$1\"\n";
    }
}

sub connect_to {
    my ($host, $to) = @_;
    return "Error: bad port $to" unless $to =~ /^\d+$/ && $to > 0 && $to < 65536;
    my $packed = inet_aton($host) or return "Error: bad address $host";
    my $address = inet_ntoa($packed);
    return 'Error: that is this very peer'
        if $to == $port && ($address eq my_ip() || $address =~ /^127\./);
    for my $known (values %peer) {
        return 'Error: connected already' if $known->[1] eq $address && $known->[2] == $to;
    }
    my $socket = IO::Socket::INET->new(
        PeerAddr => $address, PeerPort => $to, Proto => 'tcp', Timeout => 5,
    ) or return "Error: cannot connect: $@";
    my $id = enter($socket);
    return "Connected, id $id";
}

sub obey {
    my ($line) = @_;
    my ($verb, @words) = split ' ', $line;
    return unless defined $verb;
    if    ($verb eq 'help')   { print "Commands: help myip myport connect list terminate send exit\n" }
    elsif ($verb eq 'myip')   { print "IP address: ", my_ip(), "\n" }
    elsif ($verb eq 'myport') { print "Port: $port\n" }
    elsif ($verb eq 'connect' && @words == 2) { print connect_to(@words), "\n" }
    elsif ($verb eq 'list') {
        printf "%-4d %-16s %d\n", $_, @{ $peer{$_} }[1, 2] for sort { $a <=> $b } keys %peer;
        print "Total: ", scalar(keys %peer), "\n";
    }
    elsif ($verb eq 'terminate' && @words == 1) {
        return print "Error: no connection $words[0]\n" unless exists $peer{ $words[0] };
        drop($words[0]);
        print "Terminated $words[0]\n";
    }
    elsif ($verb eq 'send' && @words > 1) {
        return print "Error: no connection $words[0]\n" unless exists $peer{ $words[0] };
        my ($text) = $line =~ /^\s*\S+\s+\S+ (.*)/;
        local $SIG{PIPE} = 'IGNORE';
        my $sent = syswrite $peer{ $words[0] }[0], "$text\n";
        print defined $sent ? "Sent to $words[0]\n" : "Error: not sent: $!\n";
    }
    elsif ($verb eq 'exit') { print "Leaving\n"; exit 0 }
    else                    { print "Error: wrong command, try help\n" }
}

print "Listening on port $port\n> ";
while (1) {
    for my $ready ($select->can_read) {
        if ($ready == $server) {
            my $socket = $server->accept or next;
            my $id = enter($socket);
            print "Connection $id from $peer{$id}[1] port $peer{$id}[2] was accepted\n";
        }
        elsif ($ready == \*STDIN) {
            sysread STDIN, my $bytes, 4096 or exit 0;
            $typed .= $bytes;
            while ($typed =~ s/^(.*?)\n//) { obey($1); print '> ' }
        }
        elsif (exists $id_of{$ready}) { receive($id_of{$ready}) }
    }
}
