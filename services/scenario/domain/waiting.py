"""What a journey waits for, in words."""

from __future__ import annotations

from services.scenario.domain.journey import Journey, Phase
from shared.clock import from_us

_MINUTE_US = 60_000_000
_UNITS = (("day", 1440), ("hour", 60), ("minute", 1))


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
