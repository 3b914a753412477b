"""What purchases added to the model, and what of it was taken back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from services.ranker.domain.answers import Answer, Outcome, Place, Row

_LEAST = 1e-9


class Credits:
    """Keeps the acceptances that a return may be about.

    What one purchase accepted, an item and the promotion that it redeemed, is taken back together.
    """

    def __init__(self) -> None:
        self._credited: dict[Place, Row] = {}
        self._returns: defaultdict[Place, dict[str, Row]] = defaultdict(dict)
        """By the event: what it took back there, which may happen in parts."""

    def note(self, row: Row) -> None:
        """Take a row that is no showing."""
        if row.outcome is Outcome.RETURNED:
            self._returns[row.place][row.event_id] = row
        elif row.outcome is not Outcome.DECLINED:
            self._credited[row.place] = row

    def by_buying(self, family_no: int) -> list[Row]:
        """Return what was accepted by buying any variant: itself, and what that redeemed."""
        return [row for row in self._credited.values() if brought(row) == family_no]

    def left_of(self, credited: Sequence[Row], answer: Answer) -> float:
        """Return how many a return has not yet taken back of these; it may be told many times."""
        taken = sum(self._brought_by(rows, answer) for rows in _purchases(credited))
        return _whole(answer.quantity - taken)

    def taken_back(self, credited: Sequence[Row], answer: Answer) -> list[Row]:
        """Return the rows by which a return takes back what acceptances before it had added.

        First that of the order or decision that it names, then the latest, never one of another
        order; of each purchase as many as were bought, so that a part takes back its share. The
        second time no more than what was left of it.
        """
        found, left = [], self.left_of(credited, answer)
        meant = [rows for rows in _purchases(credited) if _may_be_of(rows[0].order_id, answer)]
        for rows in sorted(meant, key=lambda rows: _rank(rows, answer), reverse=True):
            of_it = min(left, self._left_of_purchase(rows))
            if of_it <= 0.0 or max(row.time_us for row in rows) > answer.time_us:
                continue
            found += [_returned(row, answer.event_id, answer.time_us, of_it) for row in rows]
            left = _whole(left - of_it)
        return found

    def taken_back_before(self, credited: Row) -> list[Row]:
        """Return the rows for what was brought back of its purchase before this was credited."""
        if not credited.purchase:
            return []
        returns = {
            each.event_id: each
            for row in self._credited.values()
            if _purchase(row) == _purchase(credited) and row.place != credited.place
            for each in self._returns[row.place].values()
        }
        return [
            _returned(credited, each.event_id, each.time_us, each.quantity)
            for each in returns.values()
        ]

    def _brought_by(self, purchase: Sequence[Row], answer: Answer) -> float:
        taken = (self._returns[row.place].get(answer.event_id) for row in purchase)
        return max(each.quantity if each else 0.0 for each in taken)

    def _left_of_purchase(self, purchase: Sequence[Row]) -> float:
        gone = (
            sum(each.quantity for each in self._returns[row.place].values()) for row in purchase
        )
        return _whole(max(row.quantity for row in purchase) - max(gone))


def brought(row: Row) -> int:
    """Return the family that was bought where this was accepted; what is no item is its own."""
    return row.bought_family_no or row.family_no


def _purchases(credited: Iterable[Row]) -> Iterator[Sequence[Row]]:
    """Yield what each purchase accepted; what is not known to be of one stands alone."""
    found: defaultdict[object, list[Row]] = defaultdict(list)
    for row in sorted(credited, key=lambda row: row.place):
        found[_purchase(row) if row.purchase else row.place].append(row)
    yield from found.values()


def _purchase(row: Row) -> tuple[int, int]:
    return row.purchase, row.bought_family_no


def _may_be_of(order_id: str, answer: Answer) -> bool:
    """Return whether a return may be about a purchase; one that names no order, of any."""
    return not answer.order_id or order_id in ("", answer.order_id)


def _returned(row: Row, event_id: str, time_us: int, quantity: float) -> Row:
    return replace(
        row,
        outcome=Outcome.RETURNED,
        time_us=time_us,
        credit=row.credit * quantity / row.quantity,
        quantity=quantity,
        event_id=event_id,
    )


def _rank(purchase: Sequence[Row], answer: Answer) -> tuple[bool, bool, int, Place]:
    return (
        bool(answer.order_id) and purchase[0].order_id == answer.order_id,
        any(row.decision_id == answer.decision_id for row in purchase),
        max(row.time_us for row in purchase),
        max(row.place for row in purchase),
    )


def _whole(quantity: float) -> float:
    """Return a difference of quantities without what rounding left of it."""
    return quantity if quantity > _LEAST else 0.0
