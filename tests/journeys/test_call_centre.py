"""Whoever takes up a click-to-call is called, and what comes of the call is known everywhere."""

import json

import pytest

from services.scenario.carriers.outbox import FOLDER
from tests.journeys.channels import TIMEOUT_S, only, until
from tests.journeys.shop import CALL
from tests.journeys.test_abandoned_cart import claimed, complete, persons, signed_on
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.scenario.v1.queue_pb2 import GetQueueReportRequest

pytestmark = pytest.mark.modes("colocated")
AGENT = "agent-for-calls"


async def called(channels, somebody, **event):
    """Let somebody ask to be called; returns them, and the task that an agent took."""
    person = somebody("ada")
    await channels.track(only(person, "customer", "visitor"), "login")
    ada = only(person, "visitor")
    answer = await channels.recommend(ada, limit=3)
    await channels.track(ada, "accept", offer_id=CALL, decision_id=answer.decision_id, **event)
    agent, who = await signed_on(channels, AGENT), await persons(channels, ada)
    found = []

    async def is_taken():
        task = await claimed(channels, agent, who)
        found.extend([task] if task is not None else [])
        return bool(found)

    await until(is_taken)
    return ada, found[0], answer


async def test_who_asks_for_a_call_is_called_about_what_they_were_shown(channels, somebody):
    ada, task, answer = await called(channels, somebody)
    assert task.kind == "call_back"
    [placement] = answer.placements
    assert set(task.offer_ids) <= {one.offer_id for one in placement.recommendations}
    told = [
        json.loads(json.loads(each.read_text())["text"])
        for each in (channels.suite.home / FOLDER).glob("*.json")
        if json.loads(each.read_text())["channel"] == "CALL_CENTER"
    ]
    assert [each["taskId"] for each in told].count(task.task_id) == 1
    sold = set(task.offer_ids[:1])
    await complete(channels, AGENT, task.task_id, "sold", sold)

    async def is_known():
        recent = (await channels.view(ada)).recent
        accepted = {each.item_id for each in recent if each.type == "accept"}
        return sold <= accepted

    await until(is_known)
    report = await channels.stubs["scenario"].GetQueueReport(
        GetQueueReportRequest(), timeout=TIMEOUT_S
    )
    assert AGENT in {each.agent_id for each in report.agents}
    assert "sold" in {each.outcome for each in report.outcomes}


async def test_a_number_of_somebody_else_is_not_called_any_more(channels, somebody):
    ada, task, _ = await called(channels, somebody)
    await complete(channels, AGENT, task.task_id, "wrong_person")

    async def is_refused():
        said = {each.purpose: each for each in (await channels.view(ada)).consent}
        found = said.get(f"marketing:{Channel.Value.Name(Channel.CALL_CENTER)}")
        return found is not None and not found.granted and found.source == "wrong person"

    await until(is_refused)
