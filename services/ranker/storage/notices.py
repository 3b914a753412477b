"""Messages of the bus, read into what the learning log is made of, and written from it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from services.ranker.domain.answers import (
    CREDITED,
    DAY_US,
    PURCHASE,
    REDEEMING,
    RETURN,
    TEACHING,
    Answer,
    Decision,
    Shown,
)
from services.ranker.domain.journal import JournalEntry
from services.ranker.domain.learning_log import NumberedRow
from shared.arms import IMPERSONAL
from shared.bus import Message, Publication
from shared.bus.subjects import HISTORY_IMPORTED, LEARNING_GREW
from touchpoint.common.v1.bus_pb2 import (
    DecisionNotice,
    EventNotice,
    EventNotices,
    LearningNotice,
)
from touchpoint.common.v1.vocabulary_pb2 import Origin
from touchpoint.ranker.v1.ranker_pb2 import LearningRow

_SCHEMA_NUMBER = 1
_AS_WE_WRITE_IT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Nearly every id: to parse one takes ten times as long."""
_MOST_ROWS = 150
"""Of one message: they are applied in one slice, and a slice lasts 5 ms at most."""


def journal_entry(data: bytes) -> JournalEntry:
    """Return the entry of a serialised DecisionNotice."""
    notice = DecisionNotice.FromString(data)
    return JournalEntry(notice.decision_id, tuple(notice.person_ids), notice.time_us, data)


def read_decision(data: bytes) -> Decision:
    """Return what a serialised DecisionNotice showed; of some arms nothing is learned."""
    notice = DecisionNotice.FromString(data)
    teaches = notice.arm not in IMPERSONAL
    return Decision(
        notice.decision_id,
        tuple(notice.person_ids),
        notice.time_us,
        [
            Shown(
                chosen.placement,
                chosen.offer_no,
                chosen.features if teaches else b"",
                chosen.selection_probability,
            )
            for chosen in notice.chosen
        ],
        notice.channel,
    )


def bundle_of(data: bytes) -> str:
    """Return the bundle that a serialised DecisionNotice was decided by."""
    return DecisionNotice.FromString(data).bundle_hash


NumberOf = Callable[[str], int]
"""Looks an offer's id up; 0: not known."""


def read_answers(messages: Iterable[Message], number_of: NumberOf) -> list[Answer]:
    """Return the answers among the events, in order; imported and late ones teach nothing.

    A purchase of an item by which a promotion was redeemed answers both.
    """
    answers = []
    for notice in _notices(messages):
        if not _teaches(notice):
            continue
        answers.append(_answer(notice))
        promotion_no = number_of(notice.promotion_id) if notice.promotion_id else 0
        if promotion_no and promotion_no != notice.offer_no:
            answers.append(
                replace(
                    answers[-1],
                    event_id=notice.event_id + REDEEMING,
                    offer_no=promotion_no,
                    family_no=promotion_no,
                )
            )
    return answers


def holds_answers(message: Message) -> bool:
    """Say whether a message tells of events that teach something; most do not."""
    return any(map(_teaches, _notices([message])))


def _notices(messages: Iterable[Message]) -> Iterator[EventNotice]:
    for message in messages:
        if message.subject != HISTORY_IMPORTED:
            yield from EventNotices.FromString(message.data).notices


def _teaches(notice: EventNotice) -> bool:
    if notice.type not in TEACHING or notice.origin == Origin.HISTORY:
        return False
    if notice.received_us - notice.time_us > DAY_US:
        return False
    if notice.decision_id and notice.type != RETURN:
        return True
    return notice.type in CREDITED | {RETURN} and (notice.offer_no > 0 or notice.promotion_id != "")


def _answer(notice: EventNotice) -> Answer:
    return Answer(
        notice.event_id,
        notice.person_id,
        notice.type,
        notice.time_us,
        notice.offer_no,
        notice.family_no or notice.offer_no,
        canonical_id(notice.decision_id) or notice.decision_id,
        notice.placement,
        notice.quantity or 1.0,
        notice.order_id,
        (notice.family_no or notice.offer_no) if notice.type == PURCHASE else 0,
    )


def canonical_id(text: str) -> str:
    """Return an id as we write it, or nothing: a caller may have sent anything for one."""
    if _AS_WE_WRITE_IT.fullmatch(text):
        return text
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return ""


def learning_row(numbered: NumberedRow) -> LearningRow:
    """Return a row as others see it."""
    row = numbered.row
    return LearningRow(
        number=numbered.number,
        decision_id=row.decision_id,
        placement=row.placement,
        offer_no=row.offer_no,
        outcome=row.outcome.value,  # type: ignore[arg-type]
        features=row.features,
        time_us=row.time_us,
        selection_probability=row.selection_probability,
        credit=row.credit,
        reverted=bool(row.reverted_by),
    )


def learning_notices(rows: Sequence[NumberedRow]) -> list[Publication]:
    """Return the messages that tell every replica of new rows."""
    slices = [rows[start : start + _MOST_ROWS] for start in range(0, len(rows), _MOST_ROWS)]
    return [
        Publication.of(
            LEARNING_GREW,
            _SCHEMA_NUMBER,
            LearningNotice(
                number=part[-1].number,
                rows=[learning_row(row).SerializeToString() for row in part],
            ),
        )
        for part in slices
    ]
