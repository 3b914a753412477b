"""Profile on a real server, a real PostgreSQL and a small catalogue."""

import pytest
import pytest_asyncio

from services.profile.app import build
from services.profile.config import ProfileSettings
from services.profile.storage import MIGRATIONS
from shared.testing.grpc import grpc_service
from tests.grpc.profile.edge import KEY, Client, Followed, catalogue
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub


@pytest.fixture
async def database(fresh_database):
    return await fresh_database("profile", MIGRATIONS)


@pytest.fixture
def settings(tmp_path):
    return ProfileSettings(postgres_url="postgresql://unused", deployment_key=KEY, home=tmp_path)


@pytest.fixture
def followed():
    return Followed()


class Tried:
    """What is tried, and what is said of it."""

    def __init__(self):
        self.asked, self.refusal = [], ""

    async def __call__(self, when, bundle_hash):
        self.asked.append((when, bundle_hash))
        return self.refusal


@pytest.fixture
def tried():
    return Tried()


@pytest.fixture
def built(database, in_memory_bus, clock, settings, followed, tried):
    return build(settings, database, in_memory_bus, catalogue(), clock, followed, try_out=tried)


@pytest_asyncio.fixture(loop_scope="session")
async def client(built, database, clock):
    await built.watchers.listen()
    async with grpc_service(built.binding) as channel:
        yield Client(ProfileServiceStub(channel), clock, database)
