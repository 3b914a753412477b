"""The composition root of the profile service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from services.profile.config import ProfileSettings
from services.profile.intake import Intake
from services.profile.servicer import Means, ProfileServicer
from services.profile.stamping import Stamper
from services.profile.storage import MIGRATIONS
from services.profile.storage.erasing import Erasures
from services.profile.storage.history import Imports
from services.profile.storage.keyring import Keyring
from services.profile.storage.profiles import PostgresProfiles
from services.profile.storage.streams import Streams
from services.profile.storage.transaction import PostgresTransactions
from services.profile.storage.upkeep import TierReader, Upkeep
from services.profile.validation import VALIDATORS
from services.profile.watching import Watchers
from shared.binding import DeadlineLimits, bind
from shared.bus import Relay
from shared.catalogue import CatalogueFollower
from shared.postgres import migrate
from shared.privacy import FolderWrappingKeys
from shared.service import Runtime, Service
from touchpoint.profile.v1.profile_service_pb2 import DESCRIPTOR
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub

DEADLINES: Mapping[str, DeadlineLimits] = {
    # A batch holds up to 1,000 events, and what is not acknowledged has to be sent again.
    "RecordEvents": DeadlineLimits(default_s=5.0, maximum_s=30.0),
    "ImportEvents": DeadlineLimits(default_s=30.0, maximum_s=120.0),
    "ImportCustomers": DeadlineLimits(default_s=30.0, maximum_s=120.0),
    # A year of a whole shop is folded; what was committed before the deadline stays.
    "FinishImport": DeadlineLimits(default_s=600.0, maximum_s=3600.0),
    "ErasePerson": DeadlineLimits(default_s=30.0, maximum_s=120.0),
}


@asynccontextmanager
async def open_service(settings: ProfileSettings, runtime: Runtime) -> AsyncIterator[Service]:
    """Open the service on its schema, its keys and the catalogue."""
    database = await runtime.postgres()
    await migrate(database, MIGRATIONS)
    bus = await runtime.bus()
    keys = FolderWrappingKeys(settings.home / "secrets" / "wrapping")
    keyring, tiers, watchers = Keyring(keys), TierReader(database), Watchers(bus)
    catalogue = CatalogueFollower(
        bus, RetrievalServiceStub(runtime.channel("retrieval")), service=settings.service
    )
    stamper = Stamper(catalogue.catalogue)
    upkeep = Upkeep(database, keys, keyring, tiers, runtime.clock)
    relay = Relay(bus, database)
    await watchers.listen()
    await tiers.refresh()
    servicer = ProfileServicer(
        Means(
            PostgresTransactions(database, keyring),
            PostgresProfiles(database, keyring),
            Intake(stamper, settings.deployment_key, settings.phone_region),
            Imports(database),
            Erasures(database, keyring),
            Streams(database),
            tiers,
            watchers,
            runtime.clock,
        )
    )
    contract = DESCRIPTOR.services_by_name["ProfileService"]
    yield Service(
        name=settings.service,
        bindings=(bind(contract, servicer, validators=VALIDATORS, deadlines=DEADLINES),),
        checks={"catalogue": catalogue.check, "outbox": relay.check},
        background={
            "catalogue": catalogue.run,
            "relay": relay.run,
            "upkeep": upkeep.lead,
            "own_upkeep": upkeep.follow,
        },
    )
