"""Which processes a suite has, on which ports, and what each is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cli.reach import EDGE, targets_setting
from shared.config import WEB_PORT, WELL_KNOWN_PORTS
from shared.processes import PortChoice, choose_port, private_port

SERVICES: Sequence[str] = tuple(WELL_KNOWN_PORTS)
HOST = "127.0.0.1"
FIRST_PORT = WELL_KNOWN_PORTS[EDGE]
ANY_PORT = 0
MOST_REPLICAS = 8
_FURTHER_PORT = FIRST_PORT + 10
"""Further replicas listen from here on."""


class TopologyError(ValueError):
    """What was asked for cannot be run; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Replica:
    """One process of one service."""

    service: str
    number: int
    port: int
    web_port: int | None = None
    """Of the edge's HTTP; None for all other services."""

    @property
    def name(self) -> str:
        return self.service if self.number == 1 else f"{self.service}-{self.number}"

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def listening(self) -> dict[str, str]:
        """Return the settings that tell this process where to listen."""
        told = {f"TOUCHPOINT_{self.service.upper()}_LISTEN": self.address}
        if self.web_port is not None:
            told["TOUCHPOINT_WEB_LISTEN"] = f"{HOST}:{self.web_port}"
        return told


@dataclass(frozen=True, slots=True)
class Topology:
    """All processes of a suite."""

    replicas: tuple[Replica, ...]
    moved: tuple[PortChoice, ...] = ()
    """Well-known ports that were taken, and what is used instead."""

    def of(self, service: str) -> list[Replica]:
        return [replica for replica in self.replicas if replica.service == service]

    def by_number(self) -> list[list[Replica]]:
        """Return the first replicas of all services, then the second ones, and so on."""
        most = max(replica.number for replica in self.replicas)
        return [
            [replica for replica in self.replicas if replica.number == number]
            for number in range(1, most + 1)
        ]

    def addresses(self) -> dict[str, list[str]]:
        """Return the addresses of every service's replicas."""
        return {name: [replica.address for replica in self.of(name)] for name in SERVICES}

    @property
    def web(self) -> str:
        """The address of the edge's HTTP."""
        return f"{HOST}:{self.of(EDGE)[0].web_port}"

    def targets(self) -> dict[str, str]:
        """Return the settings that tell every service where the others are."""
        return {
            targets_setting(name): ",".join(addresses)
            for name, addresses in self.addresses().items()
        }


def parse_replicas(wanted: Sequence[str]) -> dict[str, int]:
    """Read `rules=2` and the like; raises TopologyError naming what is wrong."""
    found = {}
    for text in wanted:
        service, equals, count = text.partition("=")
        if service not in WELL_KNOWN_PORTS or not equals:
            raise TopologyError(
                f"{text!r}: say SERVICE=COUNT, SERVICE one of {', '.join(SERVICES)}"
            )
        if not count.isdecimal() or not 1 <= int(count) <= MOST_REPLICAS:
            raise TopologyError(f"{text!r}: the count must be from 1 to {MOST_REPLICAS}")
        found[service] = int(count)
    return found


def plan(replicas: Mapping[str, int], first_port: int = FIRST_PORT) -> Topology:
    """Choose a free port for every process.

    The edge is to get `first_port` and the others the ports that lie as far above it as the
    well-known ones above 7400; what is taken gives way to the next free one. ANY_PORT takes
    whatever is free.
    """
    ports = _Ports(first_port)
    chosen = []
    for service, known in WELL_KNOWN_PORTS.items():
        chosen.append(Replica(service, 1, ports.take(service, known), ports.web(service)))
    for service, count in replicas.items():
        for number in range(2, count + 1):
            port = ports.take(f"{service}-{number}", _FURTHER_PORT)
            chosen.append(Replica(service, number, port, ports.web(service, number)))
    return Topology(tuple(chosen), tuple(ports.moved))


@dataclass(slots=True)
class _Ports:
    first: int
    _taken: set[int] = field(default_factory=set)
    moved: list[PortChoice] = field(default_factory=list)

    def take(self, name: str, known: int) -> int:
        if self.first == ANY_PORT:
            return private_port()
        wanted = self._shifted(known)
        # What gives way must not take the place of the next.
        others = {self._shifted(port) for port in (*WELL_KNOWN_PORTS.values(), WEB_PORT)}
        choice = choose_port(name, wanted, self._taken | (others - {wanted}))
        self._taken.add(choice.port)
        if choice.moved and known != _FURTHER_PORT:
            self.moved.append(choice)
        return choice.port

    def _shifted(self, known: int) -> int:
        return known - FIRST_PORT + self.first

    def web(self, service: str, number: int = 1) -> int | None:
        if service != EDGE:
            return None
        return self.take("web", WEB_PORT + number - 1)
