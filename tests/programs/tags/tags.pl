# Tags for names. Its help is one line of words; only a wrong command says what it takes.
use strict;
use warnings;

$| = 1;
my %tags;
my %usage = (
    tag    => 'tag NAME TAG',
    untag  => 'untag NAME TAG',
    tags   => 'tags NAME',
    names  => 'names',
    help   => 'help',
    finish => 'finish',
);

while (defined(my $line = <STDIN>)) {
    my ($word, @rest) = split ' ', $line;
    next unless defined $word;
    if (!$usage{$word})            { print "! no such command\n" }
    elsif ($word eq 'help')        { print "commands: tag untag tags names help finish\n" }
    elsif ($word eq 'finish')      { exit 0 }
    elsif (@rest != (split ' ', $usage{$word}) - 1) { print "! usage: $usage{$word}\n" }
    elsif ($word eq 'tag')         { $tags{$rest[0]}{$rest[1]} = 1; print "$rest[0] is now tagged $rest[1]\n" }
    elsif ($word eq 'untag')       { print delete $tags{$rest[0]}{$rest[1]} ? "removed\n" : "! it has no such tag\n" }
    elsif ($word eq 'tags')        { print 'tags: ', join(', ', sort keys %{$tags{$rest[0]} || {}}), "\n" }
    elsif ($word eq 'names')       { print map({ "* $_\n" } sort keys %tags), scalar(keys %tags), " names\n" }
}
