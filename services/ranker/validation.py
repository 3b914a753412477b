"""What a request to the ranker must hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.ids import is_id
from shared.validation import (
    Validator,
    Violations,
    between,
    known_enum,
    length,
    nested,
    required,
    validator,
)
from touchpoint.ranker.v1 import ranker_service_pb2 as pb
from touchpoint.ranker.v1.journal_pb2 import ReplayDecisionRequest
from touchpoint.ranker.v1.reverting_pb2 import (
    LearningSpan,
    RevertLearningRequest,
    UndoRevertRequest,
)

_MAX_CANDIDATES = 2000


def _columns_agree(request: pb.RankRequest, path: str, violations: Violations) -> None:
    candidates = request.candidates
    count = len(candidates.offer_nos)
    columns = {
        "candidates.sources": len(candidates.sources),
        "candidates.scores": len(candidates.scores),
        "placement_bits": len(request.placement_bits),
        "levers": len(request.levers) or count,
    }
    for name, size in columns.items():
        if size != count:
            violations.add(path + name, f"has {size} entries for {count} candidates")
    if count > _MAX_CANDIDATES:
        violations.add(f"{path}candidates", f"are {count}, at most {_MAX_CANDIDATES} are ranked")


def _is_a_decision(request: ReplayDecisionRequest, path: str, violations: Violations) -> None:
    if not is_id(request.decision_id):
        violations.add(f"{path}decision_id", "is no id of a decision")


def _span_has_length(span: LearningSpan, path: str, violations: Violations) -> None:
    if span.to_time.ToMicroseconds() <= span.from_time.ToMicroseconds():
        violations.add(f"{path}to_time", "must be after from_time")


_SPAN = (
    required("from_time", "to_time"),
    length("offer_ids", 1000),
    known_enum("channel", may_be_unspecified=True),
    _span_has_length,
)
VALIDATORS: Mapping[type[Any], Validator] = {
    pb.RankRequest: validator(required("context"), _columns_agree),
    RevertLearningRequest: validator(required("span"), nested("span", *_SPAN)),
    UndoRevertRequest: validator(required("number")),
    pb.ListDecisionsRequest: validator(length("person_ids", 64), between("limit", 0, 1000)),
    ReplayDecisionRequest: validator(_is_a_decision),
    pb.ErasePersonRequest: validator(required("person_ids"), length("person_ids", 64)),
    pb.ExportPersonRequest: validator(required("person_ids"), length("person_ids", 64)),
}
