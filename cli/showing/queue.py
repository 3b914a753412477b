"""Shows the call centre's queue: what waits, who is there, how today went."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict
from rich.console import Group, RenderableType
from rich.text import Text

from cli.console import add_row, table
from touchpoint.scenario.v1.queue_pb2 import GetQueueReportResponse, QueuePromise
from touchpoint.scenario.v1.scenario_pb2 import AgentStatus


class _Words(NamedTuple):
    """How tasks that people ask for are spoken of."""

    name: str
    offer: str
    told: str


_SAID = {
    "call_back": _Words("call", "Click-to-call", "Call-backs told to the telephony"),
    "chat": _Words("chat", "A chat", "Chats told to the chat system"),
}
_MINUTE_S = 60
_HOUR_S = 3600


def as_json_queue(found: GetQueueReportResponse) -> dict[str, Any]:
    """Return all of it; fields that are 0 or empty stand there too."""
    told: dict[str, Any] = MessageToDict(found, always_print_fields_with_no_presence=True)
    return told


def queue_shown(found: GetQueueReportResponse, now: datetime) -> RenderableType:
    """Return what is printed; `now` is business time."""
    return Group(_lines(found, now), _agents(found), *_today(found))


def _lines(found: GetQueueReportResponse, now: datetime) -> RenderableType:
    if not found.lines:
        return Text("No task is open.")
    shown = table("tasks", "skills", "waiting", "oldest", "claimed", "snoozed", "later")
    for line in found.lines:
        oldest = ""
        if line.HasField("oldest_time"):
            oldest = span((now - line.oldest_time.ToDatetime(UTC)).total_seconds())
        skills = ", ".join(line.skills) or "any"
        numbers = (line.waiting, oldest, line.claimed, line.snoozed, line.later)
        add_row(shown, line.kind, skills, *map(str, numbers))
    return shown


def _agents(found: GetQueueReportResponse) -> RenderableType:
    if not found.agents:
        return Text("No agent ever signed on.")
    shown = table("agent", "is", "skills", "holds", "of", "done today")
    for agent in found.agents:
        status = AgentStatus.Value.Name(agent.status).lower()
        numbers = (agent.held, agent.capacity, agent.done)
        add_row(shown, agent.agent_id, status, ", ".join(agent.skills), *map(str, numbers))
    return shown


def _today(found: GetQueueReportResponse) -> Iterator[Text]:
    told = ", ".join(f"{each.count} {each.outcome}" for each in found.outcomes)
    yield Text(f"Today: {told or 'no task was done yet'}.")
    if found.HasField("median_to_claim"):
        to_claim, to_complete = map(_span_of, (found.median_to_claim, found.median_to_complete))
        yield Text(f"Half of them were taken within {to_claim}, and done in {to_complete}.")
    for promise in found.promised_kinds:
        yield Text(_kept(promise))
        yield Text(_offered(promise))
    for each in found.call_backs:
        why = f": {each.reason}" if each.reason else ""
        yield Text(f"{_SAID[each.kind].told}: {each.count} {each.state}{why}.")
    yield Text(_room(found))


def _room(found: GetQueueReportResponse) -> str:
    """Say what decides whether journeys may make one more call."""
    load = (
        f"{found.calls_tried} were tried today, {found.calls_open} are open and due before it ends"
    )
    said = f"Agents can do {found.calls_per_day} call tasks a day: {load}"
    left = max(found.calls_per_day - found.calls_tried - found.calls_open, 0)
    if found.day_off:
        room = "nobody makes calls today, journeys wait for the next working day"
    elif left:
        room = f"journeys may make {left} more"
    else:
        room = "journeys wait for the next working day"
    return f"{said}; {room} ({found.calls_made} were made)."


def _kept(promise: QueuePromise) -> str:
    asked = f"Of {promise.asked} who asked for a {_SAID[promise.kind].name}"
    within = _span_of(promise.promised)
    return f"{asked} {promise.kept} were taken in {within}; {promise.overdue} wait for longer."


def _offered(promise: QueuePromise) -> str:
    said = _SAID[promise.kind]
    if not promise.takers:
        return f"{said.offer} is not offered: nobody could take it in time."
    return f"{promise.takers} more could have a {said.name} in time."


def _span_of(duration: Duration) -> str:
    return span(duration.ToMicroseconds() / 1e6)


def span(seconds: float) -> str:
    """Say how long something took: `40 s`, `3 min`, `2 h 5 min`."""
    whole = max(round(seconds), 0)
    if whole < 2 * _MINUTE_S:
        return f"{whole} s"
    minutes = whole // _MINUTE_S
    if whole < 2 * _HOUR_S:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
