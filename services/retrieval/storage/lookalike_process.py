"""Finding look-alikes in a process of its own: arrays go in, arrays come out."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.audience.deeds import Deeds
from services.retrieval.domain.audience.lookalikes import Lookalikes, TooFewError, Wanted
from services.retrieval.storage.array_files import pack, unpack
from services.retrieval.storage.model_files import texts, texts_of
from shared.aside import run_aside

MODULE = "services.retrieval.lookalikes"
_WANTED = "wanted"
_COLUMNS = ("persons", "types", "times_us", "orders", "value_micros", "categories")
_FOUND = ("persons", "scores", "weeks", "are_members", "lacks", "seed_shares", "other_shares")


async def find_aside(deeds: Deeds, members: NDArray[np.int64], wanted: Wanted) -> Lookalikes:
    """Find look-alikes in a child at low priority; see `run_aside`. Raises TooFewError."""
    given = [deeds]
    del deeds
    found = await run_aside(
        MODULE, lambda: pack_input(given.pop(), members, wanted), _heard, what="judging"
    )
    return await asyncio.to_thread(unpack_found, found)


def pack_input(deeds: Deeds, members: NDArray[np.int64], wanted: Wanted) -> bytes:
    """Return what the child reads; `unpack_input` reverses it, but for who the persons are."""
    return pack(
        {
            **texts(_WANTED, [json.dumps(asdict(wanted))]),
            **texts("category_names", deeds.category_names),
            "people": np.array(len(deeds.person_ids)),
            "members": members,
            **{name: getattr(deeds, name) for name in _COLUMNS},
        }
    )


def unpack_input(data: bytes) -> tuple[Deeds, NDArray[np.bool_], Wanted]:
    """Return deeds of nameless persons, who is in the seed, and what is wanted."""
    arrays = unpack(data)
    people = int(arrays["people"])
    in_seed = np.zeros(people, np.bool_)
    in_seed[arrays["members"]] = True
    deeds = Deeds(
        person_ids=("",) * people,
        category_names=texts_of("category_names", arrays),
        **{name: arrays[name] for name in _COLUMNS},
    )
    return deeds, in_seed, Wanted(**json.loads(texts_of(_WANTED, arrays)[0]))


def pack_found(found: Lookalikes | TooFewError) -> bytes:
    """Return what the child writes; `unpack_found` reverses it."""
    if isinstance(found, TooFewError):
        return pack(texts("refusal", [str(found)]))
    facts = {"seed_known": found.seed_known, "people": found.people}
    told = {**facts, "way": found.way, "separation": found.separation}
    return pack(
        {**texts("told", [json.dumps(told)]), **{name: getattr(found, name) for name in _FOUND}}
    )


def unpack_found(data: bytes) -> Lookalikes:
    """Return what was found. Raises TooFewError."""
    arrays: dict[str, NDArray[Any]] = unpack(data)
    if "refusal" in arrays:
        raise TooFewError(texts_of("refusal", arrays)[0])
    told: dict[str, Any] = json.loads(texts_of("told", arrays)[0])
    columns: dict[str, Any] = {name: arrays[name] for name in _FOUND}
    return Lookalikes(**columns, **told)


def _heard(read: IO[bytes]) -> bytes:
    length = int(read.readline() or b"0")
    data = read.read(length)
    if not length or len(data) < length:
        raise EOFError
    return data
