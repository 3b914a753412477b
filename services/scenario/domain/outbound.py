"""Messages on their way out: what they say, who carries them, and what can become of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from services.scenario.domain.actions import MessageOrder
from services.scenario.domain.carts import NO_CART, Cart


class Fate(Enum):
    """What became of a message."""

    SENT = "sent"
    SKIPPED = "skipped"
    """It may not, or need not, be sent."""
    FAILED = "failed"
    """It was certainly not sent, and will not be."""
    UNKNOWN = "unknown"
    """It may have been sent: nobody tries again until that is known."""
    LATER = "later"
    """It was certainly not sent, and is tried again."""


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt came to."""

    fate: Fate
    reason: str = ""
    """In words, without anything personal."""
    after_s: float = 0.0
    """LATER: not before so long, in machine time."""
    provider_id: str = ""
    """By which its carrier knows it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that is still to be written: whose, what is ordered, and for which stage."""

    person_id: str
    order: MessageOrder
    journey_id: str = ""
    """Empty, as are its scenario and stage: it is sent for no journey."""
    scenario: str = ""
    stage: str = ""
    oldest_id: str = ""
    """The oldest id of the person's set, by which it is known what is in force for them; empty: the
    person's own."""
    time_zone: str = ""
    """Of the person; empty: not known."""
    cart: Cart = NO_CART
    """Of the person now; empty: what was in it when the journey began is told."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it leaves the house. Personal: it is kept nowhere and never logged."""

    channel: int
    """Number of `Channel`."""
    address: str
    """An e-mail address, a number in E.164, a device's token, or a postal address in lines."""
    subject: str = ""
    text: str = ""
    html: str = ""
    sender_name: str = ""
    sender_address: str = ""
    """Empty: the house's own."""
    reply_to: str = ""
    """Whom an answer goes to; empty: the sender."""
    headers: Mapping[str, str] = field(default_factory=dict)
    decision_id: str = ""
    """Of what it carries; empty: it carries nothing that was decided."""
    offer_ids: Sequence[str] = ()


NO_ADDRESS = "NO_ADDRESS"
"""The reason of a composer that knows no address of the person on a channel: another may do."""


NOTHING_TO_SAY = "NOTHING_TO_SAY"
"""The reason of a composer that found nothing worth sending."""


class Composer(Protocol):
    """Says what a message says to its person, as they are at this moment.

    Whoever asks holds a contact for it already, and knows that it may be sent on that channel.
    """

    async def compose(self, draft: Draft, channel: int) -> Message | Result:
        """Return the message on a channel, or why there is none.

        SKIPPED: nothing is worth sending, or there is no address (`NO_ADDRESS`). FAILED: a template
        misses a value. LATER: it is asked again.
        Raises the kit's errors where that cannot be known now.
        """
        ...


class Carrier(Protocol):
    """Brings messages of one channel out of the house."""

    async def carry(self, message: Message, key: str) -> Result:
        """Send a message; the same key is never sent twice as far as the carrier can help it."""
        ...

    async def ask(self, key: str) -> Result:
        """Say what became of a message that was UNKNOWN; UNKNOWN where the carrier cannot tell."""
        ...
