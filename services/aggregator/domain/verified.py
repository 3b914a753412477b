"""What may be told to a caller who has not been made sure of: nothing that looks at a person."""

from __future__ import annotations

from services.aggregator.domain.vocabulary import Channel, RemovalCode, Source

BY_VOICE = frozenset({Channel.IVR, Channel.CALL_CENTER})
"""Channels where whoever is heard may be anybody with that telephone."""
_IMPERSONAL_SOURCES = frozenset(
    {
        Source.POPULAR,
        Source.TRENDING,
        Source.GIFT,
        Source.AS_ASKED_FOR,
        Source.DEFAULT,
    }
)
"""They speak of what all buy, or of what the caller just asked."""
_IMPERSONAL_OF_WHAT_IS_NAMED = _IMPERSONAL_SOURCES | {Source.INSTEAD_OF}
"""They do where the item that they speak of is named by the request; else it is one that the person
looked for."""
_IMPERSONAL_CODES = frozenset(
    {
        RemovalCode.OUT_OF_STOCK,
        RemovalCode.OUT_OF_SCHEDULE,
        RemovalCode.WRONG_CHANNEL,
        RemovalCode.EXCLUDED_BY_CALLER,
        RemovalCode.QUIET_HOURS,
        RemovalCode.NO_AGENT,
        RemovalCode.BUDGET_SPENT,
        RemovalCode.NOT_KNOWN_YET,
        RemovalCode.NOT_AUTHENTICATED,
    }
)


def is_sure_enough(channel: int, assurance: int, needed: int) -> bool:
    """Say whether it is sure enough who hears an answer to tell them what is known of the person.

    Both are numbers of the vocabulary's Assurance; nobody known is the least of them.
    """
    return channel not in BY_VOICE or assurance >= needed


def source_may_be_told(source: int, *, is_named: bool = False) -> bool:
    """Say whether a reason of a source tells nothing of a person.

    `is_named`: the request itself names the item that the reason speaks of.
    """
    return source in (_IMPERSONAL_OF_WHAT_IS_NAMED if is_named else _IMPERSONAL_SOURCES)


def removal_may_be_told(code: int) -> bool:
    """Say whether a removal of a code tells nothing of a person."""
    return code in _IMPERSONAL_CODES
