"""The profile's storage, on PostgreSQL and in memory."""

import pytest

from services.profile.storage import MIGRATIONS
from services.profile.storage.in_memory import InMemoryProfiles
from services.profile.storage.keyring import Keyring
from shared.privacy import FolderWrappingKeys
from tests.contract.profile.desk import Desk, PostgresStore


@pytest.fixture
async def postgres_store(fresh_database, tmp_path):
    database = await fresh_database("profile", MIGRATIONS)
    return PostgresStore(database, Keyring(FolderWrappingKeys(tmp_path / "keys")))


@pytest.fixture(params=["in_memory", "postgres"])
def store(request):
    if request.param == "in_memory":
        return InMemoryProfiles()
    return request.getfixturevalue("postgres_store")


@pytest.fixture
def desk(store):
    return Desk(store)
