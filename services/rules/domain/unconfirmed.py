"""The port of unconfirmed answers: what the edge showed without a word of rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """One answer that went out unconfirmed."""

    decision_id: str
    person_ids: tuple[str, ...]
    """For whom, oldest first; empty: nobody was known."""
    answered_us: int
    answer: bytes
    """A serialised UnconfirmedAnswer."""


class AnswerStore(Protocol):
    """Unconfirmed answers. They go with anyone they are about, and after `Keep.TRACE_US`."""

    async def add(self, answers: Sequence[StoredAnswer]) -> None:
        """Keep answers, of each decision the latest; each may be told again.

        What is about somebody who was erased is left out.
        """
        ...

    async def answer(self, decision_id: str) -> bytes:
        """Return the serialised UnconfirmedAnswer of a decision; empty: there is none."""
        ...
