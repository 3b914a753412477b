"""What a person said of themselves, as people read it: attributes with their source, questions."""

from __future__ import annotations

from services.profile.domain.asked import Asked, Outcome, is_stated, questions
from services.profile.domain.state import LOCALE, TIME_ZONE, State
from services.profile.timestamps import timestamp
from touchpoint.profile.v1.profile_pb2 import AskedQuestion, StatedAttribute

RECORD = "record"


def stated_attributes(state: State) -> list[StatedAttribute]:
    """Write the caller's attributes by name, each with where and when it was said."""
    answered = {
        (found.attribute, found.time_us, found.value): question
        for question, found in state.asked.items()
        if found.outcome is Outcome.ANSWERED
    }
    written = []
    for name, (time_us, value) in sorted(state.attributes.items()):
        if value and name not in (LOCALE, TIME_ZONE):
            question = answered.get((name, time_us, value))
            source = f"question:{question}" if question else RECORD
            written.append(
                StatedAttribute(name=name, value=value, said_time=timestamp(time_us), source=source)
            )
    return written


def asked_questions(asked: Asked) -> list[AskedQuestion]:
    """Write what was asked, newest first."""
    known = frozenset(questions(asked))
    told = [(name, found) for name, found in asked.items() if not is_stated(name)]
    ordered = sorted(told, key=lambda item: (-item[1].time_us, item[0]))
    return [
        AskedQuestion(
            question=name if name in known else "",
            survey_no=0 if name in known else int(name[1:]),
            outcome=found.outcome.name,
            time=timestamp(found.time_us),
        )
        for name, found in ordered
    ]
