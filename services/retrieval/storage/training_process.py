"""Training in a process of its own: arrays go in, progress and two files come out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.content import ItemTexts
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.storage.model_files import pack, texts, texts_of, unpack
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
    items: bytes = b""
    persons: bytes = b""


Tell = Callable[[str, float], None]
"""Hears what is being done, in words, and which share of all is done."""


async def train_aside(
    order: Order, interactions: Interactions, items: ItemTexts, tell: Tell
) -> Outcome:
    """Train in a child at low priority; see `run_aside`."""
    given = [interactions]
    del interactions
    loop = asyncio.get_running_loop()

    def tell_soon(step: str, share_done: float) -> None:
        loop.call_soon_threadsafe(tell, step, share_done)

    def packed() -> bytes:
        return pack_input(order, given.pop(), items)

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
            return Outcome(told["report"], **parts)
    raise EOFError


def pack_input(order: Order, interactions: Interactions, items: ItemTexts) -> bytes:
    """Return what the child reads; `unpack_input` reverses it."""
    return pack(
        {
            **texts(_ORDER, [json.dumps(asdict(order))]),
            **texts("person_ids", interactions.person_ids),
            "persons": interactions.persons,
            "offer_nos": interactions.offer_nos,
            "times_us": interactions.times_us,
            "weights": interactions.weights,
            "item_nos": items.offer_nos,
            **texts("titles", items.titles),
            **texts("categories", items.categories),
            **texts("brands", items.brands),
        }
    )


def unpack_input(data: bytes) -> tuple[Order, Interactions, ItemTexts]:
    """Return what `pack_input` was given."""
    arrays: dict[str, NDArray[Any]] = unpack(data)
    interactions = Interactions(
        person_ids=texts_of("person_ids", arrays),
        persons=arrays["persons"].astype(np.int32, copy=False),
        offer_nos=arrays["offer_nos"].astype(np.uint32, copy=False),
        times_us=arrays["times_us"].astype(np.int64, copy=False),
        weights=arrays["weights"].astype(np.float32, copy=False),
    )
    items = ItemTexts(
        offer_nos=arrays["item_nos"],
        titles=texts_of("titles", arrays),
        categories=texts_of("categories", arrays),
        brands=texts_of("brands", arrays),
    )
    return Order(**json.loads(texts_of(_ORDER, arrays)[0])), interactions, items
