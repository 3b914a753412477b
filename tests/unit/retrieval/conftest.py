"""What several tests of retrieval look for candidates in."""

import pytest

from tests.unit.retrieval.shop import Shop


@pytest.fixture
def sports():
    """Numbers 1 to 6: three things for runners, three for cyclists."""
    shop = Shop()
    for name in ("shoes", "socks", "watch"):
        shop.item(name, "Sports > Running")
    for name in ("bike", "helmet", "pump"):
        shop.item(name, "Sports > Cycling")
    return shop
