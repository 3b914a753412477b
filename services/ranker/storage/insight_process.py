"""A report in a process of its own: showings go in, what predicts comes out."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import IO

import numpy as np

from services.ranker.domain.insight.answered import Answered, Characteristic
from shared.aside import run_aside
from touchpoint.ranker.v1.insight_pb2 import ReportInsightResponse

MODULE = "services.ranker.insight"
_COLUMNS = ("offer_no", "placement", "person", "time_us", "accepted", "starts", "hashes")
_WORDS = "dictionary"


async def study_aside(
    answered: Answered, dictionary: Mapping[int, Characteristic]
) -> ReportInsightResponse:
    """Study in a child at low priority; see `run_aside`."""
    given = [answered]
    del answered

    def hear(read: IO[bytes]) -> ReportInsightResponse:
        if not (line := read.readline()).endswith(b"\n"):
            raise EOFError
        data = read.read(int(line))
        if len(data) != int(line):
            raise EOFError
        return ReportInsightResponse.FromString(data)

    return await run_aside(MODULE, lambda: pack(given.pop(), dictionary), hear, what="insight")


def pack(answered: Answered, dictionary: Mapping[int, Characteristic]) -> bytes:
    """Return what the child reads; `unpack` reverses it."""
    words = json.dumps([[hashed, *told] for hashed, told in dictionary.items()]).encode()
    columns = {name: getattr(answered, name) for name in _COLUMNS}
    columns[_WORDS] = np.frombuffer(words, np.uint8)
    written = io.BytesIO()
    np.savez(written, **columns)
    return written.getvalue()


def unpack(data: bytes) -> tuple[Answered, dict[int, Characteristic]]:
    """Return what `pack` was given."""
    with np.load(io.BytesIO(data)) as columns:
        words = json.loads(columns[_WORDS].tobytes())
        answered = Answered(*(columns[name] for name in _COLUMNS))
    return answered, {hashed: Characteristic(name, value) for hashed, name, value in words}
