"""The promises and budgets of the ledger in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from services.rules.domain.budgets import Spend
from services.rules.domain.changes import Declined, Redeemed, Seen
from services.rules.domain.contacts import LAPSE_US
from services.rules.domain.drafts import DecisionDraft
from services.rules.domain.promises import LATE_US, OpenPromise, PromiseState, WantedPromise

_HOLDING = (PromiseState.RESERVED, PromiseState.MADE)


@dataclass(frozen=True, slots=True)
class Held:
    """A row of the promises."""

    person_id: str
    offer_no: int
    state: PromiseState
    decision_id: str
    made_us: int
    expires_us: int
    free_us: int
    units: int
    accounts: tuple[str, ...]
    ended_us: int | None = None
    answered_by: str = ""

    @property
    def was_made(self) -> bool:
        return self.state is PromiseState.MADE or self.free_us == self.expires_us + LATE_US

    def stood(self, then_us: int) -> bool:
        if self.state in _HOLDING:
            return self.stands(then_us)
        if self.ended_us is not None:
            return self.ended_us > then_us and self.expires_us > then_us
        until_us = self.expires_us if self.was_made else self.free_us
        return self.state is PromiseState.LAPSED and until_us > then_us

    def stands(self, now_us: int) -> bool:
        return self.state is PromiseState.RESERVED or self.holds(now_us)

    def holds(self, now_us: int) -> bool:
        return self.state is PromiseState.MADE and self.expires_us > now_us


@dataclass
class InMemoryPromises:
    """Promises by number, and what budgets have given."""

    rows: dict[int, Held] = field(default_factory=dict)
    _spends: dict[tuple[int, str], Spend] = field(default_factory=dict)
    _last_no: int = 0

    def make(self, draft: DecisionDraft, written_under: str) -> frozenset[int]:
        """Make or keep what a decision promises, or return what there is no budget for."""
        before, spends, last_no = dict(self.rows), dict(self._spends), self._last_no
        kept = [self._standing(draft, each) for each in draft.promises]
        unmade = frozenset(
            place
            for place, (wanted, number) in enumerate(zip(draft.promises, kept, strict=True))
            if not self._keep_or_make(draft, wanted, number, written_under)
        )
        if unmade:
            self.rows, self._spends, self._last_no = before, spends, last_no
        return unmade

    def numbers(self, persons: Collection[str], now_us: int) -> tuple[tuple[int, ...], ...]:
        """Return the offers promised to a set of persons, and those reserved."""
        theirs = [held for held in self.rows.values() if held.person_id in persons]
        promised = tuple(held.offer_no for held in theirs if held.holds(now_us))
        reserved = (held for held in theirs if held.state is PromiseState.RESERVED)
        return promised, tuple(held.offer_no for held in reserved)

    def numbers_as_of(
        self, persons: Collection[str], then_us: int, without_decision: str
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the same as of a moment in the past, without what one decision made."""
        theirs = [
            held
            for held in self.rows.values()
            if held.person_id in persons
            and held.decision_id != without_decision
            and held.made_us < then_us
            and held.stood(then_us)
        ]
        promised = tuple(held.offer_no for held in theirs if held.was_made)
        return promised, tuple(held.offer_no for held in theirs if not held.was_made)

    def presented_us(self, persons: Collection[str], now_us: int) -> dict[int, int]:
        """Return when each was decided; of several of one offer, of that which holds longest."""
        theirs = [
            held for held in self.rows.values() if held.person_id in persons and held.stands(now_us)
        ]
        is_made = PromiseState.MADE
        theirs.sort(key=lambda held: (held.state is is_made, held.expires_us, -held.made_us))
        return {held.offer_no: held.made_us for held in theirs}

    def holding(self, persons: Collection[str], now_us: int) -> tuple[OpenPromise, ...]:
        """Return those that hold, one of each offer, the latest first."""
        found: dict[int, Held] = {}
        for held in self.rows.values():
            if held.person_id in persons and held.holds(now_us):
                known = found.get(held.offer_no, held)
                longer = held.expires_us, -held.made_us
                is_longer = longer > (known.expires_us, -known.made_us)
                found[held.offer_no] = held if is_longer else known
        latest = sorted(found.values(), key=lambda held: (-held.made_us, held.offer_no))
        return tuple(OpenPromise(held.offer_no, held.made_us, held.expires_us) for held in latest)

    def budgets(self) -> tuple[Spend, ...]:
        return tuple(spend for _, spend in sorted(self._spends.items()))

    def see(self, seen: Seen, persons: Collection[str]) -> None:
        """Make what was reserved and now was seen."""
        for number, held in self.rows.items():
            if held.offer_no != seen.offer_no:
                continue
            is_reserved = held.state is PromiseState.RESERVED
            by_decision = bool(seen.decision_id) and held.decision_id == seen.decision_id
            came_late = (
                held.state is PromiseState.LAPSED
                and not held.accounts
                and held.free_us < held.expires_us
            )
            by_person = held.person_id in persons
            if (by_decision and (is_reserved or came_late)) or (by_person and is_reserved):
                free_us = held.expires_us + LATE_US
                self.rows[number] = replace(held, state=PromiseState.MADE, free_us=free_us)

    def end(self, told: Declined | Redeemed, persons: Collection[str]) -> None:
        """End what was redeemed or turned down."""
        is_redeemed = isinstance(told, Redeemed)
        event_name = told.event_name if isinstance(told, Redeemed) else ""
        ended = PromiseState.REDEEMED if is_redeemed else PromiseState.DECLINED
        for number in self._answered(told, persons):
            held = self.rows[number]
            if held.state is PromiseState.LAPSED and ended is PromiseState.LAPSED:
                return
            self.rows[number] = replace(
                held, state=ended, ended_us=told.time_us, answered_by=event_name or "?"
            )
            self._move(held, spent=ended is PromiseState.REDEEMED)
            if is_redeemed:
                ended = PromiseState.LAPSED

    def lapse(self, now_us: int) -> int:
        due = [
            number
            for number, held in self.rows.items()
            if held.state in _HOLDING and held.free_us <= now_us
        ]
        for number in due:
            self._move(self.rows[number])
            self.rows[number] = replace(self.rows[number], state=PromiseState.LAPSED)
        return len(due)

    def erase(self, persons: Collection[str]) -> None:
        for number, held in list(self.rows.items()):
            if held.person_id and held.person_id in persons:
                del self.rows[number]
                if held.state in _HOLDING:
                    self._move(held)

    def forget(self, before_us: int) -> None:
        self.rows = {
            number: held
            for number, held in self.rows.items()
            if held.state in _HOLDING or held.free_us >= before_us
        }

    def _standing(self, draft: DecisionDraft, wanted: WantedPromise) -> int:
        """Return the number of the promise that stands; 0: none does."""
        found = [
            (held.state, held.expires_us, -number)
            for number, held in self.rows.items()
            if held.offer_no == wanted.offer_no
            and held.stands(draft.now_us)
            and (
                held.person_id in draft.person_ids
                if draft.person_ids
                else held.decision_id == draft.decision_id
            )
        ]
        return -max(found)[2] if found else 0

    def _keep_or_make(
        self, draft: DecisionDraft, wanted: WantedPromise, number: int, written_under: str
    ) -> bool:
        state = PromiseState.MADE if wanted.at_decision else PromiseState.RESERVED
        reserved_us = draft.now_us + LAPSE_US
        if number:
            held = self.rows[number]
            if held.state is PromiseState.RESERVED:
                free_us = held.expires_us + LATE_US if wanted.at_decision else reserved_us
                self.rows[number] = replace(held, state=state, free_us=free_us)
            return True
        taken = self._take(wanted) if wanted.expires_us > draft.now_us else None
        if taken is None:
            return False
        self._last_no += 1
        self.rows[self._last_no] = Held(
            written_under,
            wanted.offer_no,
            state,
            draft.decision_id,
            draft.now_us,
            wanted.expires_us,
            wanted.expires_us + LATE_US if wanted.at_decision else reserved_us,
            wanted.units,
            taken,
        )
        return True

    def _take(self, wanted: WantedPromise) -> tuple[str, ...] | None:
        """Take of the whole and of the first other account that has room; None: there is none."""
        open_ones = [
            account.name
            for account in wanted.accounts
            if self._taken(wanted.offer_no, account.name) + wanted.units <= account.most
        ]
        names = tuple(account.name for account in wanted.accounts)
        if not names:
            return ()
        taken = (names[0], *[name for name in names[1:] if name in open_ones][:1])
        if names[0] not in open_ones or len(taken) < min(len(names), 2):
            return None
        for name in taken:
            spend = self._spend(wanted.offer_no, name)
            self._spends[wanted.offer_no, name] = replace(spend, held=spend.held + wanted.units)
        return taken

    def _answered(self, told: Declined | Redeemed, persons: Collection[str]) -> Sequence[int]:
        """Return the promises that an answer ends, that of its decision first, lapsed ones last."""
        found = []
        for number, held in self.rows.items():
            of_decision = bool(told.decision_id) and held.decision_id == told.decision_id
            is_theirs = of_decision or (held.person_id and held.person_id in persons)
            if held.offer_no != told.offer_no or not is_theirs:
                continue
            if isinstance(told, Redeemed):
                if told.event_name and held.answered_by == told.event_name:
                    return ()
                is_answered = _is_redeemed(held, told)
            else:
                in_time = held.made_us <= told.time_us or of_decision
                is_answered = held.state in _HOLDING and in_time
            if is_answered:
                has_lapsed = held.state is PromiseState.LAPSED
                found.append((has_lapsed, not of_decision, -held.state, number))
        return [number for *_, number in sorted(found)]

    def _move(self, held: Held, *, spent: bool = False) -> None:
        """Give back what a promise held, or take it as spent."""
        for name in held.accounts:
            spend = self._spend(held.offer_no, name)
            is_held = held.state in _HOLDING
            self._spends[held.offer_no, name] = replace(
                spend,
                held=spend.held - (held.units if is_held else 0),
                spent=spend.spent + (held.units if spent else 0),
            )

    def _taken(self, offer_no: int, account: str) -> int:
        spend = self._spend(offer_no, account)
        return spend.held + spend.spent

    def _spend(self, offer_no: int, account: str) -> Spend:
        return self._spends.get((offer_no, account), Spend(offer_no, account, 0, 0))


def _is_redeemed(held: Held, told: Redeemed) -> bool:
    """Say whether a promise is what was redeemed; one that had lapsed by then may be, too."""
    if told.time_us > held.expires_us or (told.received_us and held.made_us > told.received_us):
        return False
    return held.state in _HOLDING or (
        held.state is PromiseState.LAPSED
        and not held.answered_by
        and held.was_made
        and held.made_us <= told.time_us
    )
