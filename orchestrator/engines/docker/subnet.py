"""Networks whose subnet the lab names to Docker, so that it can name every address as well.

A container that is started again must be where it was, and Docker promises that for
addresses alone that were asked for. It takes such addresses only on a network whose
subnet was asked for too. Which subnets are free Docker knows best: it is made to choose
one, by a network that is there for a moment.
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
from orchestrator.engines.owner import Owner
from orchestrator.errors import EngineError

_TRIES = 10  # subnets that somebody else may take between our look and our turn
_OVERLAPS = "overlap"  # a word in Docker's answer where a subnet is taken

_spare: list[Subnet] = []  # of networks that this process has removed


@dataclass(frozen=True, slots=True)
class Subnet:
    """The addresses of one network.

    Attributes:
        range: all of them, such as ``172.18.0.0/16``.
        gateway: the one that is Docker's.
    """

    range: str
    gateway: str

    @classmethod
    def of(cls, network: dict[str, Any]) -> Subnet:
        """Return the subnet of a network that Docker describes."""
        described = (network.get("IPAM") or {}).get("Config") or []
        for each in described:
            given = ipaddress.ip_network(each["Subnet"])
            if given.version == 4:  # noqa: PLR2004
                gateway = each.get("Gateway") or str(given[1])
                return cls(str(given), gateway.partition("/")[0])
        raise EngineError(f"Docker gave the network {network.get('Name')} no IPv4 subnet")

    @property
    def ipam(self) -> dict[str, str]:
        """The subnet in the words of Docker's API."""
        return {"Subnet": self.range, "Gateway": self.gateway}

    @property
    def last(self) -> str:
        """The last address, kept for a container that is no peer."""
        every = ipaddress.ip_network(self.range)
        return str(every[-3] if str(every[-2]) == self.gateway else every[-2])

    def hosts(self) -> Iterator[str]:
        """Yield every address that a peer's container can have, in order."""
        for each in ipaddress.ip_network(self.range).hosts():
            if str(each) not in (self.gateway, self.last):
                yield str(each)

    def first(self, count: int) -> list[str]:
        """Return the first so many addresses that containers can have.

        Raises:
            EngineError: there are fewer.
        """
        found = list(itertools.islice(self.hosts(), count))
        if len(found) < count:
            raise EngineError(f"{self.range} has {len(found)} addresses, {count} are needed")
        return found


class Addresses:
    """Gives the containers of a network their addresses, from any thread.

    An address that was given back is the last to be given again: somebody may yet
    look for its former holder there.
    """

    def __init__(self, subnet: Subnet) -> None:
        self._fresh = subnet.hosts()
        self._used: list[str] = []  # and given back, oldest first
        self._lock = threading.Lock()
        self.subnet = subnet

    def take(self) -> str:
        """Return an address that nobody has.

        Raises:
            EngineError: there is none.
        """
        with self._lock:
            address = next(self._fresh, None) or (self._used.pop(0) if self._used else None)
        if address is None:
            raise EngineError(f"no address is left in {self.subnet.range}")
        return address

    def give_back(self, addresses: Iterable[str]) -> None:
        """Let these addresses be given again."""
        with self._lock:
            self._used.extend(addresses)


def find_subnet(client: Client, name: str) -> Subnet:
    """Return a subnet that is free now.

    Args:
        client: the engine.
        name: of the network that is there for a moment.

    Raises:
        EngineError: Docker has none.
    """
    api: Any = client.api
    labels = {OWNER: Owner.this().mark}  # should we be killed now, a sweep takes it
    with translated("no network can be made"):
        # An internal one is made and removed in two thirds of the time.
        made = api.create_network(name, driver="bridge", internal=True, labels=labels)
        try:
            return Subnet.of(api.inspect_network(made["Id"]))
        finally:
            remove_network(client, made["Id"])


def make_network(
    client: Client, name: str, network: definition.Network, labels: dict[str, str]
) -> Subnet:
    """Make a network and return its subnet.

    Raises:
        EngineError: it cannot be made.
    """
    for _ in range(_TRIES):
        # What a network of this process had is free, most likely, and nobody need ask.
        subnet = _take_spare() or find_subnet(client, name)
        try:
            _create(client, name, network, labels, subnet)
        except EngineError as error:
            if not is_taken(error):
                raise
        else:
            return subnet
    raise EngineError(
        f"no network can be made: each of {_TRIES} subnets was taken by somebody else",
        hint="see `docker network ls`: others make networks all the time",
    )


def find_network(client: Client, name: str) -> dict[str, Any] | None:
    """Return what Docker says of a network; None where there is none of that name."""
    api: Any = client.api
    with translated(f"the network {name} cannot be inspected"):
        found = [each for each in api.networks(names=[name]) if each["Name"] == name]
        described: dict[str, Any] | None = api.inspect_network(found[0]["Id"]) if found else None
    return described


def _take_spare() -> Subnet | None:
    try:
        return _spare.pop()
    except IndexError:  # asked for like this, two threads cannot take the same one
        return None


def spare(subnet: Subnet) -> None:
    """Remember the subnet of a network that is removed, for this process's next one."""
    _spare.append(subnet)


def is_taken(error: EngineError) -> bool:
    """Tell whether an error of Docker says that a subnet belongs to some other network."""
    return _OVERLAPS in error.what.lower()


def _create(
    client: Client,
    name: str,
    network: definition.Network,
    labels: dict[str, str],
    subnet: Subnet,
) -> None:
    api: Any = client.api
    with translated("no network for this run"):
        api.create_network(
            name,
            driver=network.driver,
            options=network.driver_opts,
            labels=labels,
            ipam={"Driver": "default", "Config": [subnet.ipam]},
        )
