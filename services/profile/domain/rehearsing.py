"""Transactions that come to what they would come to, and are then taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.profile.domain.ports import ProfileTransaction, Transactions


class _TakenBackError(Exception):
    """Rolls a transaction back that has done all it should."""


class Rehearsal:
    """The store of a dry run: what is read is what is there, what is written never was."""

    def __init__(self, store: Transactions) -> None:
        self._store = store

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[ProfileTransaction]:
        try:
            async with self._store.transaction() as transaction:
                yield transaction
                raise _TakenBackError
        except _TakenBackError:
            return
