#!/usr/bin/env perl
# quill - write to each other.          perl quill.pl
use strict;
use threads;
use threads::shared;
use Thread::Queue;
use IO::Socket::INET;

my (%fd, %who);            # what the main thread knows: number => socket, number => [ip, port]
my $mail = Thread::Queue->new;
my $count :shared = 0;
my $me;

sub ask {
    my ($question) = @_;
    local $| = 1;
    print $question;
    my $answer = <STDIN>;
    exit 0 unless defined $answer;
    chomp $answer;
    return $answer;
}

sub ip {
    my $s = IO::Socket::INET->new(Proto => 'udp', PeerAddr => '203.0.113.8', PeerPort => 8);
    return $s->sockhost;
}

# reads one line, byte by byte: nothing may be left in a buffer
sub row {
    my ($sock) = @_;
    my $text = '';
    while (sysread $sock, my $c, 1) {
        return $text if $c eq "\n";
        $text .= $c;
    }
    return undef;
}

sub reader {
    my ($number, $fileno, $ip, $port) = @_;
    open my $sock, '+<&=', $fileno or return;
    while (defined(my $text = row($sock))) {
        print "(", join(", ", $ip, $port), ") $text\n";
    }
    print "($ip, $port) put the quill away\n";
    $mail->enqueue($number);
}

sub follow {
    my ($sock, $ip, $port) = @_;
    my $number = do { lock $count; ++$count };
    threads->create(\&reader, $number, fileno $sock, $ip, $port)->detach;
    return $number;
}

# those whom the doorkeeper has let in, and those who have gone
sub look_around {
    while (defined(my $news = $mail->dequeue_nb)) {
        if (ref $news) {
            my ($number, $fileno, $ip, $port) = @$news;
            open $fd{$number}, '+<&=', $fileno or next;
            $who{$number} = [$ip, $port];
        }
        else {
            delete $fd{$news};
            delete $who{$news};
        }
    }
}

sub doorkeeper {
    my ($server) = @_;
    my @let_in;
    while (my $sock = $server->accept) {
        my $port = row($sock) or next;
        push @let_in, $sock;
        print '(', $sock->peerhost, ", $port) takes a quill\n";
        my $number = follow($sock, $sock->peerhost, $port);
        $mail->insert(0, shared_clone([$number, fileno $sock, $sock->peerhost, $port]));
    }
}

sub connect_to {
    my ($host, $port) = @_;
    if ($port !~ /^\d+$/ or $port > 65535 or !gethostbyname $host) {
        print "Nope: bad address\n";
        return;
    }
    if ($port == $me and $host =~ /^(localhost|127\.|\Q${\ip()}\E$)/) {
        print "Nope: that is you\n";
        return;
    }
    if (grep { $_->[0] eq $host and $_->[1] == $port } values %who) {
        print "Nope: you write to them\n";
        return;
    }
    my $sock = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Timeout => 3);
    if (!$sock) {
        print "Nope: nobody there\n";
        return;
    }
    syswrite $sock, "$me\n";
    my $number = follow($sock, $host, $port);
    $fd{$number} = $sock;
    $who{$number} = [$host, $port];
    print "Number $number\n";
}

$SIG{PIPE} = 'IGNORE';
$| = 1;
$me = ask('Port: ');
my $server = IO::Socket::INET->new(LocalPort => $me, Listen => 9, ReuseAddr => 1) or die "no port\n";
threads->create(\&doorkeeper, $server)->detach;
print "Welcome to quill (", ip(), ":$me). ";
while (1) {
    my @word = split / /, ask('Now? ');
    look_around();
    my $verb = shift @word;
    next unless defined $verb and length $verb;
    if ($verb eq 'help') {
        print "  help\n  myip\n  myport\n  connect IP PORT\n  list\n  terminate ID\n  send ID TEXT\n  exit\n";
    }
    elsif ($verb eq 'myip') { print 'IP ', ip(), "\n" }
    elsif ($verb eq 'myport') { print "PORT $me\n" }
    elsif ($verb eq 'connect' and @word == 2) { connect_to(@word) }
    elsif ($verb eq 'list') {
        print "NUMBER\tIP\tPORT\n";
        print join("\t", $_, @{$who{$_}}), "\n" for sort { $a <=> $b } keys %who;
    }
    elsif ($verb eq 'terminate' and exists $fd{$word[0] // ''}) {
        shutdown $fd{$word[0]}, 2;
        delete $fd{$word[0]};
        delete $who{$word[0]};
        print "Number $word[0] is through\n";
    }
    elsif ($verb eq 'send' and exists $fd{$word[0] // ''} and @word > 1) {
        my $number = shift @word;
        syswrite $fd{$number}, join(' ', @word) . "\n";
        print "Written to $number\n";
    }
    elsif ($verb eq 'exit') {
        shutdown $_, 2 for values %fd;
        print "Bye from quill\n";
        last;
    }
    else { print "Nope: see help\n" }
}
$| = 1;
require POSIX;
POSIX::_exit(0);
