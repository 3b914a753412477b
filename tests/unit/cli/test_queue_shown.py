"""The queue is shown with what waits, who is there, and how today went."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console

from cli.showing.queue import as_json_queue, queue_shown, span
from touchpoint.scenario.v1.queue_pb2 import (
    GetQueueReportResponse,
    QueueAgent,
    QueueCallBack,
    QueueLine,
    QueueOutcome,
    QueuePromise,
)
from touchpoint.scenario.v1.scenario_pb2 import AgentStatus

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def promise(kind, seconds=120, **numbers):
    return QueuePromise(kind=kind, promised=Duration(seconds=seconds), **numbers)


def printed(**fields) -> str:
    text = StringIO()
    report = GetQueueReportResponse(**fields)
    Console(width=120, file=text).print(queue_shown(report, NOW))
    return text.getvalue()


def test_lines_agents_and_outcomes_are_told():
    since = Timestamp()
    since.FromDatetime(NOW - timedelta(minutes=5))
    told = printed(
        lines=[
            QueueLine(kind="call", skills=["sales"], waiting=2, oldest_time=since, snoozed=1),
            QueueLine(kind="call_back", claimed=1),
        ],
        agents=[QueueAgent(agent_id="eve", status=AgentStatus.AVAILABLE, capacity=2, done=7)],
        outcomes=[QueueOutcome(outcome="sold", count=3), QueueOutcome(outcome="busy", count=1)],
        median_to_claim=Duration(seconds=40),
        median_to_complete=Duration(seconds=200),
        promised_kinds=[
            promise("call_back", asked=4, kept=3, overdue=1, takers=2),
            promise("chat", seconds=60, asked=1),
        ],
        calls_made=30,
        calls_tried=20,
        calls_open=15,
        calls_per_day=80,
    )
    rows = [line.split() for line in told.splitlines()]
    assert ["call", "sales", "2", "5", "min", "0", "1", "0"] in rows
    assert ["call_back", "any", "0", "1", "0", "0"] in rows
    assert ["eve", "available", "0", "2", "7"] in rows
    assert "Today: 3 sold, 1 busy." in told
    assert "taken within 40 s, and done in 3 min" in told
    assert "Of 4 who asked for a call 3 were taken in 2 min; 1 wait for longer." in told
    assert "2 more could have a call in time." in told
    assert "Of 1 who asked for a chat 0 were taken in 60 s; 0 wait for longer." in told
    assert "A chat is not offered: nobody could take it in time." in told
    assert room_of(told) == (
        "Agents can do 80 call tasks a day: 20 were tried today, "
        "15 are open and due before it ends; journeys may make 45 more (30 were made)."
    )


def room_of(told) -> str:
    """Return the last sentence, in one line."""
    return " ".join(told[told.index("Agents can do") :].split())


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({"calls_tried": 60, "calls_open": 20}, "journeys wait for the next working day"),
        ({"calls_open": 90}, "journeys wait for the next working day"),
        (
            {"day_off": True},
            "nobody makes calls today, journeys wait for the next working day",
        ),
    ],
)
def test_what_leaves_no_room_for_calls_is_told(numbers, said):
    assert f"; {said} (0 were made)." in room_of(printed(calls_per_day=80, **numbers))


def test_a_telephony_that_hears_of_nothing_is_told():
    failed = QueueCallBack(
        kind="call_back", state="failed", reason="no telephony is set up", count=2
    )
    told = printed(call_backs=[failed, QueueCallBack(kind="chat", state="sent", count=1)])
    assert "Call-backs told to the telephony: 2 failed: no telephony is set up." in told
    assert "Chats told to the chat system: 1 sent." in told


def test_an_empty_queue_says_so():
    told = printed(promised_kinds=[promise("call_back")])
    assert "No task is open." in told
    assert "No agent ever signed on." in told
    assert "Click-to-call is not offered: nobody could take it in time." in told


def test_machines_are_told_every_number():
    told = as_json_queue(GetQueueReportResponse(lines=[QueueLine(kind="call")]))
    assert told["lines"][0]["waiting"] == 0
    assert told["promisesKept"] == 0


@pytest.mark.parametrize(
    ("seconds", "said"), [(-1, "0 s"), (119, "119 s"), (120, "2 min"), (7500, "2 h 5 min")]
)
def test_how_long_something_took_is_said_in_fitting_units(seconds, said):
    assert span(seconds) == said
