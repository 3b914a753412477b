"""What a request to the edge must hold; everything wrong with one is told at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.struct_pb2 import Struct

from services.aggregator.domain.definitions import Definitions
from services.aggregator.domain.placements import Placement, may_fill
from services.aggregator.domain.vocabulary import Channel, name_of
from shared.call import CURRENT_CALL
from shared.ids import is_id
from shared.money import is_currency, to_micros
from shared.privacy import KINDS
from shared.unsubscribing import LONGEST_TOKEN
from shared.validation import (
    Rule,
    Validator,
    Violations,
    between,
    each,
    known_enum,
    length,
    nested,
    one_of,
    required,
    validator,
)
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.common.v1.money_pb2 import Money

MAX_ID = 128
_LONGEST_PATH = 512
MAX_IDENTITIES = 8
MAX_EVENTS = 1_000
MAX_QUANTITY = 1e9
LONGEST_LOCALE = 35  # RFC 5646, 4.4.1


def money(name: str) -> Rule:
    """Demand a decimal amount and a currency of three letters, where the field is set."""

    def check(message: Any, path: str, violations: Violations) -> None:
        if message.HasField(name):
            for field, description in money_mistakes(getattr(message, name)):
                violations.add(f"{path}{name}.{field}", description)

    return check


def money_mistakes(amount: Money) -> list[tuple[str, str]]:
    """Return what is wrong with an amount, by field."""
    found = []
    try:
        to_micros(amount.amount)
    except ValueError as error:
        found.append(("amount", str(error)))
    if amount.currency and not is_currency(amount.currency):
        found.append(("currency", "must be three capital letters"))
    return found


def _ids(name: str, at_most: int) -> Rule:
    """Demand a list of ids, none empty or longer than ids are."""

    def check(message: Any, path: str, violations: Violations) -> None:
        ids = getattr(message, name)
        if len(ids) > at_most:
            violations.add(path + name, f"has {len(ids)} entries, at most {at_most} is allowed")
            return
        for index, found in enumerate(ids):
            if not 1 <= len(found) <= MAX_ID:
                violations.add(f"{path}{name}[{index}]", f"must have 1 to {MAX_ID} characters")

    return check


def _paths(name: str, at_most: int) -> Rule:
    """Demand a list of category paths, none empty or longer than a path is."""

    def check(message: Any, path: str, violations: Violations) -> None:
        paths = getattr(message, name)
        if len(paths) > at_most:
            violations.add(path + name, f"has {len(paths)} entries, at most {at_most} is allowed")
            return
        for index, found in enumerate(paths):
            if not found.strip() or len(found) > _LONGEST_PATH:
                violations.add(
                    f"{path}{name}[{index}]",
                    f"must be the path of a category, of 1 to {_LONGEST_PATH} characters",
                )

    return check


def _keys(name: str, at_most: int) -> Rule:
    def check(message: Any, path: str, violations: Violations) -> None:
        found: Struct = getattr(message, name)
        if len(found.fields) > at_most:
            violations.add(
                path + name, f"has {len(found.fields)} keys, at most {at_most} is allowed"
            )

    return check


def _placements(definitions: Callable[[], Definitions]) -> Rule:
    """Demand placements that are defined, belong on the request's channel and differ.

    A browser is told of none but those of its channel: everybody has its key.
    """

    def check(message: Any, path: str, violations: Violations) -> None:
        known, is_browser = definitions().placements, _asks_a_browser()
        seen: set[str] = set()
        for index, ask in enumerate(message.placements):
            name, at = ask.placement, f"{path}placements[{index}].placement"
            if is_browser and not (name in known and may_fill(known[name], message.channel)):
                violations.add(at, "is no placement of this channel")
            elif name not in known:
                violations.add(at, f"is no placement; there are {', '.join(sorted(known))}")
            elif name in seen:
                violations.add(at, f"{name!r} is asked for twice")
            elif message.channel and not may_fill(known[name], message.channel):
                violations.add(at, _of_another_channel(known[name], message.channel))
            seen.add(name)

    return check


def _of_another_channel(placement: Placement, channel: int) -> str:
    owner, asked = name_of(Channel, placement.channel), name_of(Channel, channel)
    return f"{placement.name!r} belongs to {owner} and cannot be filled on {asked}"


def _asks_a_browser() -> bool:
    call = CURRENT_CALL.get()
    return call is not None and call.caller.is_browser


def _person(name: str) -> Rule:
    def check(message: Any, path: str, violations: Violations) -> None:
        if getattr(message, name) and not is_id(getattr(message, name)):
            violations.add(path + name, "must be the id of a person")

    return check


def _who(message: Any, path: str, violations: Violations) -> None:
    """Demand identities, or the person on whose behalf a journey asks."""
    if message.HasField("on_behalf"):
        if message.identities:
            violations.add(f"{path}on_behalf", "must stand alone, without identities")
        return
    for rule in _IDENTITIES:
        rule(message, path, violations)


def _in_person(message: Any, path: str, violations: Violations) -> None:
    """Demand a channel where a person speaks with a person, or none."""
    if message.channel not in (0, Channel.CALL_CENTER, Channel.CHAT, Channel.STORE):
        violations.add(f"{path}channel", "must be CALL_CENTER, CHAT or STORE")


_IDENTITY = (one_of("kind", KINDS), required("value"), length("value", 256))
_IDENTITIES = (required("identities"), each("identities", *_IDENTITY, at_most=MAX_IDENTITIES))
_LOCALE = length("locale", LONGEST_LOCALE)
_ON_BEHALF = (
    required("person_id"),
    _person("person_id"),
    length("journey_id", MAX_ID),
    length("scenario", MAX_ID),
    length("stage", MAX_ID),
    _ids("offer_ids", 20),
)
_CART_LINE = (
    required("item_id"),
    length("item_id", MAX_ID),
    between("quantity", 0, MAX_QUANTITY),
    money("price"),
)
_CONTEXT = (
    length("session_id", MAX_ID),
    _ids("item_ids", 50),
    each("cart", *_CART_LINE, at_most=100),
    length("query", 512),
    _keys("attributes", 32),
    _paths("within_categories", 16),
    _paths("without_categories", 16),
)
_RECIPIENT = (
    between("age", 0, 150),
    length("gender", 64),
    length("relationship", 64),
    length("interests", 16),
    length("occasion", 64),
    money("max_price"),
)
_AGENT = (required("agent_id"), length("agent_id", MAX_ID))
_TASK = (*_AGENT, required("task_id"), length("task_id", MAX_ID))


_WHATEVER_IS_DEFINED: Mapping[type[Any], Validator] = {
    # Every event stands or falls by itself: here only their number counts.
    pb.TrackRequest: validator(required("events"), each("events", at_most=MAX_EVENTS)),
    pb.GetCustomerViewRequest: validator(
        *_IDENTITIES,
        length("confirmed_person_id", MAX_ID),
        length("session_id", MAX_ID),
        _LOCALE,
        _in_person,
    ),
    pb.WatchCustomerRequest: validator(*_IDENTITIES, _LOCALE, _in_person),
    pb.ExplainDecisionRequest: validator(required("decision_id"), length("decision_id", 64)),
    pb.SetAgentStatusRequest: validator(
        *_AGENT, known_enum("status"), length("skills", 64), between("capacity", 0, 100)
    ),
    pb.WatchTasksRequest: validator(*_AGENT),
    pb.ClaimTaskRequest: validator(*_AGENT, length("task_id", MAX_ID)),
    pb.CompleteTaskRequest: validator(
        *_TASK,
        length("outcome", 64),
        length("note", 4096),
        length("offer_ids", 20),
        length("decision_id", 128),
    ),
    pb.SnoozeTaskRequest: validator(*_TASK, required("until_time")),
    pb.ReserveContactRequest: validator(
        required("contact_id"),
        length("contact_id", MAX_ID),
        *_IDENTITIES,
        known_enum("channel"),
        length("policy", 64),
        length("offer_id", MAX_ID),
    ),
    pb.ReleaseContactRequest: validator(required("contact_id"), length("contact_id", MAX_ID)),
    # What a role and an owner may be called, profile knows and says.
    pb.SetRelationshipRequest: validator(
        *_IDENTITIES, length("confirmed_person_id", MAX_ID), required("role", "owner_id")
    ),
    pb.EndRelationshipRequest: validator(
        *_IDENTITIES, length("confirmed_person_id", MAX_ID), required("role")
    ),
    pb.GetPreferencesRequest: validator(*_IDENTITIES),
    pb.UnsubscribeRequest: validator(required("token"), length("token", LONGEST_TOKEN)),
    pb.NextQuestionRequest: validator(
        *_IDENTITIES,
        length("confirmed_person_id", MAX_ID),
        length("survey", MAX_ID),
        known_enum("channel"),
        length("session_id", MAX_ID),
    ),
    pb.ListClientsRequest: validator(
        required("owner_id"),
        length("owner_id", MAX_ID),
        length("role", 64),
        between("page_size", 0, 500),
        length("page_token", MAX_ID),
        _LOCALE,
    ),
}


def validators(definitions: Callable[[], Definitions]) -> Mapping[type[Any], Validator]:
    """Return the validator of every request; placements are those of the active definitions."""
    recommend = validator(
        _who,
        nested("on_behalf", *_ON_BEHALF),
        known_enum("channel"),
        required("placements"),
        each("placements", required("placement"), between("limit", 0, 50), at_most=16),
        _placements(definitions),
        nested("context", *_CONTEXT),
        nested("recipient", *_RECIPIENT),
        _ids("exclude_ids", 200),
        _LOCALE,
    )
    return {**_WHATEVER_IS_DEFINED, pb.RecommendRequest: recommend}
