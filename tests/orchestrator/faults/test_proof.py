"""Faults are proven by what is measured on simulated links, with chance and load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import comb
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from orchestrator.faults import proof
from orchestrator.faults.effect import CLEAR, Effect, combine
from orchestrator.faults.fault_type import Reading
from orchestrator.faults.loss import fewest, most
from orchestrator.faults.probe import Measured, Probe, What
from orchestrator.scenario.values import LEAST_TIME
from tests.orchestrator.faults.links import NETEM, RELAY, SimulatedLink
from tests.repeats import times

SEEDS = st.integers(0, 10**9)
MECHANISMS = st.sampled_from([NETEM, RELAY])
BUSY = st.sampled_from([0.0, 0.0003, 0.003])  # seconds


@st.composite
def _delays(draw: st.DrawFn) -> dict[str, Any]:
    delay = draw(st.floats(0.02, 2))
    jitters = [0.0, max(LEAST_TIME, delay / 4), delay]
    return {"delay": delay, "jitter": draw(st.sampled_from(jitters))}


@st.composite
def _impaired(draw: st.DrawFn) -> Effect:
    some = draw(st.sets(st.sampled_from(["loss", "bandwidth", "delay"]), min_size=1))
    late = draw(_delays()) if "delay" in some else {}
    return Effect(
        loss=draw(st.floats(0.01, 0.9)) if "loss" in some else 0.0,
        bandwidth=draw(st.integers(4000, 1_250_000)) if "bandwidth" in some else None,
        **late,
    )


@st.composite
def _lagging(draw: st.DrawFn) -> Effect:
    late = draw(_delays())
    return Effect(lag=late["delay"], jitter=late["jitter"])


EFFECTS = st.one_of(
    st.just(Effect(cut=True)),
    st.just(Effect(loss=1.0)),
    _impaired(),
    _lagging(),
    st.builds(Effect, pieces=st.integers(1, 200)),
    st.builds(Effect, hold=st.floats(0.02, 5)),
    st.builds(Effect, reset=st.integers(0, 100_000)),
)


@given(EFFECTS, MECHANISMS, SEEDS, BUSY)
def test_an_active_fault_is_proven_and_then_gone(
    effect: Effect, mechanisms: Mapping[str, str], seed: int, busy: float
) -> None:
    clear, faulty = (SimulatedLink(what, mechanisms, seed, busy) for what in (CLEAR, effect))
    probes = proof.probes_for(effect, mechanisms)
    assert probes
    assert len(set(probes)) == len(probes)
    for probe in probes:
        before, during, after = (
            clear.measure(probe),
            faulty.measure(probe),
            clear.measure(probe),
        )
        reason = proof.unproven(effect, before, Reading(CLEAR, probe, during, mechanisms))
        assert not reason, (probe, before, during)
        assert not proof.not_gone(effect, before, Reading(CLEAR, probe, after, mechanisms)), (
            probe,
            after,
        )


@given(EFFECTS, MECHANISMS, SEEDS, BUSY)
def test_a_fault_without_effect_is_never_proven(
    effect: Effect, mechanisms: Mapping[str, str], seed: int, busy: float
) -> None:
    clear, faulty = (SimulatedLink(what, mechanisms, seed, busy) for what in (CLEAR, effect))
    remains = []
    for probe in proof.probes_for(effect, mechanisms):
        before, during = clear.measure(probe), clear.measure(probe)
        assert proof.mismatch(Reading(effect, probe, during, mechanisms)), (probe, during)
        assert proof.unproven(effect, before, Reading(CLEAR, probe, during, mechanisms))
        remains.append(
            proof.not_gone(effect, before, Reading(CLEAR, probe, faulty.measure(probe), mechanisms))
        )
    assert any(remains)


@given(_lagging() | _delays().map(lambda late: Effect(**late)), MECHANISMS, SEEDS)
@example(Effect(delay=0.0234375, jitter=0.005859375), NETEM, 253966585)
@example(Effect(delay=0.1, jitter=0.02, loss=0.02), NETEM, 1)  # packets in quick succession
@example(Effect(delay=0.1, jitter=LEAST_TIME, loss=0.05), NETEM, 1)
@example(Effect(lag=0.02, jitter=0.005), RELAY, 253966585)
def test_a_delay_without_its_jitter_is_not_proven(
    effect: Effect, mechanisms: Mapping[str, str], seed: int
) -> None:
    assume(effect.jitter)
    even = SimulatedLink(replace(effect, jitter=0.0), mechanisms, seed, 0.0003)
    for probe in proof.probes_for(effect, mechanisms):
        assert "a jitter of" in proof.mismatch(
            Reading(effect, probe, even.measure(probe), mechanisms)
        )


@given(EFFECTS, EFFECTS, MECHANISMS, SEEDS, BUSY)
def test_two_faults_are_proven_and_one_of_them_is_lifted(
    fault: Effect, other: Effect, mechanisms: Mapping[str, str], seed: int, busy: float
) -> None:
    both = SimulatedLink(combine([fault, other]), mechanisms, seed, busy)
    left = SimulatedLink(other, mechanisms, seed, busy)
    assume(both.effect.bandwidth is None or not 0.9 < both.effect.loss < 1)  # too few arrive
    for probe in proof.probes_for(fault, mechanisms, other):
        before, during, after = left.measure(probe), both.measure(probe), left.measure(probe)
        assert not proof.mismatch(Reading(both.effect, probe, during, mechanisms)), (probe, during)
        assert not proof.not_gone(fault, before, Reading(other, probe, after, mechanisms)), (
            probe,
            after,
        )


@given(EFFECTS, MECHANISMS, SEEDS)
def test_nothing_is_proven_on_a_dead_link(
    effect: Effect, mechanisms: Mapping[str, str], seed: int
) -> None:
    dead = SimulatedLink(Effect(cut=True), mechanisms, seed, 0.0)
    for probe in proof.probes_for(effect, mechanisms):
        seen = dead.measure(probe)
        assert proof.unproven(effect, seen, Reading(CLEAR, probe, seen, mechanisms))
        assert proof.not_gone(effect, seen, Reading(CLEAR, probe, seen, mechanisms))


@pytest.mark.parametrize("loss", [0.05, 0.2, 0.5, 0.8])
def test_a_loss_on_top_of_another_is_distinguished(loss: float) -> None:
    fault, other = Effect(loss=loss), Effect(loss=0.2)
    (probe,) = proof.probes_for(fault, NETEM, other)
    for seed in range(times(10, 40)):
        both = SimulatedLink(combine([fault, other]), NETEM, seed, 0.0).measure(probe)
        left = SimulatedLink(other, NETEM, seed, 0.0).measure(probe)
        assert not proof.mismatch(Reading(combine([fault, other]), probe, both, NETEM))
        if loss > 0.05:  # less than that is hidden
            assert proof.mismatch(Reading(combine([fault, other]), probe, left, NETEM))
            assert proof.not_gone(fault, left, Reading(other, probe, both, NETEM))


def test_a_machine_that_loses_a_packet_now_and_then_is_no_fault() -> None:
    for seed in range(times(40, 200)):
        link = SimulatedLink(CLEAR, NETEM, seed, 0.003, lost=0.05)
        (probe,) = proof.probes_for(Effect(cut=True), NETEM)
        after = link.measure(probe)
        assert not proof.not_gone(Effect(cut=True), after, Reading(CLEAR, probe, after, NETEM))


@given(EFFECTS, MECHANISMS)
def test_probes_are_short_and_small(effect: Effect, mechanisms: Mapping[str, str]) -> None:
    for probe in proof.probes_for(effect, mechanisms):
        assert 16 <= probe.size <= (60_000 if effect.pieces else 1200)
        assert probe.count <= (5000 if probe.what == "burst" else 2000)
        if effect.bandwidth is None:
            assert probe.count * probe.interval <= 0.75


@pytest.mark.parametrize(
    ("effect", "probe", "measured", "reason"),
    [
        (Effect(cut=True), Probe("packets", 5), Measured(5, 5, 0.001), "5 of 5 packets passed"),
        (Effect(cut=True), Probe("packets", 5), Measured(5, 0), ""),
        (Effect(cut=True), Probe("packets", 5), Measured(0, 0), "nothing could be sent"),
        (Effect(loss=0.2), Probe("packets", 200), Measured(200, 199, 0.001),
         "1 of 200 packets lost, 20% wanted"),
        (Effect(loss=0.2), Probe("packets", 200), Measured(200, 4, 0.001),
         "196 of 200 packets lost, 20% wanted"),
        (Effect(delay=0.1), Probe("packets", 20), Measured(20, 20, 0.0003),
         "median delay 0.3 ms, 100 ms wanted"),
        (Effect(delay=0.1), Probe("packets", 20), Measured(20, 20, 0.8), ""),
        (Effect(delay=0.1), Probe("packets", 20), Measured(20, 20, 3.0),
         "median delay 3 s, 100 ms wanted"),
        (Effect(delay=0.1, bandwidth=4000), Probe("packets", 20), Measured(20, 20, 3.0), ""),
        (Effect(loss=0.05), Probe("packets", 800), Measured(800, 700, 0.001), ""),
        (Effect(loss=0.05), Probe("packets", 800), Measured(800, 648, 0.001),
         "152 of 800 packets lost, 5% wanted"),
        (Effect(bandwidth=256_000), Probe("burst", 100, 1116), Measured(90, 9, 0.1, 9300.0),
         "9.3 kB/s passed, 256 kB/s wanted"),
        (Effect(bandwidth=256_000), Probe("burst", 100, 1116), Measured(100, 100, 0.1, 60_000.0),
         ""),
        (Effect(bandwidth=64_000), Probe("burst", 100, 310), Measured(100, 100, 0.1, 640_000.0),
         "640 kB/s passed, 64 kB/s allowed"),
        (Effect(bandwidth=64_000), Probe("burst", 100, 310), Measured(100, 1, 0.1),
         "1 of 100 packets passed: too few for a rate"),
        (Effect(bandwidth=64_000), Probe("burst", 100, 310), Measured(100, 0),
         "none of 100 packets passed"),
        (Effect(pieces=1), Probe("stream", 3, 100), Measured(3, 300, 0.01, None, 2),
         "300 bytes came in 2 reads, 300 wanted"),
        (Effect(lag=0.5), Probe("stream", 20, 32), Measured(20, 640, 0.01, None, 20),
         "median delay 10 ms, 500 ms wanted"),
        (Effect(lag=0.5), Probe("stream", 20, 32), Measured(20, 640, 2.1, None, 20),
         "median delay 2.1 s, 500 ms wanted"),
        (Effect(lag=0.5, loss=0.1), Probe("stream", 20, 32), Measured(20, 640, 2.1, None, 20), ""),
        (Effect(lag=0.5), Probe("stream", 20, 32), Measured(0, 0, error="refused"),
         "0 of 640 bytes came, refused"),
        (Effect(hold=0.5), Probe("stream", 8, 32, 0.05), Measured(8, 256, 0.501, None, 8),
         "256 bytes came in 8 reads, 4 at most wanted"),
        (Effect(hold=0.5), Probe("stream", 8, 32, 0.05), Measured(8, 256, 0.501, None, 2), ""),
        (Effect(hold=0.02), Probe("stream", 20, 32, 0.01), Measured(20, 640, 0.1, None, 20), ""),
        (Effect(reset=500), Probe("stream", 9, 256), Measured(9, 2304, 0.01, None, 9),
         "no reset: 2304 of 2304 bytes came"),
        (Effect(reset=500), Probe("stream", 9, 256), Measured(9, 800, 0.01, None, 9, "reset"),
         "800 bytes came before the reset, 500 allowed"),
    ],
)  # fmt: skip
def test_mismatches_in_words(effect: Effect, probe: Probe, measured: Measured, reason: str) -> None:
    assert proof.mismatch(Reading(effect, probe, measured, NETEM)) == reason


@pytest.mark.parametrize("seconds", [0.02, 0.5, 5])
def test_late_bytes_are_not_held_back(seconds: float) -> None:
    (probe,) = proof.probes_for(Effect(hold=seconds), RELAY)
    late = SimulatedLink(Effect(lag=seconds), RELAY, 1, 0.0001).measure(probe)
    assert "at most wanted" in proof.mismatch(Reading(Effect(hold=seconds), probe, late, RELAY))


def test_a_machine_that_lost_packets_before_a_fault_may_lose_them_during_it() -> None:
    effect, probe, during = Effect(loss=0.05), Probe("packets", 800), Measured(800, 648, 0.001)
    for lost, doubt in ((0, True), (120, False)):
        before = Measured(800, 800 - lost, 0.001)
        assert bool(proof.mismatch(Reading(effect, probe, during, NETEM, before=before))) is doubt


@given(_impaired(), MECHANISMS, SEEDS, BUSY)
def test_a_fault_several_times_as_bad_is_not_proven(
    effect: Effect, mechanisms: Mapping[str, str], seed: int, busy: float
) -> None:
    assume(effect.loss <= 0.3)  # too few packets arrive otherwise
    worse = Effect(
        loss=1 - (1 - effect.loss) / 4 if effect.loss else 0.0,
        bandwidth=effect.bandwidth // 40 if effect.bandwidth else None,
        delay=10 * effect.delay + 1 if effect.delay else 0.0,
    )
    link = SimulatedLink(worse, mechanisms, seed, busy)
    assert any(
        proof.mismatch(Reading(effect, probe, link.measure(probe), mechanisms))
        for probe in proof.probes_for(effect, mechanisms)
    )


def test_a_fault_that_is_not_gone_in_words() -> None:
    probe, before = Probe("packets", 20), Measured(20, 20, 0.0002)
    reason = proof.not_gone(Effect(cut=True), before, Reading(CLEAR, probe, Measured(20, 0), NETEM))
    assert reason == "20 of 20 packets lost, none wanted; before the fault 20 of 20 packets, 0.2 ms"
    late = proof.not_gone(
        Effect(delay=0.1), before, Reading(CLEAR, probe, Measured(20, 20, 0.1), NETEM)
    )
    assert late == "median delay 100 ms; before the fault 20 of 20 packets, 0.2 ms"


@pytest.mark.parametrize("hides", [Effect(cut=True), Effect(loss=1.0)])
def test_a_fault_hidden_by_another_counts_as_gone(hides: Effect) -> None:
    probe, nothing = Probe("packets", 20), Measured(20, 0)
    assert not proof.not_gone(Effect(cut=True), nothing, Reading(hides, probe, nothing, NETEM))


def test_a_stream_needs_both_directions() -> None:
    (probe,) = proof.probes_for(Effect(pieces=1), NETEM)
    seen = Measured(0, 0, error="no answer")
    cut = Effect(cut=True)
    reason = proof.mismatch(Reading(Effect(pieces=1), probe, seen, NETEM, back=cut))
    assert reason == "nothing comes back, so it cannot be measured"
    assert not proof.mismatch(Reading(cut, probe, seen, NETEM, back=cut))


@pytest.mark.parametrize(
    ("what", "measured", "reason"),
    [
        ("packets", Measured(20, 19, 0.0002), "19 of 20 packets, 0.2 ms"),
        ("packets", Measured(20, 0), "0 of 20 packets"),
        ("burst", Measured(100, 90, 0.1, 64_000.0), "64 kB/s"),
        ("burst", Measured(100, 0), "0 of 100 packets"),
        ("stream", Measured(3, 1, 1.5, None, 1, "reset"), "1 byte in 1 read, 1.5 s, reset"),
        ("stream", Measured(3, 96, 0.0123, None, 3), "96 bytes in 3 reads, 12.3 ms"),
    ],
)
def test_measurements_in_words(what: What, measured: Measured, reason: str) -> None:
    probe = Probe(what, 20)
    assert proof.phrase(measured, probe) == reason


@pytest.mark.parametrize("reads", [1, 3, 6, 7])
def test_late_bytes_in_no_more_reads_than_packets_are_not_in_pieces(reads: int) -> None:
    (probe,) = proof.probes_for(Effect(pieces=5), NETEM)
    assert (probe.count, probe.size) == (3, 1500)  # two packets each
    late = Measured(3, 4500, 0.5, None, reads)
    assert not proof.resemblance(Effect(pieces=5), Reading(CLEAR, probe, late, NETEM))
    assert proof.mismatch(Reading(Effect(pieces=5), probe, late, NETEM))


@given(st.integers(1, 60), st.floats(0.0, 1.0))
def test_fewer_than_the_fewest_is_one_in_a_million(count: int, share: float) -> None:
    least = fewest(count, share)

    def below(limit: int) -> float:
        return sum(comb(count, k) * share**k * (1 - share) ** (count - k) for k in range(limit))

    assert 0 <= least <= count
    assert below(least) <= 1.001e-6
    assert least == count or below(least + 1) >= 0.999e-6
    assert most(count, share) == count - fewest(count, 1 - share)


def test_chance_of_thousands() -> None:
    assert fewest(2000, 0.01) == 3
    assert 900 > fewest(2000, 0.5) > 880
    assert fewest(2000, 1.0) == 2000


STREAM = Probe("stream", 20, 32, 0.01)
PACKETS = Probe("packets", 20, interval=0.01)


def test_a_stream_that_is_reset_on_its_way_back_cannot_be_measured() -> None:
    measured = Measured(0, 0, error="reset")
    reason = proof.mismatch(Reading(CLEAR, STREAM, measured, NETEM, back=Effect(reset=0)))
    assert reason == "what comes back is reset at once, so it cannot be measured"


@pytest.mark.parametrize(
    ("effect", "probe", "measured", "reason"),
    [
        (Effect(cut=True), STREAM, Measured(20, 640, 0.001, reads=20), "640 bytes passed"),
        (Effect(lag=0.5), STREAM, Measured(20, 640), "nothing arrived, so its delay is unknown"),
        (Effect(lag=0.5, jitter=0.5), STREAM, Measured(20, 640, 0.5, reads=20),
         "640 arrived: too few to see their delay vary"),
    ],
)  # fmt: skip
def test_rare_mismatches_in_words(
    effect: Effect, probe: Probe, measured: Measured, reason: str
) -> None:
    assert proof.mismatch(Reading(effect, probe, measured, RELAY)) == reason


def test_jitter_that_is_left_behind_is_found() -> None:
    fault, before = Effect(delay=0.1, jitter=0.1), Measured(20, 20, 0.0002, spread=0.0001)
    varied = Measured(20, 20, 0.0002, spread=0.1)
    reason = proof.not_gone(fault, before, Reading(CLEAR, PACKETS, varied, NETEM))
    assert reason.startswith("half of the delays lie within 100 ms; before the fault ")


def test_a_tighter_limit_hides_that_another_is_gone() -> None:
    fault, left = Effect(bandwidth=64_000), Effect(bandwidth=16_000)
    (probe,) = proof.probes_for(fault, NETEM, left)
    slow = SimulatedLink(left, NETEM, 1, 0.0001).measure(probe)
    assert not proof.not_gone(fault, slow, Reading(left, probe, slow, NETEM))


def test_a_piece_waits_for_those_before_it() -> None:
    crumbs, late = Effect(pieces=1), Effect(lag=0.2)
    (probe,) = proof.probes_for(late, RELAY, crumbs)
    measured = SimulatedLink(crumbs, RELAY, 1, 0.0001).measure(probe)
    assert not proof.not_gone(late, measured, Reading(crumbs, probe, measured, RELAY))
