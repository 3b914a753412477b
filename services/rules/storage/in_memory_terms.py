"""The terms of promises in memory, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from services.rules.domain.promised_terms import TermsVersion
from services.rules.storage.in_memory_promises import InMemoryPromises


@dataclass
class InMemoryTerms:
    """See `TermsStore`; `promises` are those of the ledger."""

    promises: InMemoryPromises = field(default_factory=InMemoryPromises)
    _rows: dict[tuple[int, int], TermsVersion] = field(default_factory=dict)

    async def all(self) -> Sequence[TermsVersion]:
        return [row for _, row in sorted(self._rows.items())]

    async def add(self, versions: Sequence[TermsVersion]) -> None:
        for each in versions:
            known = [row for row in self._of(each.offer_no) if row.version <= each.version]
            if not known or known[-1].terms != each.terms:
                self._rows[each.offer_no, each.version] = each

    async def forget(self, before_us: int) -> int:
        gone = [
            (row.offer_no, row.version)
            for offer_no in {number for number, _ in self._rows}
            for row, after in pairwise(self._of(offer_no))
            if after.since_us < before_us and not self._is_needed(row, after.since_us)
        ]
        for key in gone:
            del self._rows[key]
        return len(gone)

    def _of(self, offer_no: int) -> list[TermsVersion]:
        return [row for (number, _), row in sorted(self._rows.items()) if number == offer_no]

    def _is_needed(self, row: TermsVersion, until_us: int) -> bool:
        held = self.promises.rows.values()
        return any(each.offer_no == row.offer_no and each.made_us < until_us for each in held)
