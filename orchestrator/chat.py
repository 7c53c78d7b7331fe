"""The vocabulary of a chat: what its commands are called, by what they do. Pure data.

The code that drives programs, records and reports knows operations with arguments and results.
Where the lab knows more of a command of a chat, such as that one dials another peer and needs its
address, that code asks here what it is called, and names no command itself.
"""

from __future__ import annotations

from collections.abc import Mapping

DIAL = "connect"  # opens a connection to another peer
HANG_UP = "terminate"  # ends a connection
TELL = "send"  # sends a message over a connection
LISTING = "list"  # lists the connections
LEAVE = "exit"  # ends the program
OWN_ADDRESS = "myip"  # says at which address the program is reached
OWN_PORT = "myport"  # says on which port it listens
COMMANDS = "help"  # says which commands there are, in a text for people

VERBS = (COMMANDS, OWN_ADDRESS, OWN_PORT, DIAL, LISTING, HANG_UP, TELL, LEAVE)
"""Every command, in the order in which people see them."""

CAUSES: Mapping[str, str] = {DIAL: "connected", HANG_UP: "closed", LEAVE: "closed"}
"""The notice that the other end shows of each command that changes a connection."""
