"""The rpcs that take what was learned out of the model, and put it back."""

from __future__ import annotations

from collections.abc import Callable

from services.ranker.domain.reverting import Revert, Reverts, Span
from shared.catalogue import Catalogue
from shared.errors import FieldViolation, InvalidArgument
from touchpoint.ranker.v1 import reverting_pb2 as pb


class RevertRpcs:
    """Translates between the contract, which names offers, and the log, which numbers them."""

    def __init__(self, reverts: Reverts, catalogue: Catalogue, now_us: Callable[[], int]) -> None:
        self._reverts = reverts
        self._catalogue = catalogue
        self._now_us = now_us

    async def revert(self, request: pb.RevertLearningRequest) -> pb.RevertLearningResponse:
        span = self._span(request.span)
        if request.preview:
            made = await self._reverts.preview(span)
        else:
            made = await self._reverts.revert(span, self._now_us())
        return pb.RevertLearningResponse(revert=self._told(made))

    async def undo(self, request: pb.UndoRevertRequest) -> pb.UndoRevertResponse:
        made = await self._reverts.undo(request.number, self._now_us())
        return pb.UndoRevertResponse(revert=self._told(made))

    async def reverted_rows(self) -> int:
        """Return how many rows are taken out at this moment."""
        return await self._reverts.reverted_rows()

    async def listed(self) -> pb.ListRevertsResponse:
        return pb.ListRevertsResponse(
            reverts=[self._told(each) for each in await self._reverts.reverts()]
        )

    def _span(self, span: pb.LearningSpan) -> Span:
        """Read a span; raises InvalidArgument with each offer that is not known."""
        numbers = [self._catalogue.offer_no(offer_id) for offer_id in span.offer_ids]
        unknown = [
            FieldViolation(f"span.offer_ids[{at}]", f"{span.offer_ids[at]!r} is no offer")
            for at, number in enumerate(numbers)
            if not number
        ]
        if unknown:
            raise InvalidArgument(unknown)
        return Span(
            span.from_time.ToMicroseconds(),
            span.to_time.ToMicroseconds(),
            tuple(numbers),
            span.placement,
            span.channel,
        )

    def _told(self, made: Revert) -> pb.LearningRevert:
        span, told = made.span, pb.LearningRevert(number=made.number, rows=made.rows)
        told.undoes = made.undoes
        told.span.placement, told.span.channel = span.placement, span.channel  # type: ignore[assignment]
        told.span.from_time.FromMicroseconds(span.from_us)
        told.span.to_time.FromMicroseconds(span.to_us)
        told.span.offer_ids.extend(map(self._offer_id, span.offer_nos))
        if made.made_us:
            told.made_time.FromMicroseconds(made.made_us)
        for each in made.offers:
            offer_id = self._offer_id(each.offer_no)
            told.offers.add(offer_id=offer_id, rows=each.rows, accepted=each.accepted)
        return told

    def _offer_id(self, offer_no: int) -> str:
        """Return an offer's id, or its number where this replica does not know it yet."""
        catalogue = self._catalogue
        return catalogue.offer_ids[offer_no] if offer_no < catalogue.size else str(offer_no)
