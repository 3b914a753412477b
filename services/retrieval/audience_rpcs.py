"""The rpc about audiences: who is like some people."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from numpy.typing import NDArray

from services.retrieval.domain.audience.deeds import NONE, Deeds
from services.retrieval.domain.audience.lookalikes import Lookalikes, TooFewError, Wanted
from services.retrieval.storage.deed_reading import DeedReader, Seed
from services.retrieval.storage.lookalike_process import find_aside
from shared.catalogue import Catalogue
from shared.errors import Aborted, FailedPrecondition, FieldViolation, InvalidArgument
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb
from touchpoint.retrieval.v1.retrieval_pb2 import (
    LackedCategory,
    Lookalike,
    LookalikesProgress,
    LookalikesSummary,
)

if TYPE_CHECKING:
    import numpy as np

    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

DEFAULT_LIMIT = 1_000
_AT_ONCE = 50
"""Of one message, so that it is written in a millisecond or two: requests come between."""

FindAside = Callable[[Deeds, "NDArray[np.int64]", Wanted], Awaitable[Lookalikes]]


@dataclass(slots=True)
class Audiences:
    """Finds one audience at a time: each holds the log in memory for a while."""

    profile: ProfileServiceAsyncStub
    catalogue: Catalogue
    find: FindAside = find_aside
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def lookalikes(
        self, request: pb.FindLookalikesRequest
    ) -> AsyncGenerator[pb.FindLookalikesResponse, None]:
        """Tell how far it is, then how they were judged and who they are.

        Raises Aborted, FailedPrecondition where too few are known, InvalidArgument for an offer
        that is none, NotFound for a segment that is none. A caller that leaves ends it.
        """
        seed = self._seed(request)
        if self._turn.locked():
            raise Aborted("another audience is under way: try again", reason="AUDIENCE_UNDER_WAY")
        async with self._turn:
            steps: asyncio.Queue[LookalikesProgress | None] = asyncio.Queue()
            work = asyncio.create_task(self._found(seed, request, steps.put_nowait))
            work.add_done_callback(lambda _: steps.put_nowait(None))
            try:
                while (progress := await steps.get()) is not None:
                    yield pb.FindLookalikesResponse(progress=progress)
                ids, names, found = await work
                for response in _responses(ids, names, found):
                    yield response
            finally:
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)

    def _seed(self, request: pb.FindLookalikesRequest) -> Seed:
        offer_no = self.catalogue.offer_no(request.offer_id) if request.offer_id else 0
        if request.offer_id and not offer_no:
            raise InvalidArgument([FieldViolation("offer_id", "is no item or offer that is known")])
        return Seed(request.segment, request.event_type, offer_no or 0, request.person_ids)

    async def _found(
        self,
        seed: Seed,
        request: pb.FindLookalikesRequest,
        tell: Callable[[LookalikesProgress], None],
    ) -> tuple[tuple[str, ...], tuple[str, ...], Lookalikes]:
        def tell_events(step: str, count: int) -> None:
            tell(LookalikesProgress(step=step, events=count))

        since_us = request.since_time.ToMicroseconds() if request.HasField("since_time") else 0
        try:
            log, members = await DeedReader(
                self.profile, seed, tell_events, self.catalogue.paid_at_home
            ).read(since_us)
            step, given = "judging who is like them", [await asyncio.to_thread(log.deeds)]
            ids, names = given[0].person_ids, given[0].category_names
            tell_events(step, len(log))
            del log  # nothing holds what was read while a child judges by it
            found = await self.find(given.pop(), members, _wanted(request))
        except TooFewError as error:
            raise FailedPrecondition(str(error), reason="SEED_TOO_SMALL") from None
        return ids, names, found


def _wanted(request: pb.FindLookalikesRequest) -> Wanted:
    return Wanted(
        limit=request.limit or DEFAULT_LIMIT,
        with_seed=request.with_seed,
        least_weeks=request.least_weeks,
        lacks=request.lacks,
    )


def _responses(
    ids: tuple[str, ...], names: tuple[str, ...], found: Lookalikes
) -> Iterator[pb.FindLookalikesResponse]:
    summary = LookalikesSummary(
        seed_known=found.seed_known,
        people=found.people,
        found=len(found.persons),
        way=found.way,
        separation=found.separation,
    )
    yield pb.FindLookalikesResponse(summary=summary)
    for begin in range(0, len(found.persons), _AT_ONCE):
        places = range(begin, min(begin + _AT_ONCE, len(found.persons)))
        people = [_person(ids, names, found, place) for place in places]
        yield pb.FindLookalikesResponse(people=people)


def _person(
    ids: tuple[str, ...], names: tuple[str, ...], found: Lookalikes, place: int
) -> Lookalike:
    return Lookalike(
        person_id=ids[int(found.persons[place])],
        score=found.scores[place],
        weeks=found.weeks[place],
        is_member=bool(found.are_members[place]),
        lacks=[
            LackedCategory(
                category=names[number],
                seed_share=found.seed_shares[number],
                other_share=found.other_shares[number],
            )
            for number in found.lacks[place].tolist()
            if number != NONE
        ],
    )
