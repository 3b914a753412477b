"""What errands need of whoever keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.scenario.domain.campaigns import Became, Campaign, Taken
from services.scenario.domain.carts import Beginning
from services.scenario.domain.errands import Dispatch, Step
from services.scenario.domain.facts import Happened
from services.scenario.domain.lanes import LANES

NONE_TAKEN: Mapping[int, int] = {}


class ErrandWork(Protocol):
    """What whoever does errands needs of who keeps them."""

    async def claim(
        self,
        owner: str,
        now_us: int,
        lease_s: float,
        limit: int,
        taken: Mapping[int, int] = NONE_TAKEN,
    ) -> list[Dispatch]:
        """Take errands that are due and nobody's, on each lane the longest due first.

        So many at most on each of `services.scenario.domain.lanes`, less what is taken there.
        Those of a journey at rest wait with it. The lease runs on the database's clock, and each
        claim raises the errand's token. One that somebody was sending comes as `interrupted`.
        """
        ...

    async def keep(self, step: Step, lease_s: float, news: Happened | None) -> bool:
        """Write a step, and bring its news to its journey, in one transaction.

        False, and nothing is written, where somebody else has claimed it since, it was cancelled,
        or its person was erased. One that is held keeps the lease, for so long from now; all others
        are let go of.
        """
        ...

    async def leave(self, dispatch: Dispatch, pause_s: float, obstacle: str) -> None:
        """Leave an errand as it is for a while of machine time, if it is still this claim's.

        What holds it up is kept until the next step of it is.
        """
        ...

    async def needs_call(self, task_id: str, now_us: int, *, again: bool) -> bool:
        """Say whether the call of a task is still to be made: nobody ended it, or tried.

        Where the telephony is told `again`, also nobody holds it.
        """
        ...

    async def next_due_us(self, lanes: Sequence[int] = LANES) -> int:
        """Return when the next errand of some lanes that is nobody's falls due; 0: none does."""
        ...

    async def forget(self, before_us: int) -> int:
        """Delete what was done for no journey before a time; returns how many."""
        ...


class ErrandStore(ErrandWork, Protocol):
    """Keeps errands beside the journeys that they are done for."""

    async def latest_messages(self, journey_ids: Sequence[str]) -> Mapping[str, Dispatch]:
        """Return the latest message of each journey that has one."""
        ...

    async def beginning_of(self, journey_id: str) -> Beginning:
        """Return what a journey began with; nothing, where there is none."""
        ...

    async def order(self, campaign: Campaign, messages: Sequence[Dispatch]) -> Taken:
        """Write the messages of a campaign to those who were not told yet under it.

        Repeated it writes nothing; of the erased nothing is written.
        """
        ...

    async def told(self, campaign: Campaign, person_ids: Sequence[str]) -> frozenset[str]:
        """Return who of these has a message of a campaign, whatever came of it."""
        ...

    async def count_told(self, campaign: Campaign) -> Mapping[Became, int]:
        """Return what became of the messages of a campaign, and of how many."""
        ...
