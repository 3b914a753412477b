"""Says things to profile the way the edge does, of a small catalogue."""

import itertools

from services.profile.definitions import NO_DEFINITIONS, compile_bundle
from shared.catalogue import Catalogue
from shared.privacy import identity_key
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.identity_pb2 import Identity, IdentityKey
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
from touchpoint.profile.v1 import profile_service_pb2 as pb
from touchpoint.profile.v1.profile_pb2 import ArmPlan
from touchpoint.rules.v1.rules_pb2 import Bundle

KEY = b"k" * 32
SHOE, SHOE_IN_BLUE, LAPTOP, COUPON, SURVEY = 1, 2, 3, 4, 5


def catalogue():
    rows = [
        row(SHOE, "shoe", SHOE, "Shoes > Running", "Fleet", 80, 30, size="40", colour="red"),
        row(SHOE_IN_BLUE, "shoe-blue", SHOE, "Shoes > Running", "Fleet", 80, 30, colour="blue"),
        row(LAPTOP, "laptop", LAPTOP, "Computers > PCs > Laptops", "Abacus", 900, None),
        CatalogueRow(offer_no=COUPON, offer_id="coupon", kind=OfferKind.PROMOTION, cost_micros=-1),
        CatalogueRow(offer_no=SURVEY, offer_id="about_you", kind=OfferKind.SURVEY, cost_micros=-1),
    ]
    made = Catalogue(variants=True)
    made.apply(CatalogueBatch(previous_version=0, version=1, rows=rows))
    return made


def row(number, item_id, family, category, brand, price, cost, **attributes):
    return CatalogueRow(
        offer_no=number,
        offer_id=item_id,
        kind=OfferKind.PRODUCT,
        family_no=family,
        category=category,
        brand=brand,
        price_micros=price * 1_000_000,
        cost_micros=-1 if cost is None else cost * 1_000_000,
        attributes=attributes,
    )


class Followed:
    """The definitions that profile follows; the last ones are the active ones."""

    def __init__(self):
        self._compiled = {"": NO_DEFINITIONS}

    def __call__(self, bundle_hash):
        return self._compiled.get(bundle_hash, self._compiled[""])

    def become(self, **sections):
        made = Bundle(bundle_hash=f"bundle-{len(self._compiled)}", **sections)
        self._compiled[made.bundle_hash] = self._compiled[""] = compile_bundle(made)
        return made.bundle_hash


class Client:
    """Says things to profile the way the edge does."""

    def __init__(self, stub, clock, database, key=KEY):
        self.stub = stub
        self._key = key
        self.clock = clock
        self.database = database
        self._numbers = itertools.count(1)

    def event(self, who, kind, *, ago_s=0.0, **fields):
        event = Event(
            event_id=fields.pop("event_id", f"e{next(self._numbers)}"),
            type=kind,
            channel=fields.pop("channel", Channel.WEB),
            identities=[Identity(kind=k, value=v) for k, v in who],
            **{name: value for name, value in fields.items() if name != "attributes"},
        )
        event.time.FromMicroseconds(self.clock.now_us() - round(ago_s * 1e6))
        if "attributes" in fields:
            event.attributes.update(fields["attributes"])
        return event

    async def record(self, *events, may_link=True, caller="web", owned=False):
        """Record events; if `owned`, their ids belong to the first identity of each."""
        named = [keys_of(event.identities, self._key) for event in events]
        keys = [
            pb.EventKeys(identity_keys=each, owner_key=each[0].key if owned else b"")
            for each in named
        ]
        return await self.stub.RecordEvents(
            pb.RecordEventsRequest(events=events, keys=keys, caller=caller, may_link=may_link),
            timeout=5,
        )

    async def answer(self, *who, **more):
        identities = [Identity(kind=kind, value=value) for kind, value in who]
        request = pb.GetSnapshotRequest(
            identities=identities,
            identity_keys=keys_of(identities, self._key),
            arm_plan=ArmPlan(salt="s"),
            **more,
        )
        return await self.stub.GetSnapshot(request, timeout=5)

    async def snapshot(self, *who, **more):
        return PersonSnapshot.FromString((await self.answer(*who, **more)).snapshot)

    async def profile(self, *who):
        identities = [Identity(kind=kind, value=value) for kind, value in who]
        request = pb.GetProfileRequest(
            identities=identities, identity_keys=keys_of(identities, self._key)
        )
        return await self.stub.GetProfile(request, timeout=5)


def keys_of(identities, key=KEY):
    return [
        IdentityKey(kind=each.kind, key=identity_key(key, each.kind, each.value))
        for each in identities
    ]
