"""Whom to tell of an offer: the list keeps to consent and to what was sent on any channel."""

import json

import pytest

from shared.call import CALLER
from tests.journeys.channels import TIMEOUT_S, Channel, only, until
from tests.journeys.definitions import ABOUT_OFFER, TELLING
from tests.journeys.shop import CALL, FREE_SHIPPING, PCS
from tests.journeys.test_mailed_elsewhere import MAILINGS, bring_in, mailings
from touchpoint.scenario.v1.audience_pb2 import (
    FindAudienceRequest,
    PersonToTell,
    TellAudienceRequest,
)

ONCE = pytest.mark.modes("replicated")
EVERYBODY = 100_000


async def known(channels, person, *, agrees):
    """Make somebody known by their e-mail address; returns the id of the person."""
    who = only(person, "customer", "email")
    await channels.track(who, "login")
    await channels.track(who, "consent", attributes={"purpose": "marketing", "granted": agrees})
    return (await channels.view(who)).who.person_ids[0]


async def listed(channels, caller="cli", offer_id=FREE_SHIPPING, channel=Channel.EMAIL):
    """Return what came of a search among everybody, and who is on the list."""
    request = FindAudienceRequest(offer_id=offer_id, channel=channel, limit=EVERYBODY)
    stream = channels.stubs["scenario"].FindAudience(
        request, timeout=TIMEOUT_S, metadata=((CALLER, caller),)
    )
    answers = [answer async for answer in stream]
    [audience] = [each.audience for each in answers if each.HasField("audience")]
    return audience, {who.person_id for each in answers for who in each.people}


@ONCE
async def test_of_an_offer_are_told_those_who_agreed_and_were_not_mailed_often_enough(
    channels, somebody
):
    ada, bob, eve = somebody("ada"), somebody("bob"), somebody("eve")
    ada_id, eve_id = [await known(channels, each, agrees=True) for each in (ada, eve)]
    bob_id = await known(channels, bob, agrees=False)
    await bring_in(channels, mailings(channels, eve))

    async def counts():
        return (await channels.view(only(eve, "email"))).contacts.used >= MAILINGS

    await until(counts)
    audience, people = await listed(channels)
    assert ada_id in people
    assert people.isdisjoint({bob_id, eve_id})
    reasons = {(each.code, each.rule): each.people for each in audience.fell_out}
    assert reasons["NO_CONSENT", ""] >= 1
    assert reasons["CONTACT_LIMIT", "contacts.marketing"] >= 1
    assert audience.may_be_told == len(people)
    assert audience.looked_at == audience.people == len(people) + sum(reasons.values())
    assert 0.0 < audience.of_listed.acceptances <= len(people)
    # It was a preview: it took nobody's room.
    assert (await listed(channels))[1] == people


@ONCE
async def test_who_they_are_is_told_to_nobody_without_the_permission(channels, somebody):
    await known(channels, somebody("ada"), agrees=True)
    audience, people = await listed(channels, "web")
    assert (audience.may_be_told > 0, people) == (True, set())


@ONCE
async def test_whom_to_call_is_found_among_those_with_a_dear_cart(channels, somebody):
    ada, bob = somebody("ada"), somebody("bob")
    for person in (ada, bob):
        await channels.track(only(person, "customer", "phone"), "login")
    for item_id in PCS[:2]:
        await channels.track(only(ada, "customer"), "add_to_cart", item_id=item_id)
    ada_id, bob_id = [
        (await channels.view(only(each, "customer"))).who.person_ids[0] for each in (ada, bob)
    ]
    audience, people = await listed(channels, offer_id=CALL, channel=Channel.CALL_CENTER)
    assert (ada_id in people, bob_id in people) == (True, False)
    reasons = {(each.code, each.rule): each.people for each in audience.fell_out}
    assert any(rule == "call_needs_cart" for _, rule in reasons)
    assert not any(rule == "call_needs_agent" for _, rule in reasons)


def mails_to(channels, person):
    """Return what the outbox of the suite tells somebody of the offer; a scenario may write too."""
    folder = channels.suite.home / "outbox"
    found = (json.loads(each.read_text("utf-8")) for each in folder.glob("*.json"))
    return [
        each for each in found if each["to"] == person["email"] and each["subject"] == ABOUT_OFFER
    ]


@ONCE
async def test_who_is_told_gets_one_message_however_often_it_is_sent(channels, somebody):
    ada, bob = somebody("ada"), somebody("bob")
    ada_id, bob_id = [await known(channels, each, agrees=True) for each in (ada, bob)]
    told = [PersonToTell(person_id=each, channel=Channel.EMAIL) for each in (ada_id, bob_id)]
    request = TellAudienceRequest(offer_id=FREE_SHIPPING, template=TELLING, people=told)

    async def tell():
        return await channels.stubs["scenario"].TellAudience(
            request, timeout=TIMEOUT_S, metadata=((CALLER, "cli"),)
        )

    assert (await tell()).ordered == 2
    assert (await tell()).told_already == 2

    async def both_were_told():
        return all(len(mails_to(channels, each)) == 1 for each in (ada, bob))

    await until(both_were_told)
    [mail] = mails_to(channels, ada)
    assert "Free shipping today" in mail["text"]
    assert (await tell()).told_already == 2
    assert len(mails_to(channels, ada)) == 1
