"""Real questions with their answers, as a table for rivals and as situations for the ranker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.features import Evidence, Proposed
from services.ranker.domain.situation import Situation
from shared.catalogue import Catalogue
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to the ranker: this offer, in this situation."""

    offer_no: int
    situation: Situation
    source: int
    evidence_kind: int = 0
    evidence_count: int = 0
    evidence_total: int = 0

    def proposed(self) -> Proposed:
        """Return the one candidate, with its evidence where there is any."""
        one = (self.evidence_kind, self.evidence_count, self.evidence_total)
        evidence = Evidence(*(np.array([each], np.int64) for each in one))
        return Proposed(
            np.array([self.offer_no], np.int64),
            np.array([self.source], np.int64),
            np.ones(1),
            np.ones(1, np.uint32),
            evidence if self.evidence_total else None,
        )


@dataclass(frozen=True, slots=True)
class Answers:
    """All questions of a set in their order; columns of one length."""

    asked: Sequence[Asked]
    catalogue: Catalogue
    accepted: Flags
    people: NDArray[np.int64]
    """Who answered; resampled as a whole."""
    asked_at: NDArray[np.int64]
    known_at: NDArray[np.int64]
    """When the answer can be learned from, by the same clock."""
    numbers: NDArray[np.float64]
    """What is asked, for the rivals: numbers, shape (questions, numbers); NaN: not known."""
    texts: NDArray[np.str_]
    """And texts, shape (questions, texts); empty: not known."""


def catalogue_of(rows: Sequence[CatalogueRow]) -> Catalogue:
    """Return a catalogue in memory that holds these offers."""
    made = Catalogue()
    made.apply(CatalogueBatch(previous_version=0, version=1, rows=rows))
    return made


def text_column(values: Any) -> NDArray[np.str_]:
    """Return a column of texts; empty where a value is missing."""
    return np.array(
        ["" if each is None or each != each else str(each) for each in values.to_pylist()]
    )
