"""A journey writes: what rules allow, once, counted, learned from, and ended by the link in it."""

from __future__ import annotations

import json
from datetime import timedelta

import httpx
import pytest

from tests.journeys.channels import TIMEOUT_S, identities, only, until
from tests.journeys.definitions import LETTER_GIFT, LETTER_WANTED
from tests.journeys.shop import FREE_SHIPPING
from tests.journeys.test_learning import outcomes_of
from touchpoint.aggregator.v1 import aggregator_service_pb2 as edge_pb
from touchpoint.ranker.v1.ranker_pb2 import Outcome

ONCE = pytest.mark.modes("replicated")


def mails_to(channels, person):
    """Return what lies in the outbox for somebody, from whichever journey."""
    files = (channels.suite.home / "outbox").glob("[!.]*.json")
    read = [json.loads(file.read_text("utf-8")) for file in files]
    return [each for each in read if each["to"] == person["email"]]


def letters_to(channels, person):
    """Return those of the journey of these tests."""
    return [each for each in mails_to(channels, person) if "things for you" in each["subject"]]


async def letter(channels, person):
    async def is_there():
        return len(letters_to(channels, person)) == 1

    await until(is_there)
    return letters_to(channels, person)[0]


async def what_became_of_it(channels, person):
    """Return the stage of the journey, and what is said of its message."""
    journeys = (await channels.view(person)).journeys
    return {each.scenario: (each.stage, each.message) for each in journeys}.get("letters")


async def is_written_to_weekly(channels, person):
    """Tell whether they are on the shipped journey of a letter a week."""
    return "weekly_picks" in {each.scenario for each in (await channels.view(person)).journeys}


async def ready_to_be_written_to(channels, person):
    """Have a customer with an e-mail address, tastes, and a contact of their own."""
    await channels.track(person, "login")
    for item_id in ("lamp", "bike-1"):
        await channels.track(person, "view", item_id=item_id)
    await channels.track(person, "decline", offer_id=FREE_SHIPPING)
    await channels.track(person, "consent", attributes={"purpose": "marketing", "granted": True})
    request = edge_pb.SetRelationshipRequest(
        identities=identities(person), role="sales_person", owner_id="anna"
    )
    await channels.edge.SetRelationship(request, timeout=TIMEOUT_S)


@ONCE
async def test_a_letter_says_what_rules_allow_counts_once_teaches_and_can_be_ended(
    channels, somebody
):
    person = only(somebody("ada"), "customer", "email")
    await ready_to_be_written_to(channels, person)
    await channels.track(person, LETTER_WANTED)
    found = await letter(channels, person)

    # What it says is what was decided for this person by the rules, under its own decision.
    carried, declined = found["offer_ids"], FREE_SHIPPING
    assert LETTER_GIFT in carried
    assert declined not in carried
    assert 1 < len(carried) <= 4
    assert found["subject"] == f"Hello, {len(carried)} things for you"
    assert (found["from_name"], found["reply_to"]) == ("Anna Berg", "anna@shop.example")
    asked = edge_pb.ExplainDecisionRequest(decision_id=found["decision_id"])
    explained = await channels.edge.ExplainDecision(asked, timeout=TIMEOUT_S)
    assert declined in {each.offer_id for each in explained.removed}

    # It is one contact in the ledger, however much it carries.
    async def counts_once():
        used = (await channels.view(person)).contacts.used
        return used == len(mails_to(channels, person))

    await until(counts_once)

    # What its reader does teaches by the decision that it names.
    told = {"decision_id": found["decision_id"], "offer_id": LETTER_GIFT}
    await channels.track(person, "accept", placement="email.body", **told)

    async def is_learned():
        return Outcome.ACCEPTED in await outcomes_of(channels, found["decision_id"])

    await until(is_learned)

    # They say what they like, which a shipped scenario writes of every week while they agree to it.
    await channels.track(person, "preference", attributes={"category": "DVDs", "sentiment": "like"})
    await until(lambda: is_written_to_weekly(channels, person))

    # The mail reader posts to the link by itself; the next letter is not sent, and it is said why.
    link = found["headers"]["List-Unsubscribe"].strip("<>")
    assert link in found["text"]
    async with httpx.AsyncClient(base_url=f"http://{channels.suite.web}") as reader:
        query = link.partition("?")[2]
        answer = await reader.post(
            f"/unsubscribe?{query}", data={"List-Unsubscribe": "One-Click"}, timeout=TIMEOUT_S
        )
    assert (answer.status_code, answer.json()["purpose"]) == (200, "marketing")
    await channels.track(person, LETTER_WANTED)

    async def is_skipped():
        expected = ("second", "letter was not sent: NO_CONSENT")
        return await what_became_of_it(channels, person) == expected

    await until(is_skipped)
    assert len(letters_to(channels, person)) == 1

    # Nor does the other scenario go on week after week for nobody: it is over with its next letter.
    await channels.move_clock(timedelta(days=8))

    async def is_over():
        return not await is_written_to_weekly(channels, person)

    await until(is_over)
    assert not [mail for mail in mails_to(channels, person) if "this week" in mail["subject"]]
