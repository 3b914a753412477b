"""Shows the call centre's queue: what waits, who is there, how today went."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict
from rich.console import Group, RenderableType
from rich.text import Text

from cli.console import add_row, table
from touchpoint.scenario.v1.queue_pb2 import GetQueueReportResponse
from touchpoint.scenario.v1.scenario_pb2 import AgentStatus

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
    yield Text(_promises(found))
    yield Text(_offered(found))
    for each in found.call_backs:
        why = f": {each.reason}" if each.reason else ""
        yield Text(f"Call-backs told to the telephony: {each.count} {each.state}{why}.")
    yield Text(f"Journeys made {found.calls_made} call tasks of {found.calls_per_day} a day.")


def _promises(found: GetQueueReportResponse) -> str:
    within = _span_of(found.promised)
    told = f"Of {found.promises} who asked for a call {found.promises_kept} were taken in {within}"
    return f"{told}; {found.promises_overdue} wait for longer."


def _offered(found: GetQueueReportResponse) -> str:
    if not found.takers:
        return "Click-to-call is not offered: nobody could take it in time."
    return f"{found.takers} more could be taken in time."


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
