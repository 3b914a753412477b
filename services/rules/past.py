"""Makes of a snapshot what passed between the person and the offers, as columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from services.rules.domain.person import (
    NOBODY,
    Declines,
    Dislikes,
    Numbers,
    PersonFacts,
    Purchases,
)
from touchpoint.common.v1.decision_pb2 import DecisionContext
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot


def person_facts(
    snapshot: PersonSnapshot | None,
    context: DecisionContext,
    declines: Sequence[tuple[int, int]],
    surveys_done: Sequence[int] = (),
) -> PersonFacts:
    """Return what passed between the person and the offers; without a snapshot only `declines`."""
    cart = [line.offer_no for line in context.cart]
    if snapshot is None:
        families, times = zip(*declines, strict=True) if declines else ((), ())
        return PersonFacts(declines=Declines(_numbers(families), times), cart_nos=_numbers(cart))
    return PersonFacts(
        _purchases(snapshot),
        _declines(snapshot),
        _dislikes(snapshot),
        _numbers(cart or snapshot.cart.offer_nos),
        surveys_done,
        _surveys_answered(snapshot),
    )


def surveys_done(
    snapshot: PersonSnapshot | None,
    questions: Mapping[str, frozenset[str]],
    offer_no: Callable[[str], int],
) -> Sequence[int]:
    """Return the surveys whose every question was asked; `questions` are those of each survey."""
    if snapshot is None or not snapshot.questions_asked:
        return ()
    asked = frozenset(snapshot.questions_asked)
    whole = [offer_no(survey) for survey, names in questions.items() if names <= asked]
    return [number for number in whole if number]


def _surveys_answered(snapshot: PersonSnapshot) -> Mapping[int, int]:
    answered, times_us = snapshot.surveys_answered, snapshot.survey_times_us
    if len(times_us) < len(answered):  # of a profile that does not tell them yet
        return dict.fromkeys(answered, snapshot.as_of_us)
    return dict(zip(answered, times_us, strict=True)) if answered else {}


def _purchases(snapshot: PersonSnapshot) -> Purchases:
    owned = snapshot.owned
    families = owned.family_nos
    if not families:
        return NOBODY.purchases
    return Purchases(_numbers(families), owned.last_minutes, owned.times, owned.cycle_days)


def _declines(snapshot: PersonSnapshot) -> Declines:
    declined = snapshot.declined
    families = declined.family_nos
    if not families:
        return NOBODY.declines
    keys = [family or offer for family, offer in zip(families, declined.offer_nos, strict=True)]
    return Declines(_numbers(keys), declined.times_us)


def _dislikes(snapshot: PersonSnapshot) -> Dislikes:
    disliked = snapshot.disliked
    return Dislikes(_numbers(disliked.family_nos), disliked.categories, disliked.brands)


def _numbers(values: Sequence[int]) -> Numbers:
    return np.fromiter(values, np.int64, len(values)) if values else NOBODY.cart_nos
