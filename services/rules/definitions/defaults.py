"""Checks default offers: they are always allowed, so they need nothing that could be missing."""

from __future__ import annotations

from collections.abc import Mapping

from services.rules.definitions.files import Entries
from services.rules.definitions.problems import Problems, suggestion
from services.rules.definitions.reading import Entry
from services.rules.domain.counters import GROUP, POLICY
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind

_FIELDS: Mapping[str, str] = {
    "starts_time": "a default offer has no starts_time: it is always allowed",
    "ends_time": "a default offer has no ends_time: it is always allowed",
    "is_journey_only": "a default offer is for everybody, and so not is_journey_only",
}
_ATTRIBUTES: Mapping[str, str] = {
    "needs_consent": "a default offer may not have needs_consent",
    "min_age": "a default offer may not have min_age",
    POLICY: f"a default offer is under no contact limit; take {POLICY} away",
    GROUP: f"a default offer is under no contact limit; take {GROUP} away",
}


_FLAGS = ("price_led", "members_only", "personal")
"""Attributes that rules stand on: of another spelling they would be overlooked."""


def check_defaults(entries: Entries, problems: Problems) -> None:
    """Note what could keep a default offer from being shown, and placements without any."""
    offers = {entry.values.get("offer_id"): entry for entry in entries.by_section["offers"]}
    for entry in entries.by_section["offers"]:
        if entry.values.get("kind") == OfferKind.PRODUCT:
            problems.add(entry.where("kind"), "a product is defined by its item, not here")
        _check_flags(entry, problems)
        if entry.values.get("is_default"):
            _check_default_offer(entry, problems)
    for entry in entries.by_section["placements"]:
        for offer_id in entry.values.get("default_offers", ()):
            _check_named(entry, offer_id, offers, problems)
        if not entry.values.get("default_offers", ("?",)):
            problems.add(entry.where("default_offers"), "a placement needs a default offer")


def _check_flags(entry: Entry, problems: Problems) -> None:
    given = entry.values.get("attributes", {})
    for name in _FLAGS:
        if given.get(name, "false") not in ("true", "false"):
            message = f"attributes.{name} must be true or false, is {given[name]!r}"
            problems.add(entry.where("attributes"), message)


def _check_default_offer(entry: Entry, problems: Problems) -> None:
    for name, message in _FIELDS.items():
        if entry.values.get(name):
            problems.add(entry.where(name), message)
    for name, message in _ATTRIBUTES.items():
        if name in entry.values.get("attributes", {}):
            problems.add(entry.where("attributes"), message)
    for name in _FLAGS:
        if entry.values.get("attributes", {}).get(name) == "true":
            problems.add(entry.where("attributes"), f"a default offer is for all: not {name}")
    if entry.values.get("kind") == OfferKind.SURVEY:
        message = "a default offer is shown again and again, and nobody is asked twice: no SURVEY"
        problems.add(entry.where("kind"), message)


def _check_named(
    placement: Entry, offer_id: str, offers: Mapping[str | None, Entry], problems: Problems
) -> None:
    """Check an offer that a placement names as its default."""
    where, offer = placement.where("default_offers"), offers.get(offer_id)
    if offer is None:
        known = suggestion(offer_id, [name for name in offers if name])
        problems.add(where, f"there is no offer {offer_id} in these definitions{known}")
        return
    if not offer.values.get("is_default"):
        problems.add(where, f"{offer_id} must be is_default: true to be a default offer")
    channel, channels = placement.values.get("channel"), offer.values.get("channels")
    if channel and channels and channel not in channels:
        name = Channel.Value.Name(channel)
        problems.add(where, f"{offer_id} is not for {name}, which is the placement's channel")
