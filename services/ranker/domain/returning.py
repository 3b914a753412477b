"""What purchases added to the model, and what of it was taken back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from services.ranker.domain.answers import Answer, Outcome, Place, Row

_LEAST = 1e-9


class Credits:
    """Keeps the acceptances that a return may be about."""

    def __init__(self) -> None:
        self._credited: dict[Place, Row] = {}
        self._returns: defaultdict[Place, dict[str, float]] = defaultdict(dict)
        """How many each return brought back of what was bought there."""

    def note(self, row: Row) -> None:
        """Take a row that is no showing."""
        if row.outcome is Outcome.RETURNED:
            self._returns[row.place][row.event_id] = row.quantity
        elif row.outcome is not Outcome.DECLINED:
            self._credited[row.place] = row

    def of_family(self, family_no: int) -> list[Row]:
        """Return the acceptances of any variant."""
        return [row for row in self._credited.values() if row.family_no == family_no]

    def left_of(self, credited: Sequence[Row], answer: Answer) -> float:
        """Return how many a return has not yet taken back of these; it may be told many times."""
        taken = sum(self._returns[row.place].get(answer.event_id, 0.0) for row in credited)
        return _whole(answer.quantity - taken)

    def taken_back(self, credited: Sequence[Row], answer: Answer) -> list[Row]:
        """Return the rows by which a return takes back what acceptances before it had added.

        First the one that it names, then the latest; of each as many as were bought, so that a
        part takes back its share. The second time no more than what was left of it.
        """
        rows, left = [], self.left_of(credited, answer)
        for row in sorted(credited, key=lambda row: _rank(row, answer), reverse=True):
            of_it = min(left, _whole(row.quantity - sum(self._returns[row.place].values())))
            if row.time_us > answer.time_us or of_it <= 0.0:
                continue
            rows.append(
                replace(
                    row,
                    outcome=Outcome.RETURNED,
                    time_us=answer.time_us,
                    credit=row.credit * of_it / row.quantity,
                    quantity=of_it,
                    event_id=answer.event_id,
                )
            )
            left = _whole(left - of_it)
        return rows


def _whole(quantity: float) -> float:
    """Return a difference of quantities without what rounding left of it."""
    return quantity if quantity > _LEAST else 0.0


def _rank(row: Row, answer: Answer) -> tuple[bool, int, Place]:
    return row.decision_id == answer.decision_id, row.time_us, row.place
