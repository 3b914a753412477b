"""`touchpoint report queue`: what waits for the call centre's agents, and how today went."""

from __future__ import annotations

from cli.calling import business_time, call, service
from cli.console import people, say_json
from cli.options import HomeOption, JsonOption
from cli.showing.queue import as_json_queue, queue_shown
from touchpoint.scenario.v1.queue_pb2 import GetQueueReportRequest
from touchpoint.scenario.v1.scenario_service_pb2_grpc import ScenarioServiceStub


def queue(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show what waits for agents, who is there, what came of today's calls, and what was promised.

    A task is claimed while an agent holds it, snoozed where an agent put it off, and later where it
    is tried again at another time or a contact limit put it off.

    Example: touchpoint report queue

    Example: touchpoint report queue --json
    """
    with service("scenario", home) as channel:
        found = call(ScenarioServiceStub(channel).GetQueueReport, GetQueueReportRequest())
        now = business_time(channel)
    if as_json:
        say_json(as_json_queue(found))
    else:
        people.print(queue_shown(found, now))
