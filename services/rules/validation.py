"""What a request to rules must hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.message import DecodeError

from services.rules.definitions.experiments_checked import MAX_EXPERIMENTS
from services.rules.domain.definitions import MOST_PLACEMENTS
from services.rules.domain.retention import Keep
from shared.validation import (
    Validator,
    Violations,
    between,
    each,
    known_enum,
    length,
    nested,
    required,
    validator,
)
from touchpoint.aggregator.v1.aggregator_pb2 import DecisionTrace
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1 import rules_service_pb2 as pb

_MAX_CANDIDATES = 2000
_MAX_PERSONS = 64
_MAX_FILES = 500
_MAX_ASKS = 500
_MAX_ANSWERS = 100
_LARGEST_TRACE = 1 << 20

_context = nested(
    "context",
    required("bundle_hash", "placements"),
    known_enum("channel"),
    each("placements", required("placement"), between("limit", 1, 50), at_most=MOST_PLACEMENTS),
    length("identity_keys", 16),
    length("session_id", 128),
    length("variants", MAX_EXPERIMENTS),
)


def _columns_agree(request: pb.CheckRequest, path: str, violations: Violations) -> None:
    count = len(request.candidates.offer_nos)
    for name in ("sources", "scores"):
        size = len(getattr(request.candidates, name))
        if size not in (0, count):
            violations.add(f"{path}candidates.{name}", f"has {size} entries for {count} candidates")
    if count > _MAX_CANDIDATES:
        violations.add(f"{path}candidates", f"are {count}, at most {_MAX_CANDIDATES} are checked")


def _is_committed(request: pb.CommitRequest, path: str, violations: Violations) -> None:
    context = request.context
    if not context.decision_id:
        violations.add(f"{path}context.decision_id", "must not be empty")
    if context.preview:
        violations.add(f"{path}context.preview", "a preview leaves no trace and is not committed")
    asked = {ask.placement for ask in context.placements}
    for index, placement in enumerate(request.placements):
        if placement.placement not in asked:
            name = f"{path}placements[{index}].placement"
            violations.add(name, "is not in context.placements")


def _somebody(request: Any, path: str, violations: Violations) -> None:
    if not request.person_ids and not request.identity_keys:
        violations.add(f"{path}person_ids", "or identity_keys must say whom")


def _trace(answer: pb.UnconfirmedAnswer, path: str, violations: Violations) -> None:
    try:
        DecisionTrace.FromString(answer.trace)
    except DecodeError:
        violations.add(f"{path}trace", "must be a serialised aggregator DecisionTrace")


def _held_for_a_while(request: Any, path: str, violations: Violations) -> None:
    if not 0 <= request.held_for.ToMicroseconds() <= Keep.LONGEST_RESERVATION_US:
        violations.add(f"{path}held_for", "must be between 0 and 90 days")


def _ends_after_it_begins(request: Any, path: str, violations: Violations) -> None:
    until_us = request.until_time.ToMicroseconds()
    if until_us and until_us <= request.since_time.ToMicroseconds():
        violations.add(f"{path}until_time", "must be after since_time")


def _share_of_people(request: pb.ApplyDefinitionsRequest, path: str, wrong: Violations) -> None:
    if request.HasField("share") and not 0.0 < request.share <= 1.0:
        wrong.add(f"{path}share", "must be above 0 and at most 1 (everybody); left out: everybody")


def _one_newer(request: pb.CompareDefinitionsRequest, path: str, wrong: Violations) -> None:
    if request.to_hash and request.to_files:
        wrong.add(f"{path}to_hash", "must be empty beside to_files")


def _one_new(request: pb.SimulateDefinitionsRequest, path: str, wrong: Violations) -> None:
    if bool(request.bundle_hash) == bool(request.files):
        wrong.add(f"{path}bundle_hash", "or files must say by what to decide, and not both")


def _known_channels(request: pb.ListSuppressionsRequest, path: str, wrong: Violations) -> None:
    for index, channel in enumerate(request.channels):
        if channel not in Channel.Value.values():
            wrong.add(f"{path}channels[{index}]", f"has the unknown value {channel}")


_signed = (length("changed_by", 128), length("message", 500))
_ending = (length("ending", 50),)
_files = each("files", required("path"), length("path", 256), at_most=_MAX_FILES)
_persons = length("person_ids", _MAX_PERSONS)
_replica = (required("service", "replica"), length("service", 64), length("replica", 128))

VALIDATORS: Mapping[type[Any], Validator] = {
    pb.CheckRequest: validator(required("context"), _context, _columns_agree),
    pb.CommitRequest: validator(
        required("context"),
        _context,
        _persons,
        length("segments", 500),
        each("placements", length("chosen", 50), length("next", 100), at_most=MOST_PLACEMENTS),
        _is_committed,
    ),
    pb.GetContactsRequest: validator(required("person_ids"), _persons),
    pb.ReserveContactRequest: validator(
        required("contact_id"),
        length("contact_id", 128),
        length("policy", 64),
        length("reserved_by", 128),
        known_enum("channel"),
        _persons,
        _somebody,
        _held_for_a_while,
    ),
    pb.ListSuppressionsRequest: validator(
        required("channels"),
        length("channels", 10),
        _known_channels,
        length("policy", 64),
        each(
            "asks",
            required("person_ids"),
            length("person_ids", _MAX_PERSONS),
            at_most=_MAX_ASKS,
        ),
    ),
    pb.ReleaseContactRequest: validator(required("contact_id"), length("released_by", 128)),
    pb.GetDecisionRequest: validator(required("decision_id")),
    pb.KeepAnswersRequest: validator(
        required("answers"),
        each(
            "answers",
            required("decision_id", "answered_time"),
            length("decision_id", 64),
            length("trace", _LARGEST_TRACE),
            length("person_ids", _MAX_PERSONS),
            _trace,
            each("placements", length("chosen", 50), at_most=MOST_PLACEMENTS),
            at_most=_MAX_ANSWERS,
        ),
    ),
    pb.CheckDefinitionsRequest: validator(required("files"), _files),
    pb.ApplyDefinitionsRequest: validator(
        required("files"), _files, *_signed, _share_of_people, *_ending
    ),
    pb.RollbackDefinitionsRequest: validator(length("bundle_hash", 64), *_signed, *_ending),
    pb.ListVersionsRequest: validator(between("limit", 0, 500)),
    pb.CompareDefinitionsRequest: validator(
        length("from_hash", 64),
        length("to_hash", 64),
        each("to_files", required("path"), length("path", 256), at_most=_MAX_FILES),
        _one_newer,
    ),
    pb.SimulateDefinitionsRequest: validator(
        length("bundle_hash", 64),
        length("against_hash", 64),
        _files,
        _one_new,
        between("at_most", 0, 20_000),
        between("examples", 0, 100),
        between("offers", 0, 500),
        _ends_after_it_begins,
    ),
    pb.GetBundleRequest: validator(length("bundle_hash", 64)),
    pb.TrySegmentRequest: validator(
        required("when"), length("when", 4096), length("bundle_hash", 64)
    ),
    pb.GetActiveBundleRequest: validator(*_replica),
    pb.AcknowledgeBundleRequest: validator(
        required("bundle_hash"), length("failure", 4000), *_replica
    ),
    pb.GetRuleResultsRequest: validator(length("rules", 500), _ends_after_it_begins),
    pb.ErasePersonRequest: validator(_persons, _somebody),
    pb.ExportPersonRequest: validator(_persons, _somebody),
}
