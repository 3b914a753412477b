"""Two story shops of the same day and of different seeds."""

from __future__ import annotations

from datetime import date

import pytest

from demo.shop.model import Shop
from demo.shop.shop import make_shop

TODAY = date(2026, 1, 1)


@pytest.fixture(scope="session")
def shop() -> Shop:
    return make_shop(7, TODAY)


@pytest.fixture(scope="session")
def other_shop() -> Shop:
    return make_shop(8, TODAY)
