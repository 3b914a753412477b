"""Training in a process of its own: arrays go in, progress and a file per part come out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import IO, Any, get_type_hints

from services.retrieval.domain.learning.lessons import Lessons
from services.retrieval.storage.array_files import pack, unpack
from services.retrieval.storage.model_files import (
    columns_of,
    part_of,
    texts,
    texts_of,
)
from shared.aside import run_aside

MODULE = "services.retrieval.training"
_ORDER = "order"


@dataclass(frozen=True, slots=True)
class Order:
    """What one training is told beside the arrays."""

    catalogue_id: str
    catalogue_version: int
    trained_us: int
    seed: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out."""

    report: dict[str, Any]
    """Fields of TrainingReport; with a refusal there are no files."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """By the part of the model."""


Tell = Callable[[str, float], None]
"""Hears what is being done, in words, and which share of all is done."""


async def train_aside(order: Order, lessons: Lessons, tell: Tell) -> Outcome:
    """Train in a child at low priority; see `run_aside`."""
    given = [lessons]
    del lessons
    loop = asyncio.get_running_loop()

    def tell_soon(step: str, share_done: float) -> None:
        loop.call_soon_threadsafe(tell, step, share_done)

    def packed() -> bytes:
        return pack_input(order, given.pop())

    return await run_aside(MODULE, packed, lambda read: _heard(read, tell_soon))


def _heard(read: IO[bytes], tell: Tell) -> Outcome:
    parts: dict[str, bytes] = {}
    while (line := read.readline()).endswith(b"\n"):
        told = json.loads(line)
        if told["event"] == "progress":
            tell(told["step"], told["share_done"])
        elif told["event"] == "file":
            parts[told["part"]] = data = read.read(told["bytes"])
            if len(data) < told["bytes"]:
                break
        else:
            return Outcome(told["report"], parts)
    raise EOFError


def pack_input(order: Order, lessons: Lessons) -> bytes:
    """Return what the child reads; `unpack_input` reverses it."""
    columns = texts(_ORDER, [json.dumps(asdict(order))])
    for each in fields(lessons):
        columns |= columns_of(getattr(lessons, each.name), f"{each.name}.")
    return pack(columns)


def unpack_input(data: bytes) -> tuple[Order, Lessons]:
    """Return what `pack_input` was given."""
    arrays = unpack(data)
    kinds = get_type_hints(Lessons)
    lessons = Lessons(**{name: part_of(kind, arrays, f"{name}.") for name, kind in kinds.items()})
    return Order(**json.loads(texts_of(_ORDER, arrays)[0])), lessons
