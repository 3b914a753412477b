"""Makes rows of tables out of what the services stream."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cli.exporting.described import as_json, values_of
from cli.exporting.money import Money
from cli.exporting.table import Values
from shared.arms import assign_variants
from shared.experiments import ExperimentPlan
from touchpoint.common.v1.bus_pb2 import ContactNotice, DecisionNotice
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow
from touchpoint.common.v1.decision_pb2 import VariantOf
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel, OfferKind, Origin, Source
from touchpoint.profile.v1.transfer_pb2 import EventRecords, LinkRecord, PersonRecord

_CHANNELS = {value: name for name, value in Channel.Value.items()}
_ORIGINS = {value: name for name, value in Origin.Value.items()}
_ARMS = {value: name for name, value in Arm.Value.items()}
_SOURCES = {value: name for name, value in Source.Value.items()}
_KINDS = {value: name for name, value in OfferKind.Value.items()}

Row = Mapping[str, Any]
to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def columns(rows: Sequence[Row]) -> Values:
    """Turn rows into columns."""
    return {name: [row.get(name) for row in rows] for name in rows[0]} if rows else {}


def events(records: EventRecords, money: Money | None = None) -> Values:
    """Return the columns of `events`, and so also those of impressions and answers."""
    types, offer_ids = records.types[:], _texts(records.offer_ids)
    amounts = records.price_micros, records.cost_micros, records.value_micros
    currencies = money.of_events(offer_ids, *amounts) if money else [None] * len(types)
    return {
        "event_id": records.event_ids[:],
        "caller": records.callers[:],
        "person_id": records.person_ids[:],
        "type": types,
        "answer": types,
        "time": records.times_us[:],
        "received_time": records.received_us[:],
        "channel": [_CHANNELS.get(number) for number in records.channels],
        "origin": [_ORIGINS.get(number) for number in records.origins],
        "session_id": records.session_ids[:],
        "order_id": records.order_ids[:],
        "offer_id": offer_ids,
        "category": records.categories[:],
        "brand": records.brands[:],
        "price": records.price_micros[:],
        "cost": records.cost_micros[:],
        "quantity": records.quantities[:],
        "value": records.value_micros[:],
        "currency": currencies,
        "decision_id": _texts(records.decision_ids),
        "placement": _texts(records.placements),
        "gift": records.gifts[:],
        "duration_s": records.durations_s[:],
        "reassurance": records.reassurances[:],
        "topic": records.topics[:],
        "variant": _texts(records.variants),
        "details": _texts(records.details),
        "private": _texts(records.privates),
        "owner": _texts(records.owners),
    }


def _texts(cells: Iterable[str]) -> list[str | None]:
    return [cell or None for cell in cells]


def profile(snapshot: PersonSnapshot) -> Row:
    cells = {**dict(values_of(snapshot)), **dict(values_of(snapshot.traits, nested=True))}
    return {**cells, "profile_id": snapshot.person_ids[0], "as_of": snapshot.as_of_us}


def person(record: PersonRecord) -> Row:
    return {
        "person_id": record.person_id,
        "profile_id": record.profile_id,
        "created_time": record.created_us,
        "name": record.name or None,
        "identities": [as_json(each) for each in record.identities],
        "attributes": [as_json(each) for each in record.attributes],
        "relationships": [as_json(each) for each in record.relationships],
        "referrals": [as_json(each) for each in record.referrals],
    }


def link(record: LinkRecord) -> Row:
    return {
        "link_id": record.link_id,
        "person_id": record.person_id,
        "other_person_id": record.other_person_id,
        "event_id": record.event_id or None,
        "linked_time": record.linked_us,
    }


def segments(snapshot: PersonSnapshot) -> list[Row]:
    profile_id = snapshot.person_ids[0]
    return [{"profile_id": profile_id, "segment": segment} for segment in snapshot.segments]


def assignment(snapshot: PersonSnapshot, bundle_hash: str, plan: ExperimentPlan) -> Row:
    """Return the arm of a customer and the variants of what is running in `plan`."""
    oldest_id = snapshot.person_ids[0]
    return {
        "profile_id": oldest_id,
        "arm": _ARMS.get(snapshot.arm),
        "bundle_hash": bundle_hash,
        "variants": _variants(assign_variants(plan, oldest_id)),
    }


def _variants(found: Iterable[VariantOf]) -> dict[str, str] | None:
    return {each.experiment: each.variant for each in found} or None


def decision(notice: DecisionNotice, offer_ids: Mapping[int, str]) -> list[Row]:
    """Return a row per place that was filled, or one if none was."""
    head = {
        "decision_id": notice.decision_id,
        "person_id": notice.person_ids[0] if notice.person_ids else None,
        "time": notice.time_us,
        "channel": _CHANNELS.get(notice.channel),
        "arm": _ARMS.get(notice.arm),
        "variants": _variants(notice.variants),
        "bundle_hash": notice.bundle_hash,
        "model": notice.model,
        "degraded": notice.degraded,
        "standing": notice.standing,
    }
    empty = dict.fromkeys(
        ("placement", "position", "offer_id", "acceptance_probability", "selection_probability",
         "score", "source", "replaced")
    )  # fmt: skip
    return [
        head
        | {
            "placement": each.placement,
            "position": each.position,
            "offer_id": offer_ids.get(each.offer_no),
            "acceptance_probability": each.acceptance_probability,
            "selection_probability": each.selection_probability,
            "score": each.score,
            "source": _SOURCES.get(each.source),
            "replaced": each.replaced,
        }
        for each in notice.chosen
    ] or [head | empty]


def contact(notice: ContactNotice, offer_ids: Mapping[int, str]) -> Row:
    return {
        "contact_id": notice.contact_id,
        "person_id": notice.person_id,
        "time": notice.time_us,
        "state": notice.state,
        "policy": notice.policy,
        "channel": _CHANNELS.get(notice.channel),
        "offer_id": offer_ids.get(notice.offer_no),
    }


def item(row: CatalogueRow, offer_ids: Mapping[int, str]) -> Row:
    is_variant = row.family_no not in (0, row.offer_no)
    return {
        "item_id": row.offer_id,
        "title": row.title,
        "category": row.category or None,
        "brand": row.brand or None,
        "price": row.price_micros if row.currency or row.price_micros else None,
        "cost": row.cost_micros if row.cost_micros >= 0 else None,
        "currency": row.currency or None,
        "stock": row.stock if row.stock >= 0 else None,
        "variant_of": offer_ids.get(row.family_no) if is_variant else None,
        "released": row.released_us or None,
        "withdrawn": row.withdrawn,
        "words": [as_json(each) for each in row.creative.words],
        "attributes": dict(row.attributes),
    }


def offer(row: CatalogueRow, offer_ids: Mapping[int, str]) -> Row:
    return {
        "offer_id": row.offer_id,
        "kind": _KINDS.get(row.kind),
        "title": row.title,
        "text": row.creative.text or None,
        "link": row.creative.link or None,
        "about_categories": list(row.about_categories),
        "about_items": [offer_ids[number] for number in row.about_nos if number in offer_ids],
        "channels": [_CHANNELS[number] for number in row.channels],
        "value": row.value_micros if row.currency or row.value_micros else None,
        "currency": row.currency or None,
        "starts": row.starts_us or None,
        "ends": row.ends_us or None,
        "lever": row.lever,
        "withdrawn": row.withdrawn,
        "is_default": row.is_default,
        "is_defined": row.is_defined,
        "is_journey_only": row.is_journey_only,
        "channel_creatives": [as_json(each) for each in row.channel_creatives],
        "words": [as_json(each) for each in row.creative.words],
        "attributes": dict(row.attributes),
    }
