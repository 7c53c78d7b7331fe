"""The vocabulary of a chat: its commands, and what they do. Pure data.

The code that drives programs, records and reports knows operations with arguments and results.
Where the lab knows more of a command of a chat, such as that one dials another peer and needs its
address, that code takes its name from here.
"""

from __future__ import annotations

from collections.abc import Mapping

CONNECT = "connect"  # opens a connection to another peer
TERMINATE = "terminate"  # ends a connection
SEND = "send"  # sends a message over a connection
LIST = "list"  # lists the connections
EXIT = "exit"  # ends the program
MYIP = "myip"  # says at which address the program is reached
MYPORT = "myport"  # says on which port it listens
HELP = "help"  # says which commands there are, in a text for people

VERBS = (HELP, MYIP, MYPORT, CONNECT, LIST, TERMINATE, SEND, EXIT)
"""Every command, in the order in which people see them."""

NOBODY = "nobody"
"""The name to give a program that asks whom it connects to, if that is no peer of the run."""

CAUSES: Mapping[str, str] = {CONNECT: "connected", TERMINATE: "closed", EXIT: "closed"}
"""The notice that the other end shows of each command that changes a connection."""
