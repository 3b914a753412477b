"""A search for patterns in a process of its own: columns go in, a report comes out."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from services.scenario.domain.patterns.log import Deeds, Known, Log, SharedWord
from services.scenario.domain.patterns.search import Tell
from shared.aside import run_aside
from touchpoint.scenario.v1.patterns_pb2 import PatternReport

MODULE = "services.scenario.patterns"
_PROGRESS, _REPORT = b"step ", b"report "
_WORDS, _BOUGHT = "words", "bought_us"
_NAMES = ("types", "categories", "channels", "placements")
_MEMBERS = ("member", "segment", "since_us")
_ATTRIBUTE = "attribute_"


async def search_aside(
    log: Log, known: Known, wanted: Mapping[str, Any], tell: Tell
) -> PatternReport:
    """Search in a child at low priority; see `run_aside`.

    `wanted` is what the child is told beside the columns; `tell` is called in another thread.
    """
    given = [(log, known)]
    del log, known

    def hear(read: IO[bytes]) -> PatternReport:
        return heard(read, tell)

    return await run_aside(MODULE, lambda: pack(*given.pop(), wanted), hear, what="search")


def heard(read: IO[bytes], tell: Tell) -> PatternReport:
    """Return the report of a child; raises EOFError where it ends before."""
    for line in iter(read.readline, b""):
        if line.startswith(_PROGRESS):
            done, total, step = line.removeprefix(_PROGRESS).decode().strip().split(" ", 2)
            tell(step, int(done), int(total))
        elif line.startswith(_REPORT):
            length = int(line.removeprefix(_REPORT))
            data = read.read(length)
            if len(data) == length:
                return PatternReport.FromString(data)
    raise EOFError


def teller(write: IO[bytes]) -> Tell:
    """Return what tells the parent how far it is."""

    def tell(step: str, done: int, total: int) -> None:
        write.write(_PROGRESS + f"{done} {total} {step}\n".encode())
        write.flush()

    return tell


def answer(report: PatternReport, write: IO[bytes]) -> None:
    """Tell the parent what was found."""
    data = report.SerializeToString()
    write.write(_REPORT + b"%d\n" % len(data))
    write.write(data)
    write.flush()


def pack(log: Log, known: Known, wanted: Mapping[str, Any]) -> bytes:
    """Return what the child reads; `unpack` reverses it."""
    words = {
        "since_us": log.since_us,
        "until_us": log.until_us,
        "persons": log.persons,
        "names": {name: list(getattr(log, name)) for name in _NAMES},
        "segments": list(known.segments),
        "attributes": [[each.name, list(each.words)] for each in known.attributes],
        "wanted": dict(wanted),
    }
    columns = {name: getattr(log.deeds, name) for name in _columns()}
    columns |= {f"known_{name}": getattr(known, name) for name in _MEMBERS}
    for number, attribute in enumerate(known.attributes):
        columns[f"{_ATTRIBUTE}{number}"] = attribute.place
    columns[_BOUGHT] = log.bought_us
    columns[_WORDS] = np.frombuffer(json.dumps(words).encode(), np.uint8)
    written = io.BytesIO()
    np.savez(written, **columns)
    return written.getvalue()


def unpack(data: bytes) -> tuple[Log, Known, Mapping[str, Any]]:
    """Return what `pack` was given."""
    with np.load(io.BytesIO(data)) as columns:
        words = json.loads(columns[_WORDS].tobytes())
        types, categories, channels, placements = (words["names"][name] for name in _NAMES)
        member, segment, since_us = (columns[f"known_{name}"] for name in _MEMBERS)
        log = Log(
            Deeds(*(columns[name] for name in _columns())),
            words["since_us"],
            words["until_us"],
            types,
            categories,
            channels,
            placements,
            words["persons"],
            columns[_BOUGHT],
        )
        known = Known(
            words["persons"],
            words["segments"],
            member,
            segment,
            since_us,
            [
                SharedWord(name, told, _bytes(columns[f"{_ATTRIBUTE}{number}"]))
                for number, (name, told) in enumerate(words["attributes"])
            ],
        )
    return log, known, words["wanted"]


def _columns() -> list[str]:
    return [each.name for each in fields(Deeds)]


def _bytes(column: NDArray[Any]) -> NDArray[np.uint8]:
    return column.astype(np.uint8, copy=False)
