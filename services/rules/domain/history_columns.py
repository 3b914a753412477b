"""The columns of `history`: what passed between the person and each candidate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from services.rules.domain import history
from services.rules.domain.person import among

if TYPE_CHECKING:
    from services.rules.domain.columns import CandidateColumns


def _purchases(make: Callable[..., Any]) -> Callable[[CandidateColumns], Any]:
    return lambda columns: make(
        columns.purchase_places, columns.person.purchases, columns.moment.now_us
    )


HISTORY_COLUMNS: Mapping[str, Callable[[CandidateColumns], Any]] = {
    "history.promised": lambda columns: columns.promised,
    "history.owned": _purchases(history.owned),
    "history.times_bought": _purchases(history.times_bought),
    "history.days_since_bought": _purchases(history.days_since_bought),
    "history.cycle_days": _purchases(history.cycle_days),
    "history.days_since_declined": lambda columns: history.days_since_declined(
        columns.history, columns.person.declines, columns.moment.now_us
    ),
    "history.disliked": lambda columns: history.disliked(
        columns.history, columns.catalogue, columns.person.dislikes
    ),
    "history.in_cart": lambda columns: history.in_cart(
        columns.history, columns.catalogue, columns.person.cart_nos
    ),
    "history.nothing_to_ask": lambda columns: among(columns.offer_nos, columns.person.surveys_done),
    "history.days_since_answered": lambda columns: history.days_since_answered(
        columns.offer_nos, columns.person.surveys_answered, columns.moment.now_us
    ),
    "history.about_owned": lambda columns: history.about_owned(
        columns.history, columns.catalogue, columns.purchase_lookup
    ),
}
"""What makes each field of `history`."""
