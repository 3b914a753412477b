"""What is popular per placement, kept warm for when retrieval does not answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from services.aggregator.domain.candidates import Candidates, joined
from services.aggregator.pipeline.columns import from_proto
from shared.call import own_call
from shared.client import invoke
from shared.errors import TouchpointError
from shared.logging import get_logger
from touchpoint.retrieval.v1.retrieval_service_pb2 import GetPopularRequest

if TYPE_CHECKING:
    from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceAsyncStub

REFRESH_S = 30.0
"""What is popular changes slowly; what of it may be offered is judged anew for every request."""
LOOK_S = 5.0
"""How soon the lists of a bundle that has just become active are fetched."""
_TIMEOUT_S = 2.0
_METHOD = "/touchpoint.retrieval.v1.RetrievalService/GetPopular"
log = get_logger(__name__)


class PopularLists:
    """The last popular list of every placement; the old ones stay while nobody answers."""

    def __init__(
        self, retrieval: RetrievalServiceAsyncStub, bundle_hash: Callable[[], str]
    ) -> None:
        """Take whom to ask, and how to learn which bundle is active (empty: none yet)."""
        self._retrieval = retrieval
        self._bundle_hash = bundle_hash
        self._lists: dict[str, Candidates] = {}
        self._lists_of = ""
        """The bundle that they were made by."""
        self._fetched_at = 0.0

    def of(self, placements: Sequence[str]) -> Candidates:
        """Return the lists of some placements as one, in their order."""
        return joined([self._lists[name] for name in placements if name in self._lists])

    async def refresh(self) -> None:
        """Fetch all lists once; raises TouchpointError."""
        bundle_hash = self._bundle_hash()
        if not bundle_hash:
            return
        call = own_call(_METHOD)
        request = GetPopularRequest(bundle_hash=bundle_hash)
        response = await invoke(self._retrieval.GetPopular, request, call, _TIMEOUT_S)
        self._lists = {found.placement: from_proto(found.candidates) for found in response.lists}
        self._lists_of, self._fetched_at = bundle_hash, time.monotonic()

    async def keep_warm(self) -> None:
        """Refresh for ever; a background task of the service."""
        while True:
            try:
                if self._is_due():
                    await self.refresh()
            except TouchpointError as error:
                log.warning("popular_lists_not_refreshed", reason=error.reason)
            # Until there is something to fall back on, one failure is not worth a long wait.
            await asyncio.sleep(LOOK_S if self._lists else LOOK_S / 10)

    def _is_due(self) -> bool:
        is_old = time.monotonic() - self._fetched_at >= REFRESH_S
        return is_old or not self._lists or self._lists_of != self._bundle_hash()
