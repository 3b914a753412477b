"""Training in a process of its own: arrays go in, progress and two files come out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from subprocess import PIPE
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.content import ItemTexts
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.storage.model_files import pack, texts, texts_of, unpack
from shared.errors import Internal
from shared.logging import get_logger

log = get_logger(__name__)

MODULE = "services.retrieval.training"
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""More of them wait for each other in small products: training took eight times as long."""
_ORDER = "order"

Child: TypeAlias = subprocess.Popen[bytes]


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
    given = [await asyncio.to_thread(pack_input, order, interactions, items)]
    del interactions, items
    loop = asyncio.get_running_loop()

    def tell_soon(step: str, share_done: float) -> None:
        loop.call_soon_threadsafe(tell, step, share_done)

    child = _started()
    talking = asyncio.ensure_future(asyncio.to_thread(_outcome, child, given, tell_soon))
    try:
        return await asyncio.shield(talking)
    except EOFError:
        log.error("training_failed", exit_code=await asyncio.to_thread(child.wait))
    finally:
        child.kill()  # does nothing to one that has ended
        await asyncio.gather(talking, return_exceptions=True)
        await asyncio.to_thread(child.wait)
    raise Internal("training ended without a result", reason="TRAINING_FAILED")


def _started() -> Child:
    """Start the child as `subprocess` does, by vfork.

    The event loop's own way forks, and gRPC's handlers of a fork crashed one child in some.
    """
    command = [sys.executable, "-m", MODULE]
    return subprocess.Popen(command, stdin=PIPE, stdout=PIPE, env=os.environ | _ONE_THREAD)


def _outcome(child: Child, given: list[bytes], tell: Tell) -> Outcome:
    """Hand over what was given, and hear the child out; runs in a thread of its own.

    Raises EOFError where the child ends before its report.
    """
    assert child.stdin is not None
    assert child.stdout is not None
    with child.stdin as write, child.stdout as read:
        # One that is gone tells so at its end of the other pipe as well.
        with contextlib.suppress(BrokenPipeError):
            write.write(len(given[0]).to_bytes(8, "big"))
            write.write(given.pop())
            write.flush()
        return _heard(read, tell)


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
