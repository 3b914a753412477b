"""A new model against the one that is served, on the same hold-out, and what there is to tell."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.apart import FEWEST_JUDGED, is_judged
from services.retrieval.domain.learning.before import Before
from services.retrieval.domain.learning.foretelling import (
    DEPTH,
    Measured,
    Quality,
    chosen,
    foretold,
    hits,
    truths_since,
)
from services.retrieval.domain.learning.foretelling import change as changed
from services.retrieval.domain.learning.history import DAY_US
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.model import LearnedModel, PersonModel, rows_among

_ACTIVE_DAYS = 90
_FIRST = 10


@dataclass(frozen=True, slots=True)
class Comparison:
    """How good the new model is, beside the one before."""

    before_model: str = ""
    """Empty: there is none."""
    persons: int = 0
    """Judged by both; 0: they were not compared, `note` says why."""
    before: Quality | None = None
    after: Quality | None = None
    """Of the new one: on the same persons, or on all that it was judged on."""
    change: Measured | None = None
    """Of NDCG at 10, as a share of what it was."""
    note: str = ""
    since_us: int = 0


@dataclass(frozen=True, slots=True)
class Foretold:
    """What a model of the past would have proposed in the hold-out."""

    since_us: int
    person_ids: tuple[str, ...]
    nos: NDArray[np.uint32]
    """(person_ids, DEPTH) best first; 0 is padding."""

    @classmethod
    def nothing(cls) -> Foretold:
        """Return what there is where too little was held back."""
        return cls(0, (), np.zeros((0, DEPTH), np.uint32))

    def added_to(self, persons: PersonModel) -> PersonModel:
        """Return a model of persons that keeps it, for the next training to compare with."""
        return replace(
            persons,
            foretold_us=self.since_us,
            foretold_ids=self.person_ids,
            foretold_nos=self.nos,
        )


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a model knows of what there is, shares from 0 to 1."""

    items: float
    active_persons: float
    proposed_items: float


@dataclass(frozen=True, slots=True)
class Judged:
    """What stands for the new model in a comparison."""

    past: LearnedModel
    """Weighed as the model that will be served, learned of what came before `cut_us`."""
    cut_us: int
    keeps_apart: bool
    """Only those are asked about on whose answers nothing was tuned; see `apart`."""

    def asks(self, person_id: str) -> bool:
        return not self.keeps_apart or is_judged(person_id)


def compared(
    judged: Judged, before: Before, interactions: Interactions
) -> tuple[Foretold, Comparison]:
    """Judge the new model by what it learned of the past; return that for the next one, too.

    The one before is judged by what it foretold when it was trained itself, from what came before
    its own hold-out: neither learned from what is asked, though the new one of more days before
    it. Judged is what happened since the later of the two hold-outs began, by whom both know of.
    """
    past, cut_us = judged.past, judged.cut_us
    since_us = max(cut_us, before.foretold_us)
    own = truths_since(interactions, cut_us)
    ids = chosen(list(own), len(past.items.offer_nos))
    new = Foretold(cut_us, tuple(ids), foretold(past, ids))
    asked = [line for line, each in enumerate(ids) if judged.asks(each)]
    alone = Comparison(
        before_model=before.model,
        after=hits(new.nos[asked], [own[ids[line]] for line in asked]).quality if asked else None,
        since_us=cut_us,
    )
    if not before.model:
        return new, replace(alone, note="no model was served before")
    truths = own if since_us == cut_us else truths_since(interactions, since_us)
    lines = [
        line
        for line, each in enumerate(before.foretold_ids)
        if each in truths and judged.asks(each)
    ]
    if len(lines) < FEWEST_JUDGED:
        needed = f"and {FEWEST_JUDGED} are needed"
        found = f"{len(lines)} of those judged last time did anything since, {needed}"
        return new, replace(alone, note=found)
    persons = [before.foretold_ids[line] for line in lines]
    wanted = [truths[each] for each in persons]
    then = hits(before.foretold_nos[lines], wanted)
    now = hits(_of(new, persons, past), wanted)
    return new, Comparison(
        before_model=before.model,
        persons=len(persons),
        before=then.quality,
        after=now.quality,
        change=changed(then.ndcg10, now.ndcg10),
        since_us=since_us,
    )


def coverage(
    model: LearnedModel,
    new: Foretold,
    sold_nos: NDArray[np.uint32],
    interactions: Interactions,
    now_us: int,
) -> Coverage:
    """Return what a model knows of what is sold and of who was there lately."""
    is_late = interactions.times_us >= now_us - _ACTIVE_DAYS * DAY_US
    active = np.unique(interactions.persons[is_late])
    known = set(model.persons.person_ids)
    there = [interactions.person_ids[person] in known for person in active.tolist()]
    proposed = np.isin(sold_nos, new.nos[:, :_FIRST])
    return Coverage(
        items=_share(rows_among(model.items.offer_nos, sold_nos) >= 0),
        active_persons=_share(np.array(there, np.bool_)),
        proposed_items=_share(proposed),
    )


def _of(new: Foretold, person_ids: list[str], past: LearnedModel) -> NDArray[np.uint32]:
    """Return what is foretold to some persons; most of them were asked for already."""
    lines = {each: line for line, each in enumerate(new.person_ids)}
    rest = [each for each in person_ids if each not in lines]
    lines |= {each: len(new.person_ids) + at for at, each in enumerate(rest)}
    both = np.concatenate((new.nos, foretold(past, rest)))
    found: NDArray[np.uint32] = both[[lines[each] for each in person_ids]]
    return found


def _share(which: NDArray[np.bool_]) -> float:
    return float(which.mean()) if len(which) else 0.0
