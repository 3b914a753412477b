"""Learning personas in a process of its own: states go in, progress and proposals come out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import IO

from services.profile.domain.reading import Tiers
from shared.aside import run_aside
from touchpoint.profile.v1.personas_pb2 import PersonaProposals

MODULE = "services.profile.training"
_LENGTH_BYTES = 4

States = Sequence[Sequence[bytes]]
"""Of each set, the stored states of its persons."""
Tell = Callable[[str, float], None]
"""Hears what is being done, in words, and which share of all is done."""


@dataclass(frozen=True, slots=True)
class Order:
    """What one training is told beside the states."""

    seed: int
    now_us: int
    tiers: tuple[int, int, int]
    """Of `Tiers`."""

    def value_tiers(self) -> Tiers:
        return Tiers(*self.tiers)


async def train_aside(order: Order, states: States, tell: Tell) -> PersonaProposals:
    """Propose personas in a child at low priority; see `run_aside`."""
    given = [states]
    del states
    loop = asyncio.get_running_loop()

    def hear(read: IO[bytes]) -> PersonaProposals:
        while (line := read.readline()).endswith(b"\n"):
            told = json.loads(line)
            if told["event"] == "progress":
                loop.call_soon_threadsafe(tell, told["step"], told["share_done"])
                continue
            data = read.read(told["bytes"])
            if len(data) == told["bytes"]:
                return PersonaProposals.FromString(data)
        raise EOFError

    return await run_aside(MODULE, lambda: pack(order, given.pop()), hear)


def pack(order: Order, states: States) -> bytes:
    """Return what the child reads; `unpack` reverses it."""
    parts = [_framed(json.dumps(asdict(order)).encode())]
    for members in states:
        parts.append(len(members).to_bytes(_LENGTH_BYTES, "big"))
        parts += map(_framed, members)
    return b"".join(parts)


def unpack(data: bytes) -> tuple[Order, Iterator[Sequence[bytes]]]:
    """Return the order, and the states set by set."""
    read = BytesIO(data)
    told = json.loads(_frame(read))
    order = Order(told["seed"], told["now_us"], tuple(told["tiers"]))
    return order, _sets(read)


def _sets(read: IO[bytes]) -> Iterator[Sequence[bytes]]:
    while length := read.read(_LENGTH_BYTES):
        yield [_frame(read) for _ in range(int.from_bytes(length, "big"))]


def _framed(data: bytes) -> bytes:
    return len(data).to_bytes(_LENGTH_BYTES, "big") + data


def _frame(read: IO[bytes]) -> bytes:
    return read.read(int.from_bytes(read.read(_LENGTH_BYTES), "big"))
