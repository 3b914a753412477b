"""A profile with webhooks and a receiver that listens, for the contract suites."""

import asyncio
from contextlib import asynccontextmanager

from services.profile.disclosures import Disclosures
from services.profile.domain.recording import record
from services.profile.domain.webhooks import Feed, Webhook
from services.profile.pushing import Delivery, Means, Permissions
from services.profile.storage.audit_trail import AuditTrail
from services.profile.storage.departures import Departures
from services.profile.storage.erasing import Erasures
from services.profile.storage.memberships import PostgresMemberships
from services.profile.storage.streams import Streams
from services.profile.storage.webhook_places import PostgresPlaces
from services.profile.storage.webhooks import (
    SharingSubjects,
    event_changes,
    membership_changes,
)
from services.profile.webhook_messages import event_fields
from shared.catalogue import Catalogue
from shared.testing.clock import FakeClock
from shared.webhooks import Poster, read_secrets
from tests.contract.profile.desk import NOW_US, SEALER, Desk, identity
from tests.receiver import SECRET, Receiver

ADA = identity("customer", "ada")
ADAS_MAIL = identity("email", "ada@example.com")
BOB = identity("customer", "bob")
EVE = identity("customer", "eve")
SOON_S = 0.01


class Shop:
    """A profile whose changes are told, and everybody in it."""

    def __init__(self, store, receiver):
        self.desk = Desk(store)
        self.database = store._database
        self.receiver = receiver
        self.clock = FakeClock()
        self.clock._us = NOW_US
        self.places = PostgresPlaces(self.database)
        streams = Streams(self.database)
        self.memberships = PostgresMemberships(self.database, streams)
        self.trail = AuditTrail(self.database, SEALER, self.clock.now_us)
        self.departures = Departures(self.database, streams, self.clock)
        self.means = Means(
            {
                Feed.EVENTS: event_changes(self.database, streams, event_fields(Catalogue())),
                Feed.MEMBERSHIPS: membership_changes(self.database, streams),
            },
            self.places,
            SharingSubjects(self.database, store._keyring, self.clock),
            Disclosures(self.trail, self.departures, self.clock),
            self.departures,
            Poster(),
            Permissions(frozenset(), read_secrets(f"crm={SECRET}"), development=True),
            look_s=SOON_S,
            first_pause_s=SOON_S,
        )
        self.erasures = Erasures(self.database, store._keyring, SEALER)
        self.clicks = 0

    async def happens(self, *arrivals):
        self.clock._us += 1_000
        placed = [arrival._replace(place=place) for place, arrival in enumerate(arrivals)]
        done = await record(
            self.desk.store, placed, may_link=True, now_us=NOW_US, new_id=self.desk.new_id
        )
        assert (done.accepted, done.rejected) == (len(arrivals), [])

    async def says(self, *who, granted=True, **more):
        self.clicks += 1
        details = {"purpose": "sharing", "granted": "true" if granted else "false", **more}
        time_us = NOW_US - 1_000_000 + self.clicks
        await self.happens(
            self.desk.arrival(*who, kind="consent", details=details, time_us=time_us)
        )

    def click(self, *who, event_id=""):
        self.clicks += 1
        name = event_id or f"click-{self.clicks:05d}"
        return self.desk.arrival(*who, kind="click", event_id=name, offer_no=1)

    async def place(self):
        return await self.places.read("crm")

    async def person_of(self, who):
        [asked] = (await self.desk.store.find([who.key])).asked
        return asked.person_id

    def telling(self, **more):
        return self.delivering(Webhook("crm", self.url, events=("click",), **more))

    @asynccontextmanager
    async def delivering(self, webhook):
        task = asyncio.create_task(Delivery(webhook, self.means).run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self.means.poster.close()

    async def begun(self):
        """Have the webhook begin here."""
        ends = {feed: await log.end() for feed, log in self.means.logs.items()}
        await self.places.open("crm", ends)

    async def until_place(self, condition):
        async with asyncio.timeout(20):
            while not condition(await self.place()):
                await asyncio.sleep(SOON_S)

    async def until_all_is_done(self, feed=Feed.EVENTS):
        end = await self.means.logs[feed].end()
        await self.until_place(lambda place: place.position(feed) == end)

    async def looked(self):
        """Look for who has left until there is nothing more to look at."""
        while await self.departures.look():
            pass

    async def until_nobody_leaves(self):
        """Wait until the receiver was told of everybody who left."""
        async with asyncio.timeout(20):
            while await self.departures.waiting("crm"):
                await asyncio.sleep(SOON_S)

    def who_left(self):
        """Return types and persons of the messages that say so, in their order."""
        told = [each.told for each in self.receiver.received]
        return [
            (each["type"], each["data"]["personId"]) for each in told if "event" not in each["data"]
        ]

    def told(self):
        """Return event ids in the order in which they were told for the first time."""
        found = [each.told["data"]["event"]["eventId"] for each in self.receiver.received]
        return list(dict.fromkeys(found))


@asynccontextmanager
async def open_shop(store):
    """Lend a shop whose receiver listens."""
    receiver = Receiver()
    made = Shop(store, receiver)
    async with receiver.listening() as made.url:
        yield made
        await made.means.poster.close()


def dies_often():
    """Die before or after taking a message, or fail to take it, time and again."""
    answers = iter([200, None, 500, 200, 429, None, 200, 200] * 1_000)
    return lambda received: next(answers)
