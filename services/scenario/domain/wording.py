"""What a journey waits for, and what became of its message, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.scenario.domain.errands import Dispatch, State
from services.scenario.domain.journey import Journey, Phase
from shared.clock import from_us

_SAID: Mapping[State, str] = {
    State.WAITING: "{template} waits to be sent{because}",
    State.SENDING: "{template} is being sent{by}",
    State.SENT: "{template} was sent{by}",
    State.SKIPPED: "{template} was not sent{because}",
    State.FAILED: "{template} could not be sent{because}",
    State.UNKNOWN: "{template} may have been sent{by}{because}",
    State.CANCELLED: "{template} was cancelled",
}
_MINUTE_US = 60_000_000
_UNITS = (("day", 1440), ("hour", 60), ("minute", 1))


def told(dispatch: Dispatch, name_of: Callable[[int], str]) -> str:
    """Say how far a message is: `hello was sent by SMS`."""
    by = f" by {name_of(dispatch.channel)}" if dispatch.channel else ""
    because = f": {dispatch.told_reason}" if dispatch.told_reason else ""
    said = _SAID[dispatch.state]
    return said.format(template=dispatch.order.template, by=by, because=because)


def waits_for(journey: Journey) -> str:
    """Say what comes next for a journey, and until when it is waited for."""
    if journey.phase is Phase.QUIET:
        return f"{_span(journey.scenario.quiet_for_us)} without any event"
    until = f" until {from_us(journey.until_us):%Y-%m-%d %H:%M} UTC" if journey.until_us else ""
    if journey.phase is Phase.PARKED:
        return f"its obstacle to go,{until}" if until else "its obstacle to go"
    stage = journey.current
    if stage is None:
        return ""
    if journey.approaches_us:
        hour = f"{from_us(journey.approaches_us):%Y-%m-%d %H:%M} UTC"
        return f"an hour in which they do most, to call or to write: {hour}"
    if stage.may_call_or_write:
        return f"an answer to its call or message,{until}".rstrip(",")
    if stage.task is not None:
        return f"the outcome of its task ({stage.task.kind}),{until}".rstrip(",")
    if stage.propose is not None:
        offers = ", ".join(stage.offer_ids) or "what it proposes"
        return f"an answer to {offers},{until}".rstrip(",")
    events = sorted({event for each in stage.reactions for event in each.hears.types})
    if events:
        return f"{' or '.join(events)},{until}".rstrip(",")
    return until.strip()


def _span(microseconds: int) -> str:
    minutes = microseconds // _MINUTE_US
    for unit, size in _UNITS:
        if minutes >= size and minutes % size == 0:
            number = minutes // size
            return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
    return f"{microseconds / 1e6:g} seconds"
