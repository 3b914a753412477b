"""The renewal of wrapping keys: how often all keys are read to find those of another one."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from shared.privacy.renewal import Renewal
from shared.privacy.wrapping import FolderWrappingKeys
from shared.testing.clock import FakeClock


class Kept:
    """What a service keeps, with no keys at all, and how often all of them were looked through."""

    def __init__(self):
        self.renewals = []
        self.looked = 0

    async def fetchrow(self, query):
        return self.renewals[-1] if self.renewals else None

    async def execute(self, query, *begun):
        self.renewals.append(begun)

    async def fetch(self, query, *after):
        self.looked += 1
        return []


QUERIES = SimpleNamespace(
    latest_renewal="", begin_renewal="", keys_of_other_renewals="", replace_keys=""
)


@pytest.fixture
def kept():
    return Kept()


@pytest.fixture
def renewed(tmp_path, kept):
    return Renewal(kept, QUERIES, FolderWrappingKeys(tmp_path))


async def test_once_all_keys_are_of_a_renewal_they_are_looked_through_again_in_an_hour(
    kept, renewed
):
    clock = FakeClock()
    for minutes in (0, 4, 2, 30, 29, 2, 30):
        clock.advance(timedelta(minutes=minutes))
        await renewed.once(clock.now_us())
    assert kept.looked == 2, "five minutes after it began, and an hour later"


async def test_the_next_renewal_looks_through_them_anew(kept, renewed):
    clock = FakeClock()
    for minutes in (0, 10):
        clock.advance(timedelta(minutes=minutes))
        await renewed.once(clock.now_us())
    clock.advance(timedelta(days=31))
    await renewed.once(clock.now_us())
    clock.advance(timedelta(minutes=10))
    await renewed.once(clock.now_us())
    assert (len(kept.renewals), kept.looked) == (2, 2)
