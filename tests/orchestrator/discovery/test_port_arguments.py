"""How a program is given its port: what its source and its own usage say."""

from __future__ import annotations

import pytest

from orchestrator.discovery.port_arguments import arguments_for, arguments_said
from orchestrator.discovery.start_commands import StartCommand, by_usage


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("# usage: party.py -l PORT\nopts = dict(getopt(argv[1:], 'l:'))", ("-l", "{port}")),
        ('int main() { getopt(argc, argv, "vb:"); }', ("-b", "{port}")),
        ("puts 'Usage: chat --listen=<port>'", ("--listen={port}",)),
        ("usage: node chat [-s server_port]", ("-s", "{port}")),
        ("parser.add_argument('--port')\n# usage: chat -x PORT", ("--port", "{port}")),
        ("sys.argv[1]  # a non-port number", ("{port}",)),
        ("PORT=${1:?usage: mail.sh PORT}\nread -r port", ("{port}",)),
        ("print('which port?')", ()),
    ],
)
def test_what_the_source_says_comes_first(text: str, first: tuple[str, ...]) -> None:
    found = [arguments for arguments, _ in arguments_for(text)]
    assert found[0] == first
    assert len(set(found)) == len(found)


def test_the_usage_that_a_program_prints_is_followed() -> None:
    started = StartCommand(("./talk", "{port}"), "a guess", (("make",),))
    said = ["talk: cannot start", "usage: talk [-v] -b <port> | --bind-port=PORT"]
    ways = [("-b", "{port}"), ("--bind-port={port}",)]
    assert arguments_said(said) == ways
    assert by_usage(started, said) == [
        StartCommand(("./talk", *way), "by its usage", (("make",),)) for way in ways
    ]
    assert by_usage(started, ["usage: talk PORT"]) == []


@pytest.mark.parametrize(
    ("said", "ways"),
    [
        ("uso: node index.js --puerto PUERTO", [("--puerto", "{port}")]),
        ("Aufruf: ./plausch -n <Name> -a <Anschluss>", [("-n", "{port}"), ("-a", "{port}")]),
        ("käyttö: jutut -n NIMI --portti=PORTTI", [("--portti={port}",), ("-n", "{port}")]),
        ("try: rap -l 5000", [("-l", "{port}")]),
        ("usage: chat -v NAME -b <port>", [("-b", "{port}")]),
        ("error: unknown option -x at line 7", []),
        ("java.io.IOException: bad -- Exception", []),
    ],
)
def test_a_usage_in_another_language(said: str, ways: list[tuple[str, ...]]) -> None:
    assert arguments_said([said]) == ways
