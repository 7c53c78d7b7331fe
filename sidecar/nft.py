"""Writes the scripts that `nft` takes. All that they do hangs on sets whose elements run out.

IPv4 alone, in a table of its own. A newline stands before each closing brace, which
`nft` asks for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sidecar.rules import Arrive, Rules
from sidecar.shaping import HANDLE, Slow

TABLE = "ip peerlab"
_TRIAL = "ip peerlab_trial"

MARK = 0x7065
"""What the relay's own packets carry, so that they are not relayed again."""

_PARTS = 1_000_000  # in which shares of packets are told
_CUT = "cut"
_BENT = "bent"

Sets = Mapping[str, tuple[str, ...]]
"""Addresses by the set that they are in."""


def sets_of(rules: Rules, slow: Sequence[Slow]) -> dict[str, tuple[str, ...]]:
    """Return the sets that rules need; some may be empty."""
    sets = {_CUT: tuple(source for each in rules.arrive if each.cut for source in each.sources)}
    for place, each in enumerate(rules.arrive):
        if _is_lossy(each):
            sets[_loss(place)] = each.sources
    for one in slow:
        sets[_slow(one)] = one.targets
    sets[_BENT] = tuple(each.to for each in rules.relay)
    return sets


def load(rules: Rules, slow: Sequence[Slow], port: int, before: Sets | None) -> str:
    """Return what makes rules hold, in one go, instead of those before.

    Args:
        rules: what shall hold.
        slow: the classes that packets on their way out are put into.
        port: where the relay listens.
        before: the sets that are there; None where the whole table may be somebody else's.
    """
    clear = f"delete table {TABLE}\n" if before is None else f"flush table {TABLE}\n"
    clear += "".join(f"delete set {TABLE} {name}\n" for name in before or ())
    body = [f"counter {name} {{\n}}" for name in ("cut", "loss")]
    body += [_set(*each, rules.lease) for each in sets_of(rules, slow).items()]
    body += [_arrive(rules), _leave(slow), _relay(port if rules.relay else 0)]
    return f"table {TABLE}\n{clear}" + _table(TABLE, body)


def renewal(sets: Sets, lease: float) -> str:
    """Return what lets all elements hold for another lease; empty where there are none."""
    return "".join(
        f"flush set {TABLE} {name}\nadd element {TABLE} {name} {_elements(addresses, lease)}\n"
        for name, addresses in sets.items()
        if addresses
    )


def removal() -> str:
    """Return what removes the table, whether it is there or not."""
    return f"table {TABLE}\ndelete table {TABLE}\n"


def dropped(listing: str) -> dict[str, int]:
    """Return the packets that vanished by their reason, out of a listing of counters in JSON."""
    counters = [each["counter"] for each in json.loads(listing)["nftables"] if "counter" in each]
    return {each["name"]: each["packets"] for each in counters}


def trial(rule: str, hook: str) -> str:
    """Return what tries one rule in a table of its own, and removes that in the same go."""
    names = f"set some {{ type ipv4_addr; flags timeout\n}}\n{_chain('one', hook, [rule])}"
    return _table(_TRIAL, [names]) + f"delete table {_TRIAL}\n"


ARRIVE_HOOK = "filter hook input priority -10"
LEAVE_HOOK = "filter hook postrouting priority 0"
RELAY_HOOK = "nat hook output priority -100"

TRIED = {
    "cut": ("ip saddr @some counter drop", ARRIVE_HOOK),
    "loss": (f"ip saddr @some numgen random mod {_PARTS} < 1 counter drop", ARRIVE_HOOK),
    "bandwidth": (f"ip daddr @some meta priority set {HANDLE}:1", LEAVE_HOOK),
    "stream": ("ip daddr @some tcp dport 1-65535 redirect to :1", RELAY_HOOK),
}
"""For each feature a rule as it takes one, and where that hangs."""


def _arrive(rules: Rules) -> str:
    lines = ["iif lo accept", f"ip saddr @{_CUT} counter name cut drop"]
    for place, each in enumerate(rules.arrive):
        if _is_lossy(each):
            lines.append(f"ip saddr @{_loss(place)} {_by_chance(each.loss)}counter name loss drop")
    return _chain("arrive", ARRIVE_HOOK, lines)


def _leave(slow: Sequence[Slow]) -> str:
    marks = [f"ip daddr @{_slow(one)} meta priority set {HANDLE}:{one.minor:x}" for one in slow]
    return _chain("leave", LEAVE_HOOK, ["oif lo accept", *marks])


def _relay(port: int) -> str:
    """Redirect a connection's very first packet and no other.

    The kernel may take up a connection in its midst, when it begins to track connections:
    such a one must stay where it is.
    """
    first = "tcp flags & (fin | syn | rst | ack) == syn"
    line = f"ip daddr @{_BENT} meta mark != {MARK:#x} {first} redirect to :{port}"
    return _chain("relay", RELAY_HOOK, ["oif lo accept", line] if port else [])


def _is_lossy(arrive: Arrive) -> bool:
    return round(arrive.loss * _PARTS) > 0 and not arrive.cut


def _by_chance(loss: float) -> str:
    """Return the condition; none where all is lost, since `nft` refuses what is always true."""
    parts = round(loss * _PARTS)
    return "" if parts >= _PARTS else f"numgen random mod {_PARTS} < {parts} "


def _loss(place: int) -> str:
    return f"loss_{place}"


def _slow(one: Slow) -> str:
    return f"slow_{one.minor:x}"


def _set(name: str, addresses: tuple[str, ...], lease: float) -> str:
    elements = f"; elements = {_elements(addresses, lease)}" if addresses else ""
    return f"set {name} {{ type ipv4_addr; flags timeout{elements}\n}}"


def _elements(addresses: tuple[str, ...], lease: float) -> str:
    each = [f"{address} timeout {round(lease * 1000)}ms" for address in addresses]
    return "{ " + ", ".join(each) + "\n}"


def _chain(name: str, hook: str, lines: list[str]) -> str:
    return "\n".join([f"chain {name} {{", f"type {hook}; policy accept;", *lines, "}"])


def _table(name: str, body: list[str]) -> str:
    return "\n".join([f"table {name} {{", *body, "}"]) + "\n"
