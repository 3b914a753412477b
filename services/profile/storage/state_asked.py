"""How what a person was asked is stored."""

from __future__ import annotations

from services.profile.domain.asked import Answer, Asked, Outcome
from services.profile.domain.making import maker
from services.profile.storage.state_part import Part, within
from touchpoint.profile.v1.state_pb2 import AskedState

_ANSWER = maker(Answer)
_OUTCOMES = {int(outcome): outcome for outcome in Outcome}


def _decode(part: AskedState) -> Asked:
    answers = zip(
        map(_OUTCOMES.__getitem__, part.outcomes[:]),
        part.times_us[:],
        part.attributes[:],
        part.values[:],
        part.sentiments[:],
        part.categories[:],
        part.brands[:],
        strict=True,
    )
    return dict(zip(part.questions[:], map(_ANSWER, answers), strict=True))


def _encode(part: AskedState, asked: Asked) -> None:
    outcomes, times_us, attributes, values, sentiments, categories, brands = zip(
        *asked.values(), strict=True
    )
    part.questions.extend(asked)
    part.outcomes.extend(outcomes)
    part.times_us.extend(times_us)
    part.attributes.extend(attributes)
    part.values.extend(values)
    part.sentiments.extend(sentiments)
    part.categories.extend(categories)
    part.brands.extend(brands)


ASKED: Part = within("asked", dict, _decode, _encode)
