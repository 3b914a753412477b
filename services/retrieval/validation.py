"""What a request to retrieval must hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.validation import Validator, Violations, between, length, required, validator
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb

MOST_ROWS = 5000
_MOST_ITEMS = 100
_MOST_PLACEMENTS = 16
_MOST_FENCED = 16
_MOST_LOOKALIKES = 1_000_000
_MOST_WEEKS = 5_200


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
    for name in ("within_categories", "without_categories"):
        paths = getattr(context, name)
        if len(paths) > _MOST_FENCED:
            violations.add(f"{path}context.{name}", f"are {len(paths)}, at most {_MOST_FENCED}")
        for index, found in enumerate(paths):
            if not found.strip():
                violations.add(f"{path}context.{name}[{index}]", "must be the path of a category")
    if not 0 <= context.channel < 32:
        violations.add(f"{path}context.channel", f"there is no channel {context.channel}")


def _seed(request: pb.FindLookalikesRequest, path: str, violations: Violations) -> None:
    if not (request.segment or request.event_type or request.person_ids):
        violations.add(f"{path}segment", "name a segment, an event_type or person_ids as the seed")
    if request.offer_id and not request.event_type:
        violations.add(f"{path}event_type", "must say what was done with the offer, such as accept")


VALIDATORS: Mapping[type[Any], Validator] = {
    pb.RetrieveRequest: validator(
        required("context"), _context, between("limit", 0, 1000), between("quality", 0, 1)
    ),
    pb.GetPopularRequest: validator(required("bundle_hash"), between("limit", 0, 200)),
    pb.UpsertItemsRequest: validator(required("items"), length("items", MOST_ROWS)),
    pb.UpsertOffersRequest: validator(required("offers"), length("offers", MOST_ROWS)),
    pb.GetOffersRequest: validator(required("offer_ids"), length("offer_ids", 1000)),
    pb.SetLeverRequest: validator(
        required("offer_id"), length("changed_by", 128), length("why", 500)
    ),
    pb.ListLeversRequest: validator(between("limit", 0, 1000)),
    pb.FindLookalikesRequest: validator(
        _seed,
        length("person_ids", 50_000),
        between("limit", 0, _MOST_LOOKALIKES),
        between("least_weeks", 0, _MOST_WEEKS),
        between("lacks", 0, 20),
    ),
    pb.ErasePersonRequest: validator(required("person_ids"), length("person_ids", 64)),
    pb.ExportPersonRequest: validator(required("person_ids"), length("person_ids", 64)),
}
