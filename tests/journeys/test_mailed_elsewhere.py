"""What another system mailed, and was imported afterwards, counts on every channel."""

import uuid
from datetime import timedelta

from tests.journeys.channels import TIMEOUT_S, Channel, identities, only, removed, shown, until
from tests.journeys.shop import FREE_SHIPPING
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.vocabulary_pb2 import RemovalCode
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb

MAILINGS = 3
"""As many marketing contacts as somebody may have in seven days."""


def mailings(channels, person):
    """Return one mail a day, as the mail system's file tells of them."""
    sent = []
    for day in range(MAILINGS):
        event = Event(
            event_id=f"mail-{person['email']}-{day}",
            type="contact_sent",
            channel=Channel.EMAIL,
            identities=identities(only(person, "email")),
        )
        event.time.FromDatetime(channels.now() - timedelta(days=day, hours=1))
        sent.append(event)
    return sent


async def bring_in(channels, events):
    """Import a file of contacts; returns how many were new."""
    profile, import_id = channels.stubs["profile"], str(uuid.uuid4())
    request = profile_pb.ImportEventsRequest(import_id=import_id, events=events, first_row=1)
    taken = await profile.ImportEvents(request, timeout=TIMEOUT_S)
    assert not taken.rejected
    finish = profile_pb.FinishImportRequest(import_id=import_id)
    await profile.FinishImport(finish, timeout=TIMEOUT_S)
    return taken.accepted


async def test_who_was_mailed_elsewhere_is_left_alone_on_the_web(channels, somebody):
    eve, twin = somebody("eve"), somebody("twin")
    sent = mailings(channels, eve)
    assert await bring_in(channels, sent) == MAILINGS

    async def counts():
        return (await channels.view(only(eve, "email"))).contacts.used == MAILINGS

    await until(counts)
    # Who visits the shop turns out to be the same person only now.
    await channels.track(only(eve, "visitor", "email"), "login")
    answer = await channels.recommend(only(eve, "visitor"), explain=True)
    assert removed(answer)[FREE_SHIPPING] == RemovalCode.CONTACT_LIMIT
    assert FREE_SHIPPING in shown(await channels.recommend(only(twin, "visitor")))
    assert await bring_in(channels, sent) == 0
    assert await counts()
