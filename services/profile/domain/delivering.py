"""Delivers changes: each person's one by one and in order, those of several persons at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from services.profile.domain.webhooks import Change, FailedError, Outcome

AT_ONCE = 8

Chain = deque[Change]
"""What is left of one person, in order; never empty among those that wait."""
Send = Callable[[Change], Awaitable[bool]]
"""Returns whether a change was taken, False if it was left out; raises FailedError."""


def chains_of(changes: Sequence[Change]) -> deque[Chain]:
    """Return changes person by person."""
    by_person: dict[str, Chain] = {}
    for change in changes:
        by_person.setdefault(change.person_id, deque()).append(change)
    return deque(by_person.values())


class Round:
    """One pass over what is left, given up at the first failure.

    What failed comes last in the next pass, so that one change that a receiver never takes holds
    up only its own person for as long as there are others.
    """

    def __init__(self, chains: deque[Chain], send: Send) -> None:
        self._chains = chains
        self._send = send
        self._outcome = Outcome()
        self._failed: list[Chain] = []

    async def run(self) -> Outcome:
        """Send; `chains` holds afterwards what is left."""
        async with asyncio.TaskGroup() as group:
            for _ in range(min(AT_ONCE, len(self._chains))):
                group.create_task(self._work())
        self._chains.extend(self._failed)
        return self._outcome

    async def _work(self) -> None:
        outcome, chains = self._outcome, self._chains
        while chains and outcome.failure is None:
            chain = chains.popleft()
            try:
                await self._send_all(chain)
            except FailedError as failure:
                outcome.failure = outcome.failure or failure
                self._failed.append(chain)
            else:
                if chain:
                    chains.append(chain)

    async def _send_all(self, chain: Chain) -> None:
        """Send one person's changes until there is no more, or another's has failed."""
        outcome = self._outcome
        while chain and outcome.failure is None:
            if await self._send(chain[0]):
                outcome.delivered += 1
            else:
                outcome.left_out += 1
            chain.popleft()
