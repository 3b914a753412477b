"""Health asks some of what it only shows less often than the rest."""

from __future__ import annotations

import pytest

from shared.errors import Unavailable
from shared.health import seldom


@pytest.mark.parametrize("fails", [False, True])
async def test_what_is_asked_seldom_says_in_between_what_it_said_last(fails: bool) -> None:
    asked: list[bool] = []

    async def check() -> None:
        asked.append(fails)
        if fails:
            raise Unavailable("away")

    async def failed(ask: object) -> bool:
        try:
            await ask()  # type: ignore[operator]
        except Unavailable:
            return True
        return False

    rarely, always = seldom(check, 3600.0), seldom(check, 0.0)
    assert [await failed(rarely), await failed(rarely)] == [fails, fails]
    assert len(asked) == 1
    assert [await failed(always), await failed(always)] == [fails, fails]
    assert len(asked) == 3
