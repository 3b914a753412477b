"""What a request to retrieval must hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.validation import Validator, Violations, between, length, required, validator
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb

MOST_ROWS = 5000
_MOST_ITEMS = 100
_MOST_PLACEMENTS = 16


def _context(request: pb.RetrieveRequest, path: str, violations: Violations) -> None:
    context = request.context
    if not context.placements:
        violations.add(f"{path}context.placements", "must not be empty")
    if len(context.placements) > _MOST_PLACEMENTS:
        violations.add(
            f"{path}context.placements",
            f"are {len(context.placements)}, at most {_MOST_PLACEMENTS} are answered",
        )
    if len(context.item_nos) > _MOST_ITEMS:
        violations.add(
            f"{path}context.item_nos",
            f"are {len(context.item_nos)}, at most {_MOST_ITEMS} are looked at",
        )
    if not 0 <= context.channel < 32:
        violations.add(f"{path}context.channel", f"there is no channel {context.channel}")


VALIDATORS: Mapping[type[Any], Validator] = {
    pb.RetrieveRequest: validator(required("context"), _context, between("limit", 0, 1000)),
    pb.GetPopularRequest: validator(required("bundle_hash"), between("limit", 0, 200)),
    pb.UpsertItemsRequest: validator(required("items"), length("items", MOST_ROWS)),
    pb.UpsertOffersRequest: validator(required("offers"), length("offers", MOST_ROWS)),
    pb.GetOffersRequest: validator(required("offer_ids"), length("offer_ids", 1000)),
    pb.ErasePersonRequest: validator(required("person_ids"), length("person_ids", 64)),
    pb.ExportPersonRequest: validator(required("person_ids"), length("person_ids", 64)),
}
