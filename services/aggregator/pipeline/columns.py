"""Candidates between their packed messages and the columns that the domain works on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from services.aggregator.domain.candidates import Candidates, Proposal, of_source
from services.aggregator.domain.vocabulary import Source
from touchpoint.common.v1 import decision_pb2
from touchpoint.scenario.v1.scenario_pb2 import DueAction

_TO_RANK = (
    *("offer_nos", "sources", "scores"),
    *("evidence_counts", "evidence_totals", "evidence_kinds"),
)
"""The columns that the ranker goes by."""


def from_proto(message: decision_pb2.Candidates) -> Candidates:
    """Read the columns; what a service left out, or did not know yet, is zeros.

    All but the numbers stay where they are in the message: of most only a few are ever looked at.
    """
    size = len(message.offer_nos)
    return Candidates(
        list(message.offer_nos),
        _whole(message.sources, size),
        _whole(message.scores, size),
        _whole(message.evidence_nos, size),
        _whole(message.evidence_counts, size),
        _whole(message.evidence_totals, size),
        _whole(message.evidence_kinds, size),
        evidence_texts=_told(message) if message.evidence_texts else {},
    )


def _whole(column: Sequence[Any], size: int) -> Sequence[Any]:
    """Return a column with a value for each; traces are kept of which one ends early."""
    return column if len(column) == size else [*column, *[0] * (size - len(column))]


def to_proto(candidates: Candidates) -> decision_pb2.Candidates:
    """Write the columns."""
    return decision_pb2.Candidates(
        offer_nos=candidates.offer_nos,
        sources=candidates.sources,  # type: ignore[arg-type]
        scores=candidates.scores,
        evidence_nos=candidates.evidence_nos,
        evidence_counts=candidates.evidence_counts,
        evidence_totals=candidates.evidence_totals,
        evidence_kinds=candidates.evidence_kinds,  # type: ignore[arg-type]
        evidence_texts=_texts(candidates) if candidates.evidence_texts else (),
    )


def copy_columns(message: decision_pb2.Candidates, to: decision_pb2.Candidates) -> None:
    """Copy into an empty message.

    protobuf copies a message by writing it to bytes and reading those, which takes five times as
    long as handing over whole columns.
    """
    to.SetInParent()
    for field, column in message.ListFields():
        getattr(to, field.name).extend(column)


def _told(message: decision_pb2.Candidates) -> dict[int, str]:
    """Return the sentences of plug-ins, by offer."""
    return {no: text for no, text in zip(message.offer_nos, message.evidence_texts) if text}


def _texts(candidates: Candidates) -> list[str]:
    return [candidates.evidence_texts.get(no, "") for no in candidates.offer_nos]


@dataclass(frozen=True, slots=True)
class Packed:
    """Candidates both ways: to be worked on, and as a message that is written only once."""

    columns: Candidates
    message: decision_pb2.Candidates

    @classmethod
    def of(cls, columns: Candidates) -> Packed:
        """Pack columns."""
        return cls(columns, to_proto(columns))

    def and_then(self, added: decision_pb2.Candidates) -> Packed:
        """Return these followed by others, which must not repeat any."""
        if not added.offer_nos:
            return self
        # Written anew: columns that only one of both messages has would end up beside other offers.
        return Packed.of(self.columns.and_then(from_proto(added)))

    def to_rank(self, kept: Sequence[int]) -> Packed:
        """Return what the ranker goes by (`Candidates.to_rank`) of those at these indexes.

        Rules remove a few of hundreds and keep the order: cutting them out of whole columns takes
        a third of the time of reading and writing all that stays, number by number.
        """
        gaps, size = _gaps(list(kept), len(self.columns)), len(self.columns)
        columns = [getattr(self.message, name) for name in _TO_RANK]
        if gaps is None or any(len(column) != size for column in columns):
            return Packed.of(self.columns.to_rank().pick(kept))
        message = decision_pb2.Candidates()
        for name, column in zip(_TO_RANK, columns, strict=True):
            own = getattr(message, name)
            own.extend(column)
            for gap in gaps:
                del own[gap]
        return Packed(from_proto(message).to_rank(), message)


def _gaps(kept: Sequence[int], size: int) -> list[slice] | None:
    """Return the runs of indexes that are not kept, last first; None where `kept` does not rise."""
    begins, ends = [0, *(at + 1 for at in kept)], [*kept, size]
    gaps = [(begin, end) for begin, end in zip(begins, ends, strict=True) if begin != end]
    if any(begin > end for begin, end in gaps):
        return None
    return [slice(begin, end) for begin, end in reversed(gaps)]


def due(actions: Iterable[DueAction]) -> Proposal:
    """Read what journeys propose; of two for the same offer the first, more urgent one stays."""
    first: dict[int, DueAction] = {}
    for action in actions:
        first.setdefault(action.offer_no, action)
    return Proposal(
        of_source(first, Source.JOURNEY),
        {no: found.lever for no, found in first.items() if found.lever not in (0.0, 1.0)},
        {no: frozenset(found.placements) for no, found in first.items() if found.placements},
    )
