"""The call that somebody is on: what it is about, as they chose and as it was noted."""

from __future__ import annotations

from typing import NamedTuple

from services.profile.domain.event import HOUR_US, MINUTE_US, Event

START, HEARD, END = "start", "heard", "end"
CHOICE, TOPIC = "choice", "topic"
CATEGORY, OFFER = "category", "offer"
SAID_IN_CALLS = frozenset({"ivr_choice", "call_topic", "agent_note"})
"""Types that tell what a call is about."""
CALL_TYPES = SAID_IN_CALLS | {"call_started", "call_ended"}
SILENT_US = 30 * MINUTE_US
"""A call of which nothing is heard for so long is over, whether or not its end is told."""
LONGEST_US = 4 * HOUR_US
"""What was said longer ago was said in another call, even if nobody tells one from the other."""

Said = dict[str, tuple[int, str]]
"""What was said last of each, with the moment: any order of the events comes to the same."""
_UNSAID = (0, "")
_MARKS = {"call_started": START, "call_ended": END}


class Call(NamedTuple):
    """A call that is under way."""

    session_id: str
    """The caller's id of it; empty: none was given."""
    choice: str
    """What was chosen in the menu; empty: nothing."""
    topic: str
    """What the call is about, in the caller's own label; empty: not told."""
    category: str
    """Path of the category that was named; empty: none."""
    offer_no: int
    """The item that was named; 0: none."""
    start_us: int
    """0: nobody told of its beginning."""
    last_us: int


def note(said: Said, event: Event) -> None:
    """Add an event of a call."""
    kind, time_us = event.type, event.time_us
    _say(said, _MARKS.get(kind, HEARD), time_us, event.session_id)
    if kind not in SAID_IN_CALLS:
        return
    for name, value in (
        (CHOICE, event.details.get(CHOICE, "")),
        (TOPIC, event.details.get(TOPIC, "")),
        (CATEGORY, event.category),
        (OFFER, str(event.offer_no) if event.offer_no else ""),
    ):
        if value:
            _say(said, name, time_us, value)
            _say(said, _session(name), time_us, event.session_id)


def merge(into: Said, other: Said) -> None:
    for name, (time_us, value) in other.items():
        _say(into, name, time_us, value)


def under_way(said: Said, now_us: int) -> Call | None:
    """Return the call that somebody is on; None: on none."""
    start_us, heard_us, end_us = [said.get(mark, _UNSAID)[0] for mark in (START, HEARD, END)]
    last_us = max(start_us, heard_us)
    if last_us <= end_us or now_us - last_us > SILENT_US:
        return None
    session_id = max(said.get(START, _UNSAID), said.get(HEARD, _UNSAID))[1]
    if start_us < last_us - LONGEST_US or _differ(session_id, said.get(START, _UNSAID)[1]):
        start_us = 0
    since_us = max(start_us, end_us, last_us - LONGEST_US)
    found = {
        name: said[name][1]
        for name in (CHOICE, TOPIC, CATEGORY, OFFER)
        if name in said
        and said[name][0] >= since_us
        and not _differ(session_id, said.get(_session(name), _UNSAID)[1])
    }
    # Who named another category since is not asking about that item any more.
    if OFFER in found and said[OFFER][0] < said.get(CATEGORY, _UNSAID)[0]:
        del found[OFFER]
    return Call(
        session_id,
        found.get(CHOICE, ""),
        found.get(TOPIC, ""),
        found.get(CATEGORY, ""),
        int(found.get(OFFER, 0)),
        start_us,
        last_us,
    )


def _session(name: str) -> str:
    """Return where it is kept in which call a thing was said last."""
    return f"{name}.session"


def _differ(session_id: str, other: str) -> bool:
    """Say whether two are not the same call; of whichever has no id nobody knows."""
    return bool(session_id and other) and session_id != other


def _say(said: Said, name: str, time_us: int, value: str) -> None:
    said[name] = max((time_us, value), said.get(name, _UNSAID))
