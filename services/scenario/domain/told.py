"""What became of a message, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.scenario.domain.errands import Dispatch, State

_SAID: Mapping[State, str] = {
    State.WAITING: "{template} waits to be sent{because}",
    State.SENDING: "{template} is being sent{by}",
    State.SENT: "{template} was sent{by}",
    State.SKIPPED: "{template} was not sent{because}",
    State.FAILED: "{template} could not be sent{because}",
    State.UNKNOWN: "{template} may have been sent{by}{because}",
    State.CANCELLED: "{template} was cancelled",
}


def told(dispatch: Dispatch, name_of: Callable[[int], str]) -> str:
    """Say how far a message is: `hello was sent by SMS`."""
    by = f" by {name_of(dispatch.channel)}" if dispatch.channel else ""
    because = f": {dispatch.reason}" if dispatch.reason else ""
    said = _SAID[dispatch.state]
    return said.format(template=dispatch.order.template, by=by, because=because)
