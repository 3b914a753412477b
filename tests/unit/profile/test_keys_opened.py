"""Keys of persons are opened before their values are written; the erased have none."""

import pytest

from services.profile.domain.ports import RaceLost
from services.profile.storage.keyring import Keyring
from services.profile.storage.unlocked import open_keys
from shared.privacy import FolderWrappingKeys

ADA = "0199f0e0-0000-7000-8000-000000000001"


class Stored:
    """What is kept of persons."""

    def __init__(self, **rows):
        self.rows = rows

    async def fetch(self, query, person_ids):
        return [(each, self.rows[each]) for each in person_ids if each in self.rows]


async def test_who_was_erased_since_they_were_read_is_a_race_that_was_lost(tmp_path):
    keys = FolderWrappingKeys(tmp_path)
    wrapped = Keyring(keys).make(ADA)
    ring = Keyring(keys)
    with pytest.raises(RaceLost):
        await open_keys(Stored(), ring, {ADA})
    await open_keys(Stored(**{ADA: wrapped}), ring, {ADA})
    assert ring.is_open(ADA)
