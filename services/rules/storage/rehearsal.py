"""Gets a connection warm: the statements of a decision about nobody."""

from __future__ import annotations

from services.rules.domain.contact_limits import MARKETING, ContactLimit
from services.rules.domain.drafts import DecisionDraft, StandingOrder, WantedContact
from services.rules.domain.standing import StandingKey
from services.rules.storage.commit_arguments import commit_arguments
from shared.postgres import Queries, Transaction

_SQL = Queries.beside(__file__)
_NOBODY = "rehearsal"
_DRAFT = DecisionDraft(
    decision_id=_NOBODY,
    person_ids=(_NOBODY,),
    identity_key=b"",
    now_us=0,
    channel=0,
    session_id="",
    wanted=(WantedContact(offer_no=1, placement=_NOBODY, at_decision=True),),
    limits=(ContactLimit(MARKETING, at_most=1, within_us=1),),
    asked=b"",
    answer=b"",
    notice=b"",
    trace=b"",
    key=StandingKey(b"", 0, ""),
    sticky_us=1,
    orders=(StandingOrder(_NOBODY, 1, (1,), (1,)),),
)


async def rehearse_decision(transaction: Transaction) -> None:
    """Check and commit; the transaction must be rolled back."""
    await transaction.fetch(_SQL.check_facts, [_NOBODY], 0, 0, _NOBODY, b"", 0, "")
    await transaction.fetchrow(_SQL.commit_decision, *commit_arguments(_DRAFT))
