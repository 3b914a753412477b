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
from touchpoint.common.v1.decision_pb2 import DecisionContext
from touchpoint.ranker.v1 import booster_pb2
from touchpoint.ranker.v1 import ranker_service_pb2 as pb
from touchpoint.ranker.v1.experiments_pb2 import PlanExperimentRequest
from touchpoint.ranker.v1.history_pb2 import TrainRankerRequest
from touchpoint.ranker.v1.insight_pb2 import ReportInsightRequest
from touchpoint.ranker.v1.journal_pb2 import ReplayDecisionRequest
from touchpoint.ranker.v1.off_policy_pb2 import (
    EvaluatePolicyRequest,
    JudgedShowings,
    SimulateRankingRequest,
)
from touchpoint.ranker.v1.reverting_pb2 import (
    LearningSpan,
    RevertLearningRequest,
    UndoRevertRequest,
)

_MAX_CANDIDATES = 2000
_MAX_GROUPS = 10
_LEAST_POWER, _MOST_POWER = 0.5, 0.99
_MOST_SHOWINGS = 200_000
_LEAST_HISTORY, _MOST_HISTORY = 100, 20_000
_MOST_POSITIONS = 50
_LONGEST_ID = 128
_MOST_OFFERED = 200
_MAY_BE_EMPTY = frozenset({"weights", "decisions"})


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


def _rankable(request: pb.JudgeShownRequest, path: str, violations: Violations) -> None:
    if not request.request.HasField("context"):
        violations.add(f"{path}request.context", "is missing")
    _columns_agree(request.request, f"{path}request.", violations)


def _showings_agree(request: EvaluatePolicyRequest, path: str, violations: Violations) -> None:
    showings = request.showings
    count = len(showings.accepted)
    if count > _MOST_SHOWINGS:
        violations.add(f"{path}showings", f"are {count}, at most {_MOST_SHOWINGS} are evaluated")
    for name, size in _sizes(showings).items():
        if size != count:
            violations.add(f"{path}showings.{name}", f"has {size} entries for {count} showings")


def _sizes(showings: JudgedShowings) -> dict[str, int]:
    """Return how many entries each column has, but for those that may be empty."""
    columns = {
        field.name: len(getattr(showings, field.name)) for field in showings.DESCRIPTOR.fields
    }
    return {name: size for name, size in columns.items() if size or name not in _MAY_BE_EMPTY}


def _is_share(request: SimulateRankingRequest, path: str, violations: Violations) -> None:
    if not 0.0 <= request.exploration <= 1.0:
        violations.add(f"{path}exploration", f"is {request.exploration:g}, not from 0 to 1")


def _is_a_decision(
    request: ReplayDecisionRequest | pb.JudgeShownRequest, path: str, violations: Violations
) -> None:
    if not is_id(request.decision_id):
        violations.add(f"{path}decision_id", "is no id of a decision")


def _decides_under_an_id(context: DecisionContext, path: str, violations: Violations) -> None:
    if context.decision_id and not is_id(context.decision_id):
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


def _groups_are_shares(request: PlanExperimentRequest, path: str, violations: Violations) -> None:
    if request.groups and not 2 <= len(request.groups) <= _MAX_GROUPS:
        violations.add(f"{path}groups", f"are {len(request.groups)}, must be 2 to {_MAX_GROUPS}")
    elif not all(0.0 < share <= 1.0 for share in request.groups):
        violations.add(f"{path}groups", "must each be above 0 and at most 1")
    for name in ("effect", "share"):
        value = getattr(request, name)
        if not 0.0 <= value <= 1.0:
            violations.add(path + name, f"is {value:g}, must be from 0 to 1")
    if request.power and not _LEAST_POWER <= request.power <= _MOST_POWER:
        violations.add(
            f"{path}power",
            f"is {request.power:g}, must be from {_LEAST_POWER:g} to {_MOST_POWER:g}",
        )


def _rows_make_sense(request: TrainRankerRequest, path: str, violations: Violations) -> None:
    count = len(request.rows)
    if not _LEAST_HISTORY <= count <= _MOST_HISTORY:
        told = f"are {count}, {_LEAST_HISTORY} to {_MOST_HISTORY:,} are learned from"
        violations.add(f"{path}rows", told)
        return
    for at, row in enumerate(request.rows):
        here = f"{path}rows[{at}]."
        if row.time_us <= 0:
            violations.add(f"{here}time_us", "must be after 1970")
        if not row.channel:
            violations.add(f"{here}channel", "must be said")
        if not row.placement:
            violations.add(f"{here}placement", "must be said")
        if row.position > _MOST_POSITIONS:
            violations.add(f"{here}position", f"is {row.position}, at most {_MOST_POSITIONS}")
        if not 0.0 <= row.selection_probability <= 1.0:  # what is no number is outside, too
            violations.add(f"{here}selection_probability", "must be above 0 and at most 1")
        if len(row.candidates) > _MOST_OFFERED:
            violations.add(f"{here}candidates", f"are more than {_MOST_OFFERED}")
    _ids_are_unique(request, path, violations)


def _ids_are_unique(request: TrainRankerRequest, path: str, violations: Violations) -> None:
    met: set[str] = set()
    for at, row in enumerate(request.rows):
        if len(row.id) > _LONGEST_ID:
            violations.add(f"{path}rows[{at}].id", f"is longer than {_LONGEST_ID} characters")
        elif row.id in met:
            violations.add(f"{path}rows[{at}].id", "is that of a row before")
        elif row.id:
            met.add(row.id)


VALIDATORS: Mapping[type[Any], Validator] = {
    pb.RankRequest: validator(
        required("context"), nested("context", _decides_under_an_id), _columns_agree
    ),
    RevertLearningRequest: validator(required("span"), nested("span", *_SPAN)),
    UndoRevertRequest: validator(required("number")),
    booster_pb2.ServeBoosterRequest: validator(required("trees"), required("trained_row")),
    pb.ListDecisionsRequest: validator(length("person_ids", 64), between("limit", 0, 1000)),
    ReplayDecisionRequest: validator(_is_a_decision),
    PlanExperimentRequest: validator(_groups_are_shares),
    pb.JudgeShownRequest: validator(_is_a_decision, _rankable),
    TrainRankerRequest: validator(_rows_make_sense),
    EvaluatePolicyRequest: validator(_showings_agree),
    ReportInsightRequest: validator(
        known_enum("channel", may_be_unspecified=True), known_enum("kind", may_be_unspecified=True)
    ),
    SimulateRankingRequest: validator(between("at_most", 0, 20_000), _is_share),
    pb.ErasePersonRequest: validator(required("person_ids"), length("person_ids", 64)),
    pb.ExportPersonRequest: validator(required("person_ids"), length("person_ids", 64)),
}
