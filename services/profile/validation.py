"""What a request to profile must hold; events are checked one by one where they are taken in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.profile.addressing import ADDRESS_KINDS
from services.profile.intake import MAX_IDENTITIES
from services.profile.relations import owner_mistake, role_mistake
from shared.ids import is_id
from shared.privacy import KINDS
from shared.validation import (
    Rule,
    Validator,
    Violations,
    between,
    each,
    known_enum,
    length,
    required,
    validator,
)
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1 import profile_service_pb2 as pb

MAX_EVENTS = 1_000
MAX_SLICE = 5_000
MAX_PERSONS = 64
MAX_PARKED = 1_000
MAX_RESTORED = 1_000
MAX_NAMED = 500
_LATER_COLUMNS = frozenset({"owners"})
"""Of records: what earlier exports lack."""
_KEY_BYTES = 32
_LONGEST_KEY = 64


def _who(request: Any, path: str, violations: Violations) -> None:
    """Demand identities with their pseudonyms; written out, because every decision passes here."""
    identities, keys = request.identities, request.identity_keys
    if not 1 <= len(identities) <= MAX_IDENTITIES:
        violations.add(f"{path}identities", f"must be 1 to {MAX_IDENTITIES}")
        return
    if len(keys) != len(identities):
        violations.add(f"{path}identity_keys", "must be as many as identities")
        return
    for place, (identity, key) in enumerate(zip(identities, keys, strict=True)):
        if identity.kind not in KINDS:
            known = ", ".join(KINDS)
            violations.add(f"{path}identities[{place}].kind", f"must be one of {known}")
        if not identity.value:
            violations.add(f"{path}identities[{place}].value", "must not be empty")
        if len(key.key) != _KEY_BYTES:
            violations.add(f"{path}identity_keys[{place}].key", f"must have {_KEY_BYTES} bytes")


def _one_identity(request: pb.DetachIdentityRequest, path: str, violations: Violations) -> None:
    if request.identity.kind not in KINDS:
        violations.add(f"{path}identity.kind", f"must be one of {', '.join(KINDS)}")
    if not request.identity.value:
        violations.add(f"{path}identity.value", "must not be empty")
    _is_key(request.identity_key, f"{path}identity_key.", violations)


def _who_or_person(request: pb.GetSnapshotRequest, path: str, violations: Violations) -> None:
    if not request.person_id:
        _who(request, path, violations)
    elif request.identities or request.keep_unknown:
        violations.add(f"{path}person_id", "must stand alone, without identities or keep_unknown")


def _is_key(key: Any, path: str, violations: Violations) -> None:
    if len(key.key) != _KEY_BYTES:
        violations.add(f"{path}key", f"must have {_KEY_BYTES} bytes")


def _keys_per_event(request: Any, path: str, violations: Violations) -> None:
    if len(request.keys) != len(request.events):
        violations.add(f"{path}keys", "must be as many as events")
    for at, keys in enumerate(request.keys):
        if keys.person_id:
            _uuid("person_id")(keys, f"{path}keys[{at}].", violations)
        if len(keys.owner_key) > _LONGEST_KEY:
            violations.add(f"{path}keys[{at}].owner_key", f"has more than {_LONGEST_KEY} bytes")


def _at_most(name: str, maximum: int) -> Rule:
    def check(request: Any, path: str, violations: Violations) -> None:
        count = len(getattr(request, name))
        if count > maximum:
            violations.add(path + name, f"has {count} entries, at most {maximum} are taken at once")

    return check


def _uuid(*names: str) -> Rule:
    """Demand an id of ours in each of the fields that is set."""

    def check(request: Any, path: str, violations: Violations) -> None:
        for name in names:
            text = getattr(request, name)
            if text and not is_id(text):
                violations.add(path + name, "is no id of ours")

    return check


def _reached_on(request: Any, path: str, violations: Violations) -> None:
    if request.channel not in ADDRESS_KINDS:
        known = ", ".join(Channel.Value.Name(each) for each in sorted(ADDRESS_KINDS))
        violations.add(f"{path}channel", f"must be one of {known}")


def _uuids(name: str) -> Rule:
    """Demand ids of ours in a repeated field."""

    def check(request: Any, path: str, violations: Violations) -> None:
        for place, text in enumerate(getattr(request, name)):
            if not is_id(text):
                violations.add(f"{path}{name}[{place}]", "is no id of ours")

    return check


def _one_person(request: Any, path: str, violations: Violations) -> None:
    """Demand either identities or a person."""
    if not request.person_id:
        _who(request, path, violations)
    elif request.identities or request.confirmed_person_id:
        violations.add(f"{path}person_id", "must stand alone, without identities")


def _role(request: Any, path: str, violations: Violations) -> None:
    mistake = role_mistake(request.role)
    if mistake:
        violations.add(f"{path}role", mistake)


def _owner(request: Any, path: str, violations: Violations) -> None:
    mistake = owner_mistake(request.owner_id)
    if mistake:
        violations.add(f"{path}owner_id", mistake)


def _link_is_named(request: Any, path: str, violations: Violations) -> None:
    if not request.link_id and not (request.person_id and request.other_person_id):
        violations.add(f"{path}link_id", "must be set, or both persons")


def _somebody_is_named(request: Any, path: str, violations: Violations) -> None:
    if not request.identity_keys and not request.person_ids:
        violations.add(f"{path}identity_keys", "must be set, or person_ids")


def _segment_is_named(request: Any, path: str, violations: Violations) -> None:
    if not request.segment and not request.when:
        violations.add(f"{path}segment", "must be set, or when")


def _are_two(request: Any, path: str, violations: Violations) -> None:
    if request.person_id and request.person_id == request.other_person_id:
        violations.add(f"{path}other_person_id", "must be another person")


def _events_or_rows(request: Any, path: str, violations: Violations) -> None:
    if not request.HasField("rows"):
        _required_events(request, violations)
        return
    if request.events:
        violations.add(f"{path}events", "must be empty where they come as rows")
    rows = request.rows
    count = len(rows.event_ids)
    if not 1 <= count <= MAX_SLICE:
        violations.add(f"{path}rows.event_ids", f"must be 1 to {MAX_SLICE}")
    identities = sum(rows.identity_counts) if rows.identity_counts else count
    for field in rows.DESCRIPTOR.fields:
        of_identities = field.name in ("identity_kinds", "identity_values")
        found, wanted = len(getattr(rows, field.name)), identities if of_identities else count
        if found not in ((wanted,) if of_identities or field.number <= 3 else (0, wanted)):
            violations.add(f"{path}rows.{field.name}", f"has {found} entries, must have {wanted}")


_required_events = validator(required("events"), _at_most("events", MAX_SLICE))


def _columns_are_equal(request: Any, path: str, violations: Violations) -> None:
    events = request.events
    count = len(events.event_ids)
    if not 1 <= count <= MAX_SLICE:
        violations.add(f"{path}events.event_ids", f"must be 1 to {MAX_SLICE}")
    for field in events.DESCRIPTOR.fields:
        found = len(getattr(events, field.name))
        if found != count and (found or field.name not in _LATER_COLUMNS):
            violations.add(f"{path}events.{field.name}", "must be as many as event_ids")


VALIDATORS: Mapping[type[Any], Validator] = {
    pb.GetSnapshotRequest: validator(
        _who_or_person, _uuid("confirmed_person_id", "person_id"), length("bundle_hash", 64)
    ),
    pb.GetProfileRequest: validator(_one_person, _uuid("confirmed_person_id", "person_id")),
    pb.WatchProfileRequest: validator(_who),
    pb.RecordEventsRequest: validator(
        required("events"), _at_most("events", MAX_EVENTS), _keys_per_event, length("caller", 128)
    ),
    pb.ImportEventsRequest: validator(
        required("import_id"), length("import_id", 128), _events_or_rows
    ),
    pb.FinishImportRequest: validator(required("import_id"), length("import_id", 128)),
    pb.ImportCustomersRequest: validator(
        required("import_id", "customers"),
        length("import_id", 128),
        _at_most("customers", MAX_SLICE),
    ),
    pb.LinkPersonsRequest: validator(
        required("person_id", "other_person_id"),
        _uuid("person_id", "other_person_id"),
        _are_two,
        length("idempotency_key", 128),
    ),
    pb.UnlinkPersonsRequest: validator(
        _link_is_named, _uuid("link_id", "person_id", "other_person_id"), _are_two
    ),
    pb.SetRelationshipRequest: validator(
        _one_person, _uuid("confirmed_person_id", "person_id"), _role, _owner
    ),
    pb.EndRelationshipRequest: validator(
        _one_person, _uuid("confirmed_person_id", "person_id"), _role
    ),
    pb.ListClientsRequest: validator(
        _owner, length("role", 64), between("page_size", 0, 500), _uuid("page_token")
    ),
    pb.DetachIdentityRequest: validator(_one_identity),
    pb.ReachPersonRequest: validator(required("person_id"), _uuid("person_id"), _reached_on),
    pb.NextQuestionRequest: validator(
        _who, _uuid("confirmed_person_id"), length("session_id", 128), known_enum("channel")
    ),
    pb.StreamEventsRequest: validator(
        _at_most("types", 100), _at_most("person_ids", MAX_PERSONS), _uuids("person_ids")
    ),
    pb.ListParkedEventsRequest: validator(between("limit", 0, MAX_PARKED)),
    pb.ExportProfilesRequest: validator(_uuid("after_person_id")),
    pb.ExportEventsRequest: validator(_at_most("types", 100)),
    pb.RestorePersonsRequest: validator(
        required("import_id"),
        length("import_id", 128),
        _at_most("persons", MAX_RESTORED),
        _at_most("links", MAX_RESTORED),
    ),
    pb.RestoreEventsRequest: validator(
        required("import_id", "events"), length("import_id", 128), _columns_are_equal
    ),
    pb.ExportPersonRequest: validator(
        required("person_ids"), _at_most("person_ids", MAX_PERSONS), _uuids("person_ids")
    ),
    pb.StreamAuditRequest: validator(_at_most("person_ids", MAX_PERSONS), _uuids("person_ids")),
    pb.ReplayWebhookRequest: validator(required("webhook"), length("webhook", 64)),
    pb.ErasePersonRequest: validator(
        _somebody_is_named,
        each("identity_keys", _is_key, at_most=MAX_IDENTITIES),
        _at_most("person_ids", MAX_PERSONS),
        _uuids("person_ids"),
    ),
    pb.PreviewSegmentRequest: validator(
        _segment_is_named,
        length("segment", 128),
        length("when", 4096),
        between("sample", 0, 100),
    ),
    pb.StreamRefusalsRequest: validator(required("purpose"), length("purpose", 64)),
    pb.NameCustomersRequest: validator(
        required("person_ids"), _at_most("person_ids", MAX_NAMED), _uuids("person_ids")
    ),
    pb.FindCustomersRequest: validator(
        required("customer_ids"), _at_most("customer_ids", MAX_NAMED)
    ),
    pb.StreamMembershipsRequest: validator(_at_most("segments", 500)),
    pb.CompareSegmentRequest: validator(
        _segment_is_named, length("segment", 128), length("when", 4096)
    ),
}
