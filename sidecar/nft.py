"""Writes `nft` scripts: here a partition or a loss becomes a packet rule.

Every rule matches a set whose elements time out, so it ends with the lease. IPv4 only, in a
table of its own. `nft` wants a newline before each closing brace.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sidecar.ruleset import ArriveRule, Rules
from sidecar.tc import HANDLE, LimitClass

TABLE = "ip peerlab"
_TRIAL = "ip peerlab_trial"

MARK = 0x7065
"""The mark of the relay's own packets, so that they are not relayed again."""

_PARTS = 1_000_000  # of which a share of packets is a whole number
_CUT = "cut"
_RELAYED = "relayed"

Sets = Mapping[str, tuple[str, ...]]
"""Addresses, by the set that they are in."""


def sets_of(rules: Rules, limits: Sequence[LimitClass]) -> dict[str, tuple[str, ...]]:
    """Return the sets that rules need; some may be empty."""
    sets = {_CUT: tuple(source for rule in rules.arrive if rule.cut for source in rule.sources)}
    for index, rule in enumerate(rules.arrive):
        if _is_lossy(rule):
            sets[_loss(index)] = rule.sources
    for limit in limits:
        sets[_limit(limit)] = limit.targets
    sets[_RELAYED] = tuple(rule.to for rule in rules.relay)
    return sets


def load_script(rules: Rules, limits: Sequence[LimitClass], port: int, before: Sets | None) -> str:
    """Return the script that replaces all rules in one transaction.

    Args:
        rules: what to apply.
        limits: the classes that leaving packets are put into.
        port: where the relay listens.
        before: the sets that exist; None if the table may be another sidecar's.
    """
    clear = f"delete table {TABLE}\n" if before is None else f"flush table {TABLE}\n"
    clear += "".join(f"delete set {TABLE} {name}\n" for name in before or ())
    body = [f"counter {name} {{\n}}" for name in ("cut", "loss")]
    body += [_set(*item, rules.lease) for item in sets_of(rules, limits).items()]
    body += [_arrive(rules), _leave(limits), _relay(port if rules.relay else 0)]
    return f"table {TABLE}\n{clear}" + _table(TABLE, body)


def renew_script(sets: Sets, lease: float) -> str:
    """Return the script that renews all elements for another lease; empty if there are none."""
    return "".join(
        f"flush set {TABLE} {name}\nadd element {TABLE} {name} {_elements(addresses, lease)}\n"
        for name, addresses in sets.items()
        if addresses
    )


def remove_script() -> str:
    """Return the script that removes the table, whether it exists or not."""
    return f"table {TABLE}\ndelete table {TABLE}\n"


def parse_dropped(listing: str) -> dict[str, int]:
    """Return the packets dropped for each reason, from a listing of counters in JSON."""
    counters = [entry["counter"] for entry in json.loads(listing)["nftables"] if "counter" in entry]
    return {counter["name"]: counter["packets"] for counter in counters}


def trial_script(rule: str, hook: str) -> str:
    """Return the script that tries one rule in a table of its own, and removes that again."""
    names = f"set some {{ type ipv4_addr; flags timeout\n}}\n{_chain('one', hook, [rule])}"
    return _table(_TRIAL, [names]) + f"delete table {_TRIAL}\n"


ARRIVE_HOOK = "filter hook input priority -10"
LEAVE_HOOK = "filter hook postrouting priority 0"
RELAY_HOOK = "nat hook output priority -100"

TRIALS = {
    "cut": ("ip saddr @some counter drop", ARRIVE_HOOK),
    "loss": (f"ip saddr @some numgen random mod {_PARTS} < 1 counter drop", ARRIVE_HOOK),
    "bandwidth": (f"ip daddr @some meta priority set {HANDLE}:1", LEAVE_HOOK),
    "stream": ("ip daddr @some tcp dport 1-65535 redirect to :1", RELAY_HOOK),
}
"""For each feature a rule of its kind, and the hook that it belongs to."""


def _arrive(rules: Rules) -> str:
    lines = ["iif lo accept", f"ip saddr @{_CUT} counter name cut drop"]
    for index, rule in enumerate(rules.arrive):
        if _is_lossy(rule):
            lines.append(f"ip saddr @{_loss(index)} {_at_random(rule.loss)}counter name loss drop")
    return _chain("arrive", ARRIVE_HOOK, lines)


def _leave(limits: Sequence[LimitClass]) -> str:
    lines = [
        f"ip daddr @{_limit(limit)} meta priority set {HANDLE}:{limit.minor:x}" for limit in limits
    ]
    return _chain("leave", LEAVE_HOOK, ["oif lo accept", *lines])


def _relay(port: int) -> str:
    """Redirect a connection's very first packet and no other.

    When the kernel begins to track connections it may pick one up in the middle: that one
    must stay where it is.
    """
    first = "tcp flags & (fin | syn | rst | ack) == syn"
    line = f"ip daddr @{_RELAYED} meta mark != {MARK:#x} {first} redirect to :{port}"
    return _chain("relay", RELAY_HOOK, ["oif lo accept", line] if port else [])


def _is_lossy(rule: ArriveRule) -> bool:
    return round(rule.loss * _PARTS) > 0 and not rule.cut


def _at_random(loss: float) -> str:
    """Return the condition; none if all is lost, since `nft` refuses one that is always true."""
    parts = round(loss * _PARTS)
    return "" if parts >= _PARTS else f"numgen random mod {_PARTS} < {parts} "


def _loss(index: int) -> str:
    return f"loss_{index}"


def _limit(limit: LimitClass) -> str:
    return f"limit_{limit.minor:x}"


def _set(name: str, addresses: tuple[str, ...], lease: float) -> str:
    elements = f"; elements = {_elements(addresses, lease)}" if addresses else ""
    return f"set {name} {{ type ipv4_addr; flags timeout{elements}\n}}"


def _elements(addresses: tuple[str, ...], lease: float) -> str:
    elements = [f"{address} timeout {round(lease * 1000)}ms" for address in addresses]
    return "{ " + ", ".join(elements) + "\n}"


def _chain(name: str, hook: str, lines: list[str]) -> str:
    return "\n".join([f"chain {name} {{", f"type {hook}; policy accept;", *lines, "}"])


def _table(name: str, body: list[str]) -> str:
    return "\n".join([f"table {name} {{", *body, "}"]) + "\n"
