"""Training in a process of its own: arrays go in, progress and two files come out."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.content import ItemTexts
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.storage.model_files import pack, texts, texts_of, unpack
from shared.errors import Internal
from shared.logging import get_logger

log = get_logger(__name__)

MODULE = "services.retrieval.training"
_LONGEST_LINE = 1 << 20
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""More of them wait for each other in small products: training took eight times as long."""
_ORDER = "order"
_AT_ONCE = 1 << 18


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
    """Train in a child at low priority, so that requests go on; cancelling ends the child.

    Nothing of persons is written to disk: all goes through pipes. A parent that dies closes them,
    and the child ends itself. Raises Internal when the child fails; its log says why.
    """
    data = await asyncio.to_thread(pack_input, order, interactions, items)
    del interactions, items
    async with _child() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        await _hand_over(data, process.stdin)
        del data
        try:
            return await _outcome(process.stdout, tell)
        except asyncio.IncompleteReadError:
            log.error("training_failed", exit_code=await process.wait())
    raise Internal("training ended without a result", reason="TRAINING_FAILED")


async def _hand_over(data: bytes, write: asyncio.StreamWriter) -> None:
    """Write in parts: a pipe takes little at once, and what it does not take is copied."""
    view = memoryview(data)
    try:
        write.write(len(data).to_bytes(8, "big"))
        for begin in range(0, len(data), _AT_ONCE):
            write.write(view[begin : begin + _AT_ONCE])
            await write.drain()
    except ConnectionError:
        # The child is gone, which its end of the other pipe tells as well.
        return


async def _outcome(said: asyncio.StreamReader, tell: Tell) -> Outcome:
    """Hear a child out; raises IncompleteReadError where it ends before its report."""
    parts: dict[str, bytes] = {}
    while True:
        told = json.loads(await said.readuntil(b"\n"))
        if told["event"] == "progress":
            tell(told["step"], told["share_done"])
        elif told["event"] == "file":
            parts[told["part"]] = await said.readexactly(told["bytes"])
        else:
            return Outcome(told["report"], **parts)


@asynccontextmanager
async def _child() -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        MODULE,
        stdin=PIPE,
        stdout=PIPE,
        limit=_LONGEST_LINE,
        env=os.environ | _ONE_THREAD,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


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
