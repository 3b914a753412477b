"""What a contact policy means, said plainly: contacts in a list, counted one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from services.rules.domain.contact_limits import ContactLimit, Direction, Per, Window
from services.rules.domain.contacts import LAPSE_US
from services.rules.domain.drafts import WantedContact

HOUR = 3_600_000_000
DAY = 24 * HOUR
WE_SEND = {3, 4, 5, 6}
WE_MAY_CALL = {7, 8}


@dataclass(frozen=True, slots=True)
class Noted:
    """A contact as the oracle remembers it."""

    key: str
    wanted: WantedContact
    person: str
    channel: int
    session_id: str
    decision_id: str
    time_us: int
    lapse_us: int
    """0: confirmed."""

    def counts(self, now_us: int) -> bool:
        return not self.lapse_us or self.lapse_us > now_us

    @property
    def is_outbound(self) -> bool:
        return self.channel in WE_SEND or (not self.decision_id and self.channel in WE_MAY_CALL)


@dataclass(frozen=True, slots=True)
class Oracle:
    """Says what may be noted, given all that was."""

    limits: Sequence[ContactLimit]
    zone: ZoneInfo

    def refused(
        self, noted: Sequence[Noted], news: Sequence[Noted], persons: Sequence[str], now_us: int
    ) -> dict[int, str]:
        """Return which of the news are one too many, and by which limit first.

        Each that is not counts for those after it.
        """
        counting = [each for each in noted if each.person in persons and each.counts(now_us)]
        refused: dict[int, str] = {}
        for place, new in enumerate(news):
            if is_held(new, counting[: len(counting) - len(news[:place]) + len(refused)]):
                counting.append(replace(new, key="held", person=""))
                continue
            full = [each for each in self.limits if self._is_full(each, new, counting, now_us)]
            if full:
                refused[place] = full[0].rule
            else:
                counting.append(new)
        return refused

    def _is_full(
        self, limit: ContactLimit, new: Noted, counting: Sequence[Noted], now_us: int
    ) -> bool:
        if not self._speaks_of(limit, new) or (
            limit.window is Window.SESSION and not new.session_id
        ):
            return False
        same = [
            each
            for each in counting
            if each.key != "held"
            and self._speaks_of(limit, each)
            and self._within(limit, each, new, now_us)
            and self._alike(limit, each, new)
        ]
        return len(same) >= limit.at_most

    def _speaks_of(self, limit: ContactLimit, noted: Noted) -> bool:
        wanted = noted.wanted
        of_offers = limit.per in (Per.OFFER, Per.GROUP) or limit.kinds or limit.offer_no
        if of_offers or limit.group:
            if not wanted.offer_no:
                return False
        elif wanted.is_part:
            return False
        return (
            wanted.policy == limit.policy
            and (not limit.channels or noted.channel in limit.channels)
            and (limit.direction is Direction.BOTH
                or noted.is_outbound == (limit.direction is Direction.OUTBOUND))
            and (not limit.kinds or wanted.kind in limit.kinds)
            and (not limit.offer_no or wanted.offer_no == limit.offer_no)
            and (not limit.group or wanted.group == limit.group)
            and (limit.per is not Per.GROUP or bool(wanted.group))
        )  # fmt: skip

    def _within(self, limit: ContactLimit, noted: Noted, new: Noted, now_us: int) -> bool:
        match limit.window:
            case Window.SESSION:
                return noted.session_id == new.session_id and now_us - noted.time_us < DAY
            case Window.DAY:
                return self._date(noted.time_us) >= self._date(now_us)
            case Window.WEEK:
                return self._week(noted.time_us) >= self._week(now_us)
        return now_us - noted.time_us < limit.within_us

    def _alike(self, limit: ContactLimit, noted: Noted, new: Noted) -> bool:
        match limit.per:
            case Per.CHANNEL:
                return noted.channel == new.channel
            case Per.OFFER:
                return noted.wanted.offer_no == new.wanted.offer_no
            case Per.GROUP:
                return noted.wanted.group == new.wanted.group
        return True

    def _date(self, at_us: int) -> date:
        instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)
        return instant.astimezone(self.zone).date()

    def _week(self, at_us: int) -> tuple[int, int]:
        found = self._date(at_us).isocalendar()
        return found.year, found.week


def is_held(new: Noted, counting: Sequence[Noted]) -> bool:
    """Say whether something counts for it already: in its session, or made by its decision."""
    return any(
        each.key != "held"
        and each.wanted.offer_no == new.wanted.offer_no
        and (new.wanted.offer_no or each.wanted.placement == new.wanted.placement)
        and (new.wanted.is_part or not each.wanted.is_part)
        and (
            (new.decision_id and each.decision_id == new.decision_id)
            or (new.session_id and each.session_id == new.session_id)
        )
        for each in counting
    )


def random_limit(random: Random) -> ContactLimit:
    """Return a limit of any form."""
    window = random.choice([Window.ROLLING, Window.ROLLING, *Window])
    per = random.choice([Per.PERSON, *Per])
    return ContactLimit(
        random.choice(["marketing", "marketing", "service"]),
        random.randint(1, 4),
        random.choice([HOUR, 6 * HOUR, DAY, 7 * DAY]) if window is Window.ROLLING else 0,
        window,
        per,
        frozenset(random.sample([1, 4, 5, 7], 2)) if random.random() < 0.3 else frozenset(),
        random.choice([Direction.BOTH, *Direction]),
        frozenset({2}) if random.random() < 0.2 else frozenset(),
        group="summer" if per is Per.PERSON and random.random() < 0.2 else "",
        offer_no=random.randint(1, 4) if per is Per.PERSON and random.random() < 0.2 else 0,
    )


def random_wanted(random: Random, *, offer_no: int | None = None) -> WantedContact:
    """Return a contact with one of six offers; a few of them are transactional or of a group."""
    number = random.randint(1, 6) if offer_no is None else offer_no
    policy = {0: "marketing", 5: "transactional", 6: "service"}.get(number, "marketing")
    group = {1: "summer", 2: "summer", 3: "winter"}.get(number, "")
    kind = 0 if not number else 2 + number % 2
    return WantedContact(number, "place", random.random() < 0.5, policy, kind, group)


def lapse_of(wanted: WantedContact, now_us: int) -> int:
    return 0 if wanted.at_decision else now_us + LAPSE_US
