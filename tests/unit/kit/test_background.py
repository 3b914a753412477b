"""Work that is begun again when it ends, however it ends."""

from __future__ import annotations

import asyncio

import pytest

from shared import background
from shared.background import running


async def test_work_that_fails_or_ends_is_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "FIRST_PAUSE_S", 0.0)
    begun: list[int] = []
    third = asyncio.Event()

    async def work() -> None:
        begun.append(len(begun))
        if len(begun) == 1:
            raise ValueError("once")
        if len(begun) == 3:
            third.set()
            await asyncio.Event().wait()

    async with running({"work": work}):
        await asyncio.wait_for(third.wait(), 5)
    assert begun == [0, 1, 2]


async def test_one_that_fails_leaves_the_others_alone_and_all_end_with_the_context() -> None:
    ended: list[str] = []
    begun = asyncio.Event()

    async def fails() -> None:
        raise ValueError("always")

    async def lasts() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("lasts")

    async with running({"fails": fails, "lasts": lasts}):
        await asyncio.wait_for(begun.wait(), 5)
        assert ended == []
    assert ended == ["lasts"]
