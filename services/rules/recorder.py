"""Keeps what decisions were decided by: taken on the request path, written beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from services.rules.domain.recordings import RecordingStore
from shared.errors import TouchpointError
from shared.logging import get_logger
from touchpoint.rules.v1.recording_pb2 import RecordedDecision, RecordedSlate

_EVERY_S = 1.0
_AT_ONCE = 20
_MOST = 1_000
"""Waiting to be written, of some kilobytes each."""
log = get_logger(__name__)


class Recorder:
    """What is to be recorded on this replica and is not written yet; a crash loses that."""

    def __init__(self, store: RecordingStore) -> None:
        self._store = store
        self._waiting: dict[str, bytes] = {}
        self._turn = asyncio.Lock()

    def record(self, decision_id: str, recorded: bytes) -> None:
        """Keep a serialised RecordedDecision; what comes while too many wait is let go."""
        if len(self._waiting) < _MOST:
            self._waiting[decision_id] = recorded
        else:
            log.warning("decision_not_recorded", reason="too many wait to be written")

    async def write(self) -> None:
        """Write all that waits; raises the kit's errors, and then keeps it for the next time."""
        async with self._turn:
            while self._waiting:
                some = dict(list(self._waiting.items())[:_AT_ONCE])
                await self._store.add(some)
                for decision_id in some:
                    del self._waiting[decision_id]

    async def run(self) -> None:
        """Write for ever, and what is left when the service ends; a background task."""
        try:
            while True:
                await asyncio.sleep(_EVERY_S)
                await self._try()
        finally:
            await self._try()

    async def _try(self) -> None:
        try:
            await self.write()
        except TouchpointError as error:
            log.warning("decisions_not_recorded", reason=error.reason)


def with_slates(recorded: bytes, shown: Iterable[tuple[str, Sequence[int]]]) -> bytes:
    """Add to a serialised RecordedDecision what each placement showed, without reading it.

    The serialised parts of a message, one after the other, are the whole message.
    """
    slates = [RecordedSlate(placement=name, offer_nos=offer_nos) for name, offer_nos in shown]
    return recorded + RecordedDecision(slates=slates).SerializeToString()
