"""The words of the contracts that the edge reasons about, with the numbers they have there."""

from __future__ import annotations

from enum import IntEnum


class Channel(IntEnum):
    """Where a person is met."""

    UNSPECIFIED = 0
    WEB = 1
    APP = 2
    PUSH = 3
    EMAIL = 4
    SMS = 5
    DIRECT_MAIL = 6
    CALL_CENTER = 7
    IVR = 8
    CHAT = 9
    STORE = 10


class Kind(IntEnum):
    """What kind of thing is proposed."""

    UNSPECIFIED = 0
    PRODUCT = 1
    PROMOTION = 2
    CONTENT = 3
    SERVICE = 4
    SURVEY = 5


class Source(IntEnum):
    """Where a candidate came from."""

    UNSPECIFIED = 0
    FOR_YOU = 1
    PEOPLE_LIKE_YOU = 2
    ALSO_BOUGHT = 3
    BOUGHT_NEXT = 4
    SIMILAR = 5
    IN_SESSION = 6
    BUY_AGAIN = 7
    INSTEAD_OF = 8
    GOES_WITH_CART = 9
    GIFT = 10
    AS_ASKED_FOR = 11
    POPULAR = 12
    TRENDING = 13
    OFFER = 14
    JOURNEY = 15
    DEFAULT = 16
    EXTERNAL = 17


class EvidenceKind(IntEnum):
    """What the evidence of a candidate says of the item that it names."""

    UNSPECIFIED = 0
    BOUGHT_TOGETHER = 1
    VIEWED_THEN_BOUGHT = 2
    VIEWED_TOGETHER = 3
    BOUGHT_NEXT = 4
    UPGRADE = 5
    SAME_STYLE = 6
    IN_ONE_ORDER = 7
    GIVEN_TO_ALIKE = 8
    BOUGHT_BY_ALIKE = 9
    OF_INTEREST = 10
    MADE_FOR_ALIKE = 11


class RemovalCode(IntEnum):
    """Why a candidate was removed."""

    UNSPECIFIED = 0
    OWNED = 1
    DECLINED = 2
    DISLIKED = 3
    OUT_OF_STOCK = 4
    OUT_OF_SCHEDULE = 5
    WRONG_CHANNEL = 6
    EXCLUDED_BY_CALLER = 7
    CONTACT_LIMIT = 8
    QUIET_HOURS = 9
    NO_CONSENT = 10
    NOT_AUTHENTICATED = 11
    AGE_RESTRICTED = 12
    NO_AGENT = 13
    CART_TOO_SMALL = 14
    BUDGET_SPENT = 15
    COMPLAINT_OPEN = 16
    NOT_DUE = 17
    NOT_KNOWN_YET = 18
    MEMBERS_ONLY = 19
    NOT_SUITABLE = 20


class SlateCause(IntEnum):
    """What decided a place where it was not the scores alone."""

    UNSPECIFIED = 0
    PIN = 1
    SHARE = 2
    AT_MOST = 3
    DIVERSITY = 4
    EXCLUSION = 5


class Arm(IntEnum):
    """Which treatment a person gets."""

    UNSPECIFIED = 0
    HOLDOUT = 1
    STATIC = 2
    PERSONALISED = 3


def name_of(words: type[IntEnum], number: int) -> str:
    """Return the word with a number; `UNSPECIFIED` for one that only a newer service knows."""
    word = words._value2member_map_.get(number)
    return word.name if word is not None else "UNSPECIFIED"
