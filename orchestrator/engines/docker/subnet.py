"""Networks with subnets chosen by the lab, so that it can choose every address as well.

A restarted container must keep its address, and Docker promises that only for addresses
that were asked for, on a network whose subnet was asked for too. Docker knows best which
subnets are free: a short-lived network makes it choose one.
"""

from __future__ import annotations

import ipaddress
import itertools
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from orchestrator import definition
from orchestrator.engines.docker.client import OWNER, Client, remove_network, translated
from orchestrator.errors import EngineError, ShortageError
from orchestrator.owner import Owner

_TRIES = 10  # subnets that others may take before we can
_OVERLAPS = "overlap"  # in Docker's message if a subnet is taken
_USED_UP = ("address pool", "fully subnetted")  # in its message if none is left, by version

_spare: list[Subnet] = []  # of networks that this process has removed


@dataclass(frozen=True, slots=True)
class Subnet:
    """The addresses of one network."""

    range: str  # all of them, such as ``172.18.0.0/16``
    gateway: str  # Docker's own

    @classmethod
    def of(cls, network: dict[str, Any]) -> Subnet:
        """Return the subnet of a network that Docker describes."""
        configs = (network.get("IPAM") or {}).get("Config") or []
        for config in configs:
            subnet = ipaddress.ip_network(config["Subnet"])
            if subnet.version == 4:  # noqa: PLR2004
                gateway = config.get("Gateway") or str(subnet[1])
                return cls(str(subnet), gateway.partition("/")[0])
        raise EngineError(f"Docker gave the network {network.get('Name')} no IPv4 subnet")

    @property
    def ipam(self) -> dict[str, str]:
        """The subnet as Docker's API writes it."""
        return {"Subnet": self.range, "Gateway": self.gateway}

    @property
    def last(self) -> str:
        """The last address, which no peer gets."""
        every = ipaddress.ip_network(self.range)
        return str(every[-3] if str(every[-2]) == self.gateway else every[-2])

    @property
    def canary(self) -> str:
        """The address before that, for the canary."""
        every = ipaddress.ip_network(self.range)
        ends = (str(every[-3]), str(every[-4]))
        return next(address for address in ends if address not in (self.gateway, self.last))

    def hosts(self) -> Iterator[str]:
        """Yield every address for peers, in order."""
        for address in ipaddress.ip_network(self.range).hosts():
            if str(address) not in (self.gateway, self.last, self.canary):
                yield str(address)

    def first(self, count: int) -> list[str]:
        """Return the first `count` addresses for peers.

        Raises:
            EngineError: there are fewer.
        """
        found = list(itertools.islice(self.hosts(), count))
        if len(found) < count:
            raise EngineError(f"{self.range} has {len(found)} addresses, {count} are needed")
        return found


class Addresses:
    """The addresses of a network's containers. Thread-safe.

    A returned address is reused last: others may still look for its former owner there.
    """

    def __init__(self, subnet: Subnet) -> None:
        self._fresh = subnet.hosts()
        self._used: list[str] = []  # and returned, oldest first
        self._lock = threading.Lock()
        self.subnet = subnet

    def take(self) -> str:
        """Return a free address.

        Raises:
            EngineError: there is none.
        """
        with self._lock:
            address = next(self._fresh, None) or (self._used.pop(0) if self._used else None)
        if address is None:
            raise EngineError(f"no address is left in {self.subnet.range}")
        return address

    def give_back(self, addresses: Iterable[str]) -> None:
        """Make these addresses free again."""
        with self._lock:
            self._used.extend(addresses)


def find_subnet(client: Client, name: str) -> Subnet:
    """Return a free subnet.

    Raises:
        ShortageError: none is left.
        EngineError: Docker does not say.
    """
    api: Any = client.api
    labels = {OWNER: Owner.this().mark}  # a sweep removes it if we are killed now
    try:
        with translated("no network can be made"):
            # An internal one takes two thirds of the time to create and remove.
            made = api.create_network(name, driver="bridge", internal=True, labels=labels)
            try:
                return Subnet.of(api.inspect_network(made["Id"]))
            finally:
                remove_network(client, made["Id"])
    except EngineError as error:
        if any(words in error.what for words in _USED_UP):
            raise _no_subnet_left(client) from error
        raise


def _no_subnet_left(client: Client) -> ShortageError:
    api: Any = client.api
    with translated("Docker does not list its networks"):
        there = sum(network["Driver"] == "bridge" for network in api.networks())
    return ShortageError(
        f"one more network is needed, and Docker has no addresses left for it: {there} are there",
        hint="`docker network prune` removes those that nothing uses; each of --jobs needs one;"
        " `default-address-pools` in Docker's daemon.json allows more",
    )


def make_network(
    client: Client,
    name: str,
    network: definition.NetworkSpec,
    labels: dict[str, str],
    *,
    internal: bool = False,
) -> Subnet:
    """Create a network and return its subnet. An internal one gives no default route.

    Raises:
        EngineError: it cannot be created.
    """
    for _ in range(_TRIES):
        # The subnet of an earlier network of this process is most likely free: no need to ask.
        subnet = _take_spare() or find_subnet(client, name)
        try:
            _create(client, name, network, labels, subnet, internal=internal)
        except EngineError as error:
            if not is_taken(error):
                raise
        else:
            return subnet
    raise EngineError(
        f"no network can be made: others took each of {_TRIES} subnets first",
        hint="see `docker network ls`: something creates networks all the time",
    )


def _take_spare() -> Subnet | None:
    try:
        return _spare.pop()
    except IndexError:  # atomic, unlike a test before: two threads cannot take the same one
        return None


def spare(subnet: Subnet) -> None:
    """Reuse the subnet of a removed network for this process's next one."""
    _spare.append(subnet)


def is_taken(error: EngineError) -> bool:
    """Return whether Docker's error says that the subnet belongs to another network."""
    return _OVERLAPS in error.what.lower()


def _create(
    client: Client,
    name: str,
    network: definition.NetworkSpec,
    labels: dict[str, str],
    subnet: Subnet,
    *,
    internal: bool,
) -> None:
    api: Any = client.api
    with translated("no network for this run"):
        api.create_network(
            name,
            driver=network.driver,
            options=network.driver_opts,
            labels=labels,
            internal=internal,
            ipam={"Driver": "default", "Config": [subnet.ipam]},
        )
