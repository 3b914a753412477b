"""What the ledger's contract is tested with: drafts, reservations, messages."""

from __future__ import annotations

import dataclasses

from services.rules.domain.changes import Contacted
from services.rules.domain.contact_limits import ContactLimit
from services.rules.domain.drafts import DecisionDraft, Reservation, StandingOrder, WantedContact
from services.rules.domain.ledger import Ledger
from services.rules.domain.retention import Keep
from services.rules.domain.standing import StandingKey

NOW = 1_795_262_400_000_000
MINUTE = 60_000_000
DAY = 24 * 60 * MINUTE
LIMIT = ContactLimit("marketing", 3, 7 * DAY)
KEY = StandingKey(b"digest", 7, "bundle")
EMAIL = 4


def draft(
    decision_id: str, *offers: int, persons: tuple[str, ...] = ("ann",), **changes: object
) -> DecisionDraft:
    made = DecisionDraft(
        decision_id=decision_id,
        person_ids=persons,
        identity_key=b"",
        now_us=NOW,
        channel=1,
        session_id="",
        wanted=tuple(WantedContact(offer, "web.home.banner", False) for offer in offers),
        limits=(LIMIT,),
        asked=repr(offers).encode(),
        answer=f"answer of {decision_id}".encode(),
        notice=f"notice of {decision_id}".encode(),
        trace=f"trace of {decision_id}".encode(),
        key=KEY,
        sticky_us=30 * MINUTE,
        orders=(StandingOrder("web.home.banner", 2, (5, 6, 7), (1, 12, 12)),),
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


async def used(ledger: Ledger, *persons: str, now_us: int = NOW) -> int:
    return len(await ledger.contacts(persons or ("ann",), now_us - LIMIT.within_us, now_us))


def reservation(contact_id: str, **changes: object) -> Reservation:
    made = Reservation(
        contact_id, ("ann",), (), "marketing", EMAIL, 0, NOW, NOW + Keep.RESERVATION_US, (LIMIT,)
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def contacted(number: int, **changes: object) -> Contacted:
    made = Contacted(f"event/ann/{number}", f"e{number}", "ann", "", EMAIL, 0, "", NOW)
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]
