"""How the log of a state is stored: packed columns, and behind them what arrived since."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from operator import attrgetter

from services.profile.domain.event import Topic
from services.profile.domain.log import Entry, Log
from services.profile.domain.making import maker
from touchpoint.profile.v1.state_pb2 import LogState

_MAX_ARRIVED = 32
"""So many events are added behind a stored log before it is read and put in order."""
_ENTRY = maker(Entry)
_FIELDS = attrgetter(*Entry._fields)


def decode_log(part: LogState) -> Log:
    word = part.words[:].__getitem__
    columns = zip(
        part.times_us[:],
        map(word, part.types[:]),
        part.channels[:],
        part.offer_nos[:],
        map(word, part.categories[:]),
        map(word, part.sessions[:]),
        part.durations_s[:],
        part.topics[:] or _topics(part.reassurances),
        strict=True,
    )
    log = list(map(_ENTRY, columns))
    if part.arrived:
        log.extend(map(_ENTRY, map(_FIELDS, part.arrived)))
        log.sort()
    return log


def _topics(reassurances: Iterable[bool]) -> map[int]:
    """Return topics of a row that was written before there were any."""
    return map(Topic.QUESTIONS.__mul__, reassurances)


def encode_log(part: LogState, entries: Log) -> None:
    times, types, channels, offer_nos, categories, sessions, durations, topics = zip(
        *entries, strict=True
    )
    words = dict.fromkeys(chain(types, categories, sessions))
    index = dict(zip(words, range(len(words)), strict=True)).__getitem__
    part.words.extend(words)
    part.times_us.extend(times)
    part.types.extend(map(index, types))
    part.channels.extend(channels)
    part.offer_nos.extend(offer_nos)
    part.categories.extend(map(index, categories))
    part.sessions.extend(map(index, sessions))
    part.durations_s.extend(durations)
    part.reassurances.extend(map(bool, topics))  # for readers that do not know topics yet
    part.topics.extend(topics)


def append(part: LogState, arrived: Log) -> bool:
    """Add events behind a stored log, in any order, if there is room."""
    if len(part.arrived) + len(arrived) > _MAX_ARRIVED:
        return False
    for entry in arrived:
        added = part.arrived.add()
        (
            added.time_us,
            added.type,
            added.channel,
            added.offer_no,
            added.category,
            added.session_id,
            added.duration_s,
            added.topic,
        ) = entry
        added.reassurance = added.topic > 0
    return True
