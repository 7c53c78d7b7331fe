"""Loss: packets of a link are dropped at random."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, exp, lgamma, log

from orchestrator.faults.effect import Effect, combine
from orchestrator.faults.fault_type import FaultType, Mechanisms, Reading, Rule, packets_probe
from orchestrator.faults.probe import Measured, Probe

_ONCE_IN = 1_000_000  # trials, of which one at most is wrongly called impossible
_LOST = 40  # packets that are to be lost, or to arrive, of those that are sent
_MOST = 2000  # packets of one probe
_APART = 10  # standard deviations between two shares that are to be distinguished
_ARRIVES = 0.8  # the least share that arrives of packets that are not to be lost
_LOST_ANYWAY = 0.05  # the share that a machine may lose beside those that are to be lost


class Loss(FaultType):
    """As many packets are lost as chance allows at that share."""

    def arrive(self, effect: Effect) -> Rule:
        """Drop that share of packets."""
        return {"loss": effect.loss}

    def probes(self, effect: Effect, combined: Effect, mechanisms: Mechanisms) -> list[Probe]:
        """Return so many packets that the share cannot be mistaken."""
        if not effect.loss:
            return []
        share = combined.loss
        other = round(1 - (1 - share) / (1 - effect.loss), 9)  # of the other faults on the link
        count = _LOST / min(share, max(1 - share, 1 / _MOST))
        if other and share > other:
            count = max(count, _APART**2 * share * (1 - share) / (share - other) ** 2)
        return [packets_probe(min(_MOST, ceil(count)), combined)]

    def mismatch(self, reading: Reading) -> str | None:
        """Return that too few, or too many, packets were lost."""
        effect, probe, measured = reading.effect, reading.probe, reading.measured
        if probe.what != "packets":
            return None
        sent, lost = measured.sent, measured.sent - measured.arrived
        wanted = f"{effect.loss * 100:.3g}%" if effect.loss else "none"
        reason = f"{lost} of {sent} packets lost, {wanted} wanted"
        if lost < fewest(sent, effect.loss):
            return reason
        if effect.bandwidth is not None and probe.interval * effect.bandwidth < probe.size:
            return None  # they came faster than they could pass: some waited in vain
        arrived = fewest(sent, _arrives(effect, reading.before) * (1 - effect.loss))
        return reason if measured.arrived < arrived else None

    def resembles(self, fault: Effect, reading: Reading) -> str | None:
        """Return that as many packets are lost as with the fault."""
        left, measured = reading.effect, reading.measured
        share = combine([fault, left]).loss
        if reading.probe.what != "packets" or share <= left.loss:
            return None
        sent, lost = measured.sent, measured.sent - measured.arrived
        by_chance = most(sent, left.loss) if left.loss else 0
        if lost > max(fewest(sent, share) - 1, by_chance):
            return f"{lost} of {sent} packets lost"
        return None


def _arrives(effect: Effect, before: Measured | None) -> float:
    """Return the least share that arrives of packets that are not to be lost."""
    if not effect.loss or effect.bandwidth is not None:
        return _ARRIVES
    lost = 1 - before.arrived / before.sent if before and before.sent else 0.0
    return max(_ARRIVES, 1 - _LOST_ANYWAY - lost)


@lru_cache(maxsize=1024)
def fewest(count: int, share: float) -> int:
    """Return the least number of successes that is not practically impossible.

    Args:
        count: trials.
        share: how likely each succeeds, 0 to 1.
    """
    if share <= 0:
        return 0
    if share >= 1:
        return count
    chance = 0.0
    for successes in range(count + 1):
        chance += exp(_log_chance(successes, count, share))
        if chance > 1 / _ONCE_IN:
            return successes
    return count


def most(count: int, share: float) -> int:
    """Return the largest number of successes that is not practically impossible."""
    return count - fewest(count, 1 - share)


def _log_chance(successes: int, count: int, share: float) -> float:
    ways = lgamma(count + 1) - lgamma(successes + 1) - lgamma(count - successes + 1)
    return ways + successes * log(share) + (count - successes) * log(1 - share)
