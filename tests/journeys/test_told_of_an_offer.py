"""Whom to tell of an offer: the list keeps to consent and to what was sent on any channel."""

import pytest

from shared.call import CALLER
from tests.journeys.channels import TIMEOUT_S, Channel, only, until
from tests.journeys.shop import FREE_SHIPPING
from tests.journeys.test_mailed_elsewhere import MAILINGS, bring_in, mailings
from touchpoint.scenario.v1.audience_pb2 import FindAudienceRequest

ONCE = pytest.mark.modes("processes")
EVERYBODY = 100_000


async def known(channels, person, *, agrees):
    """Make somebody known by their e-mail address; returns the id of the person."""
    who = only(person, "customer", "email")
    await channels.track(who, "login")
    await channels.track(who, "consent", attributes={"purpose": "marketing", "granted": agrees})
    return (await channels.view(who)).who.person_ids[0]


async def listed(channels, caller="cli"):
    """Return what came of a search among everybody, and who is on the list."""
    request = FindAudienceRequest(offer_id=FREE_SHIPPING, channel=Channel.EMAIL, limit=EVERYBODY)
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
        return (await channels.view(only(eve, "email"))).contacts.used == MAILINGS

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
    # It was a preview: nothing counts, and the same is found again.
    assert (await channels.view(only(ada, "email"))).contacts.used == 0
    assert (await listed(channels))[1] == people


@ONCE
async def test_who_they_are_is_told_to_nobody_without_the_permission(channels, somebody):
    await known(channels, somebody("ada"), agrees=True)
    audience, people = await listed(channels, "web")
    assert (audience.may_be_told > 0, people) == (True, set())
