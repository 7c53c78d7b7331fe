# ruff: noqa: E501 - one row for a mistake
"""Requests are read strictly, and an error names the place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import RequestError
from sidecar.requests import ReportProbe, SendProbe, SetRules, Simple, read_request, split_id
from sidecar.ruleset import ArriveRule, LeaveRule, RelayRule, Rules, Shape

SHAPE = {"lag": 0.1, "jitter": 0.02, "pieces": 1, "hold": 0.5, "reset": 500}
FULL: dict[str, Any] = {
    "lease": 10.0,
    "arrive": [{"from": ["10.0.0.3", "10.0.1.3"], "cut": True, "loss": 0.0}],
    "leave": [{"to": ["10.0.0.3"], "bandwidth": 64000, "delay": 0.1, "jitter": 0.02}],
    "relay": [{"to": "10.0.0.3", "out": SHAPE, "back": SHAPE | {"pieces": None, "reset": None}}],
}
PACKETS = {
    "do": "packets",
    "to": "10.0.0.3",
    "port": 9,
    "probe": "p",
    "count": 5,
    "size": 64,
    "interval": 0,
}
HEARD = {"do": "heard", "probe": "p", "count": 5, "patience": 0.5}


def read(data: dict[str, Any], *, with_kernel: bool = True) -> object:
    return read_request(data, with_kernel=with_kernel)


def refusal(data: dict[str, Any], *, with_kernel: bool = True) -> str:
    with pytest.raises(RequestError) as caught:
        read(data, with_kernel=with_kernel)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_rules_are_written_as_they_were_read() -> None:
    shape = Shape(0.1, 0.02, 1, 0.5, 500)
    rules = Rules(
        10.0,
        (ArriveRule(("10.0.0.3", "10.0.1.3"), cut=True),),
        (LeaveRule(("10.0.0.3",), 64000, 0.1, 0.02),),
        (RelayRule("10.0.0.3", shape, Shape(0.1, 0.02, None, 0.5, None)),),
    )
    assert read({"do": "set", "rules": FULL}) == SetRules(rules)
    assert rules.as_data() == FULL


def test_omitted_keys_do_nothing() -> None:
    assert read({"do": "set", "rules": {}}) == SetRules(Rules())
    rules = {"arrive": [{"from": ["1.2.3.4"]}], "leave": [{"to": ["1.2.3.4"]}]}
    assert read({"do": "set", "rules": rules | {"relay": [{"to": "1.2.3.4"}]}}) == SetRules(
        Rules(
            10.0, (ArriveRule(("1.2.3.4",)),), (LeaveRule(("1.2.3.4",)),), (RelayRule("1.2.3.4"),)
        )
    )


def test_without_a_kernel_both_ends_are_named() -> None:
    ends = {"to": "127.0.0.5", "port": 5000, "from": "127.0.0.4"}
    request = read({"do": "set", "rules": {"relay": [ends]}}, with_kernel=False)
    assert isinstance(request, SetRules)
    assert request.rules.relay[0].key == "127.0.0.4>127.0.0.5:5000"
    data: Any = request.rules.as_data()["relay"]
    assert data[0].items() >= ends.items()
    assert "unknown key: 'port'" in refusal({"do": "set", "rules": {"relay": [ends]}})
    lacking = {"do": "set", "rules": {"relay": [{"to": "127.0.0.5"}]}}
    assert refusal(lacking, with_kernel=False) == "relay[0] lacks 'port'"


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([], "a request: 'rules' is not an object"),
        ({"arive": []}, "a request: 'rules' has an unknown key: 'arive'"),
        ({"lease": 0}, "a request: 'rules': 'lease' must be a number from 0.5 to 3600"),
        ({"lease": True}, "a request: 'rules': 'lease' must be a number"),
        ({"arrive": {}}, "a request: 'rules': 'arrive' must be a list"),
        ({"arrive": [5]}, "arrive[0] is not an object"),
        ({"arrive": [{"cut": True}]}, "arrive[0] lacks 'from'"),
        ({"arrive": [{"from": []}]}, "arrive[0]: 'from' must be a list of addresses, not an empty one"),
        ({"arrive": [{"from": ["a; drop"]}]}, "arrive[0]: 'from' must be an IPv4 address, not 'a; drop'"),
        ({"arrive": [{"from": ["::1"]}]}, "arrive[0]: 'from' must be an IPv4 address, not '::1'"),
        ({"arrive": [{"from": [7]}]}, "arrive[0]: 'from' must be an IPv4 address"),
        ({"arrive": [{"from": ["1.2.3.4"], "cut": 1}]}, "arrive[0]: 'cut' must be true or false"),
        ({"arrive": [{"from": ["1.2.3.4"], "loss": 1.1}]}, "arrive[0]: 'loss' must be a number from 0 to 1"),
        ({"arrive": [{"from": ["1.2.3.4", "1.2.3.4"]}]}, "arrive has 1.2.3.4 twice"),
        ({"leave": [{"to": ["1.2.3.4"], "bandwidth": 1.5}]}, "leave[0]: 'bandwidth' must be a whole number from 1 to 1099511627776"),
        ({"leave": [{"to": ["1.2.3.4"]}, {"to": ["1.2.3.4"]}]}, "leave has 1.2.3.4 twice"),
        ({"relay": [{"to": "1.2.3.4", "out": {"pieces": 0}}]}, "relay[0]: 'out': 'pieces' must be a whole number from 1 to 1099511627776"),
        ({"relay": [{"to": "1.2.3.4", "out": {"lag": -1}}]}, "relay[0]: 'out': 'lag' must be a number from 0 to 3600"),
        ({"relay": [{"to": "1.2.3.4", "back": {"slow": 1}}]}, "relay[0]: 'back' has an unknown key: 'slow'"),
        ({"relay": [{"to": "1.2.3.4"}, {"to": "1.2.3.4"}]}, "relay has 1.2.3.4 twice"),
    ],
)  # fmt: skip
def test_wrong_rules_are_refused(rules: object, said: str) -> None:
    assert refusal({"do": "set", "rules": rules}) == said


def test_probes_are_read() -> None:
    assert read(PACKETS) == SendProbe("packets", "10.0.0.3", 9, "p", 5, 64, 0.0, 0.0)
    stream = SendProbe("stream", "10.0.0.3", 9, "p", 5, 64, 0.0, 10.0)
    assert read(PACKETS | {"do": "stream"}) == stream
    assert read(PACKETS | {"do": "stream", "patience": 10}) == stream
    assert read(HEARD) == ReportProbe("p", 5, 0.5)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"port": 0}, "a request: 'port' must be a whole number from 1 to 65535"),
        ({"size": 15}, "a request: 'size' must be a whole number from 16 to 65507"),
        ({"interval": "1"}, "a request: 'interval' must be a number"),
        ({"interval": float("nan")}, "a request: 'interval' must be a number from 0 to 86400"),
        ({"probe": "x" * 61}, "a request: 'probe' must be a text of at most 60 characters"),
        ({"patience": 1}, "a request has an unknown key: 'patience'"),
        ({"do": "stream", "count": 1000, "size": 65000}, "a stream has at most 16777216 bytes"),
    ],
)
def test_wrong_probes_are_refused(change: dict[str, Any], said: str) -> None:
    assert refusal(PACKETS | change) == said


def test_simple_requests_are_read() -> None:
    for do in ("capabilities", "listen", "state", "bye"):
        assert read({"do": do}) == Simple(do)
        assert refusal({"do": do, "now": True}) == "a request has an unknown key: 'now'"
    assert refusal({"do": "fly"}) == "unknown request 'fly'"
    assert refusal({"do": None}).startswith("a request: 'do' must be a text")
    assert refusal({}) == "a request lacks 'do'"


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]", b"7", b"\xff\xfe{", b'{"id": 7}', b"{}", b"[" * 10**5]
)
def test_other_lines_have_no_id(line: bytes) -> None:
    with pytest.raises(RequestError):
        split_id(line)


def test_the_id_is_split_off() -> None:
    assert split_id(b'{"id": "7", "do": "state"}') == ("7", {"do": "state"})


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["arrive", "leave", "relay", "lease", "x"]), JSON)
def test_any_json_is_read_or_refused(key: str, value: object) -> None:
    try:
        request = read({"do": "set", "rules": {key: value}})
    except RequestError:
        return
    assert isinstance(request, SetRules)
    json.dumps(request.rules.as_data())
