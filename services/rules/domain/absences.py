"""What a request may be without: conditions that need it cannot hold, and need not be asked."""

from __future__ import annotations

from collections.abc import Mapping

from services.rules.domain.columns import CandidateColumns

_BOUGHT = frozenset(
    f"history.{name}" for name in ("owned", "times_bought", "days_since_bought", "cycle_days")
)
ABSENCES: Mapping[str, frozenset[str]] = {
    "exclusions": frozenset({"offer.excluded_by_caller"}),
    "purchases": frozenset({"history.about_owned"}),
    "bought": _BOUGHT,
    "declines": frozenset({"history.days_since_declined"}),
    "dislikes": frozenset({"history.disliked"}),
    "cart": frozenset({"history.in_cart"}),
    "surveys": frozenset({"history.nothing_to_ask"}),
    "answers": frozenset({"history.days_since_answered"}),
    "promises": frozenset({"history.promised"}),
}
"""What a request may be without, and the columns that then are the same as for nobody."""


def absent(columns: CandidateColumns) -> tuple[str, ...]:
    """Return which of `ABSENCES` this request is without."""
    person, found = columns.person, []
    if not columns.moment.excluded_nos and columns.moment.fence is None:
        found.append("exclusions")
    if not len(person.purchases.family_nos):
        found += ["purchases", "bought"]
    elif columns.purchase_places.max(initial=-1) < 0:
        found.append("bought")
    if not len(person.declines.family_nos):
        found.append("declines")
    if person.dislikes.is_empty:
        found.append("dislikes")
    if not len(person.cart_nos):
        found.append("cart")
    if not person.surveys_done:
        found.append("surveys")
    if not person.surveys_answered:
        found.append("answers")
    if not columns.moment.promised_nos:
        found.append("promises")
    return tuple(found)
