"""The scripts for `nft`, word by word; `test_rules_in_containers` shows their effect."""

from __future__ import annotations

import json

from sidecar import nft
from sidecar.ruleset import ArriveRule, LeaveRule, RelayRule, Rules
from sidecar.tc import LimitClass

LEAVE = LeaveRule(("10.0.0.4",), 64000)
LIMITS = (LimitClass("eth0", 0x10, ("10.0.0.4",), LEAVE),)
RULES = Rules(
    5.0,
    (
        ArriveRule(("10.0.0.3", "10.0.1.3"), cut=True),
        ArriveRule(("10.0.0.4",), loss=0.2),
        ArriveRule(("10.0.0.5",), loss=1.0),
        ArriveRule(("10.0.0.6",), loss=1e-9),
        ArriveRule(("10.0.0.7",), cut=True, loss=0.5),
    ),
    (LEAVE,),
    (RelayRule("10.0.0.4"),),
)

WHOLE = """\
table ip peerlab
delete table ip peerlab
table ip peerlab {
counter cut {
}
counter loss {
}
set cut { type ipv4_addr; flags timeout; elements = { 10.0.0.3 timeout 5000ms, \
10.0.1.3 timeout 5000ms, 10.0.0.7 timeout 5000ms
}
}
set loss_1 { type ipv4_addr; flags timeout; elements = { 10.0.0.4 timeout 5000ms
}
}
set loss_2 { type ipv4_addr; flags timeout; elements = { 10.0.0.5 timeout 5000ms
}
}
set limit_10 { type ipv4_addr; flags timeout; elements = { 10.0.0.4 timeout 5000ms
}
}
set relayed { type ipv4_addr; flags timeout; elements = { 10.0.0.4 timeout 5000ms
}
}
chain arrive {
type filter hook input priority -10; policy accept;
iif lo accept
ip saddr @cut counter name cut drop
ip saddr @loss_1 numgen random mod 1000000 < 200000 counter name loss drop
ip saddr @loss_2 counter name loss drop
}
chain leave {
type filter hook postrouting priority 0; policy accept;
oif lo accept
ip daddr @limit_10 meta priority set 7ee7:10
}
chain relay {
type nat hook output priority -100; policy accept;
oif lo accept
ip daddr @relayed meta mark != 0x7065 tcp flags & (fin | syn | rst | ack) == syn redirect to :4000
}
}
"""


def test_all_rules_are_in_one_script() -> None:
    assert nft.load_script(RULES, LIMITS, 4000, None) == WHOLE


def test_later_rules_keep_the_counters_and_replace_the_sets() -> None:
    script = nft.load_script(Rules(), (), 4000, {"cut": (), "loss_1": ("10.0.0.4",)})
    begin = "flush table ip peerlab\ndelete set ip peerlab cut\ndelete set ip peerlab loss_1\n"
    assert script.startswith(f"table ip peerlab\n{begin}table ip peerlab {{\n")
    assert "elements" not in script
    assert "redirect" not in script


def test_a_renewal_renews_every_element_and_skips_empty_sets() -> None:
    sets = nft.sets_of(Rules(1.0, (ArriveRule(("10.0.0.3",), loss=0.5),)), ())
    assert sets == {"cut": (), "loss_0": ("10.0.0.3",), "relayed": ()}
    renewal = "add element ip peerlab loss_0 { 10.0.0.3 timeout 1000ms\n}\n"
    assert nft.renew_script(sets, 1.0) == f"flush set ip peerlab loss_0\n{renewal}"
    assert not nft.renew_script({"cut": ()}, 1.0)


def test_removal_works_without_a_table() -> None:
    assert nft.remove_script() == "table ip peerlab\ndelete table ip peerlab\n"


def test_counters_are_parsed() -> None:
    def counter(name: str, packets: int) -> dict[str, object]:
        return {"counter": {"family": "ip", "name": name, "table": "peerlab", "packets": packets}}

    listing = {"nftables": [{"metainfo": {"version": "1"}}, counter("cut", 3), counter("loss", 4)]}
    assert nft.parse_dropped(json.dumps(listing)) == {"cut": 3, "loss": 4}


def test_a_trial_leaves_nothing_behind() -> None:
    for rule, hook in nft.TRIALS.values():
        script = nft.trial_script(rule, hook)
        assert script.startswith("table ip peerlab_trial {")
        assert script.endswith("}\ndelete table ip peerlab_trial\n")
        assert rule in script
