"""What an errand says: bytes beside its row, read by whoever does it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast

from services.scenario.domain.actions import MessageOrder
from services.scenario.domain.best_channel import PassedOver
from services.scenario.domain.effects import (
    NotePerson,
    RingBack,
    SendMessage,
    SetAttributes,
    TellAnswer,
)
from services.scenario.domain.errands import Job
from services.scenario.domain.task_kinds import ASKED_FOR
from shared.person_export import plain_message
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1.scenarios_pb2 import Outbound
from touchpoint.scenario.v1.scenario_pb2 import AnswerErrand, AttributesErrand, RingBackErrand

_MESSAGES: Mapping[str, Any] = {
    SetAttributes.kind: AttributesErrand,
    TellAnswer.kind: AnswerErrand,
    **{kind.name: RingBackErrand for kind in ASKED_FOR},
}
Effect = SendMessage | SetAttributes | NotePerson | TellAnswer | RingBack


def payload_of(effect: Effect) -> bytes:
    """Return the payload: an `Outbound`, another errand's message, or a note as UTF-8."""
    if isinstance(effect, TellAnswer):
        return _answer_errand(effect).SerializeToString()
    if isinstance(effect, RingBack):
        return _ring_back_errand(effect).SerializeToString()
    if isinstance(effect, SetAttributes):
        return AttributesErrand(attributes=dict(effect.attributes)).SerializeToString()
    if isinstance(effect, NotePerson):
        return effect.text.encode()
    return payload_of_order(effect.order)


def payload_of_order(order: MessageOrder) -> bytes:
    """Return the payload of a message: an `Outbound`."""
    return Outbound(
        channels=cast("Sequence[Channel.Value.ValueType]", order.channels),
        template=order.template,
        placement=order.placement,
        limit=order.limit,
        offers=order.offer_ids,
        purpose=order.purpose,
        from_own_contact=order.from_own_contact,
    ).SerializeToString()


def job_of(kind: str, payload: bytes) -> Job:
    """Return what an errand of a kind is, as its payload says."""
    if kind == SetAttributes.kind:
        attributes = AttributesErrand.FromString(payload).attributes
        return SetAttributes(tuple(sorted(attributes.items())))
    if kind == NotePerson.kind:
        return NotePerson(payload.decode())
    if kind == TellAnswer.kind:
        return _answer(AnswerErrand.FromString(payload))
    if _MESSAGES.get(kind) is RingBackErrand:
        return _ring_back(kind, RingBackErrand.FromString(payload))
    order = Outbound.FromString(payload)
    return MessageOrder(
        channels=tuple(order.channels),
        template=order.template,
        placement=order.placement,
        limit=order.limit,
        offer_ids=tuple(order.offers),
        purpose=order.purpose,
        from_own_contact=order.from_own_contact,
    )


def said_by(kind: str, payload: bytes) -> Mapping[str, Any]:
    """Return what a payload says, for people to read."""
    if kind == NotePerson.kind:
        return {"note": payload.decode()}
    return plain_message(_MESSAGES.get(kind, Outbound).FromString(payload))


def passed_over_row(channels: Iterable[PassedOver]) -> str:
    """Return channels that were passed over, as JSON."""
    return json.dumps([asdict(each) for each in channels])


def passed_over_by(row: str) -> tuple[PassedOver, ...]:
    """Return what `passed_over_row` wrote."""
    return tuple(PassedOver(**each) for each in json.loads(row))


def _answer_errand(answer: TellAnswer) -> AnswerErrand:
    errand = AnswerErrand(
        event_type=answer.event_type,
        offer_ids=answer.offer_ids,
        key=answer.key,
        decision_id=answer.decision_id,
        channel=cast("Channel.Value.ValueType", answer.channel),
    )
    errand.time.FromMicroseconds(answer.due_us)
    return errand


def _answer(errand: AnswerErrand) -> TellAnswer:
    return TellAnswer(
        errand.event_type,
        tuple(errand.offer_ids),
        errand.time.ToMicroseconds(),
        errand.key,
        errand.decision_id,
        errand.channel or Channel.CALL_CENTER,
    )


def _ring_back_errand(asked: RingBack) -> RingBackErrand:
    errand = RingBackErrand(
        task_id=asked.task_id,
        reason=asked.reason,
        skills=asked.skills,
        offer_ids=asked.offer_ids,
        decision_id=asked.decision_id,
    )
    errand.due_time.FromMicroseconds(asked.due_us)
    errand.expires_time.FromMicroseconds(asked.expires_us)
    return errand


def _ring_back(kind: str, errand: RingBackErrand) -> RingBack:
    return RingBack(
        errand.task_id,
        errand.reason,
        tuple(errand.skills),
        tuple(errand.offer_ids),
        errand.due_time.ToMicroseconds(),
        errand.expires_time.ToMicroseconds(),
        errand.decision_id,
        kind,
    )
