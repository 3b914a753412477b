"""Every ledger counts as the oracle does: limits of all forms, in all zones, over many days."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from random import Random

import pytest

from services.rules.domain.changes import Declined, Seen
from services.rules.domain.contact_limits import ContactLimit, Direction, Per, Window
from services.rules.domain.contacts import LAPSE_US
from services.rules.domain.drafts import CommitOutcome, WantedContact
from services.rules.domain.fullness import full_limits
from services.rules.domain.ledger import Ledger
from services.rules.domain.local_time import find_zone
from tests.contract.rules.contact_oracle import (
    DAY,
    HOUR,
    Noted,
    Oracle,
    lapse_of,
    random_limit,
    random_wanted,
)
from tests.contract.rules.ledger_kit import MINUTE, NOW, contacted, draft, reservation

WEB, EMAIL, SMS, CALL_CENTER, IVR = 1, 4, 5, 7, 8
ZONES = ("UTC", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu")
STARTS = ("2026-03-28", "2026-04-04", "2026-09-05", "2026-10-24", "2026-12-31")
"""The evenings before clocks are changed, and a year's last."""


class Script:
    """Things that happen to somebody in random order, noted by a ledger and by the oracle."""

    def __init__(self, ledger: Ledger, seed: int) -> None:
        self.random = Random(seed)
        self.ledger = ledger
        self.zone = self.random.choice(ZONES)
        self.limits = tuple(
            dataclasses.replace(random_limit(self.random), name=f"limit {number}")
            for number in range(self.random.randint(1, 4))
        )
        self.oracle = Oracle(self.limits, find_zone(self.zone))
        start = datetime.fromisoformat(self.random.choice(STARTS)).replace(tzinfo=UTC)
        self.now_us = round(start.timestamp() * 1e6) + self.random.randint(0, 24 * 60) * MINUTE
        self.persons = self.random.choice([("ann",), ("ann", "bob")])
        self.noted: list[Noted] = []

    async def play(self, steps: int) -> None:
        for step in range(steps):
            self.now_us += self.random.choice([0, MINUTE, 20 * MINUTE, HOUR, 5 * HOUR, 20 * HOUR])
            match self.random.randint(0, 9):
                case 0 | 1:
                    await self._reserve(step)
                case 2:
                    await self._tell(step)
                case 3:
                    await self._see()
                case _:
                    await self._decide(step)

    async def _decide(self, step: int) -> None:
        random = self.random
        session_id = random.choice(["", "", "visit", f"visit {step // 5}"])
        channel = random.choice([WEB, EMAIL, SMS, CALL_CENTER])
        wanted = self._wanted(channel)
        made = draft(
            f"d{step}",
            persons=self.persons,
            now_us=self.now_us,
            channel=channel,
            session_id=session_id,
            wanted=wanted,
            limits=self.limits,
            time_zone=self.zone,
            orders=(),
        )
        result = await self.ledger.commit(made)
        news = [
            Noted(
                f"{made.decision_id}/{place}",
                each,
                self.persons[0],
                channel,
                session_id,
                made.decision_id,
                self.now_us,
                lapse_of(each, self.now_us),
            )
            for place, each in enumerate(wanted)
        ]
        refused = self.oracle.refused(self.noted, news, self.persons, self.now_us)
        assert result.refused == refused.keys(), (self.limits, made, self.noted)
        contacts = await self.ledger.contacts(self.persons, 0, self.now_us)
        assert full_limits(made, result.refused, contacts) == refused, (made, self.noted)
        if result.outcome is CommitOutcome.WRITTEN:
            self._note(news)

    def _wanted(self, channel: int) -> tuple[WantedContact, ...]:
        random = self.random
        numbers = random.sample(range(1, 7), random.randint(1, 4))
        wanted = [random_wanted(random, offer_no=number) for number in numbers]
        if channel != EMAIL:
            return tuple(wanted)
        parts = [dataclasses.replace(each, at_decision=True, is_part=True) for each in wanted]
        whole = dataclasses.replace(random_wanted(random, offer_no=0), at_decision=True)
        return (whole, *parts)

    def _note(self, news: list[Noted]) -> None:
        """Note what was written; of what counts already only the lapse moves."""
        for new in news:
            held = self._held(new)
            if held is None:
                self.noted.append(new)
            elif held.lapse_us:
                later = dataclasses.replace(held, lapse_us=self.now_us + LAPSE_US)
                self.noted[self.noted.index(held)] = later

    def _held(self, new: Noted) -> Noted | None:
        for each in self.noted:
            same = each.wanted.offer_no == new.wanted.offer_no
            place = bool(new.wanted.offer_no) or each.wanted.placement == new.wanted.placement
            form = new.wanted.is_part or not each.wanted.is_part
            joined = each.decision_id == new.decision_id or (
                new.session_id and each.session_id == new.session_id
            )
            if same and place and form and joined and each.counts(self.now_us):
                return each
        return None

    async def _reserve(self, step: int) -> None:
        random = self.random
        channel = random.choice([EMAIL, SMS, CALL_CENTER, IVR])
        wanted = dataclasses.replace(random_wanted(random), at_decision=False)
        until_us = self.now_us + random.choice([HOUR, DAY])
        asked = reservation(
            f"other-{step}",
            person_ids=self.persons,
            policy=wanted.policy,
            channel=channel,
            offer_no=wanted.offer_no,
            kind=wanted.kind,
            group=wanted.group,
            now_us=self.now_us,
            until_us=until_us,
            limits=self.limits,
            time_zone=self.zone,
        )
        new = Noted(
            asked.contact_id, wanted, self.persons[0], channel, "", "", self.now_us, until_us
        )
        granted = await self.ledger.reserve(asked)
        refused = self.oracle.refused(self.noted, [new], self.persons, self.now_us)
        assert granted is not bool(refused), (self.limits, asked, self.noted)
        if granted:
            self.noted.append(new)

    async def _tell(self, step: int) -> None:
        """Tell of what another system sent, a while ago and unasked for."""
        channel = self.random.choice([3, 6])  # nothing is ever reserved there
        wanted = random_wanted(self.random)
        time_us = self.now_us - self.random.choice([0, HOUR, 10 * HOUR])
        await self.ledger.note(
            [
                contacted(
                    step,
                    channel=channel,
                    offer_no=wanted.offer_no,
                    time_us=time_us,
                    policy=wanted.policy,
                    kind=wanted.kind,
                    group=wanted.group,
                )
            ]
        )
        self.noted.append(Noted(f"e{step}", wanted, "ann", channel, "", "", time_us, 0))

    async def _see(self) -> None:
        """See all of a decision, maybe after its reservations have lapsed."""
        decisions = sorted({each.decision_id for each in self.noted} - {""})
        if not decisions:
            return
        seen = self.random.choice(decisions)
        offers = {each.wanted.offer_no for each in self.noted if each.decision_id == seen}
        await self.ledger.note([Seen("ann", seen, offer_no, "") for offer_no in offers if offer_no])
        self.noted = [
            dataclasses.replace(each, lapse_us=0) if each.decision_id == seen else each
            for each in self.noted
        ]


@pytest.mark.parametrize("seed", range(60))
async def test_limits_are_held_as_the_oracle_says(ledger: Ledger, seed: int) -> None:
    await Script(ledger, seed).play(50)


def marketing(at_most: int, **more: object) -> ContactLimit:
    return ContactLimit("marketing", at_most, **more)  # type: ignore[arg-type]


def wanted(*offers: int, **more: object) -> tuple[WantedContact, ...]:
    return tuple(WantedContact(offer, "place", True, **more) for offer in offers)  # type: ignore[arg-type]


async def test_the_tightest_of_several_limits_counts(ledger: Ledger) -> None:
    limits = (marketing(3, within_us=7 * DAY), marketing(1, window=Window.DAY))
    first = draft("d1", wanted=wanted(1, 2), limits=limits)
    assert (await ledger.commit(first)).refused == {1}


async def test_an_offer_in_a_message_counts_for_itself_and_the_message_once(
    ledger: Ledger,
) -> None:
    limits = (marketing(2, within_us=DAY), marketing(1, within_us=DAY, per=Per.OFFER))
    mail = (*wanted(0), *wanted(1, 2, is_part=True))
    assert not (await ledger.commit(draft("d1", wanted=mail, limits=limits))).refused
    again = (*wanted(0), *wanted(2, 3, is_part=True))
    assert (await ledger.commit(draft("d2", wanted=again, limits=limits))).refused == {1}
    page = await ledger.commit(draft("d3", wanted=wanted(4), limits=limits))
    assert not page.refused
    assert [each.contact_id for each in await ledger.contacts_after(0, 10)] == [
        "d1/place/0",
        "d3/place/4",
    ]


async def test_what_is_transactional_is_counted_and_never_limited(ledger: Ledger) -> None:
    limits = (marketing(1, within_us=DAY),)
    for number in range(3):
        owed = draft(f"d{number}", wanted=wanted(number + 1, policy="transactional"), limits=limits)
        assert not (await ledger.commit(owed)).refused
    found = await ledger.contacts(["ann"], NOW - DAY, NOW)
    assert [each.policy for each in found] == ["transactional"] * 3
    assert not (await ledger.commit(draft("d9", wanted=wanted(9), limits=limits))).refused


async def test_a_call_that_we_make_is_outbound_and_one_they_make_is_not(ledger: Ledger) -> None:
    limits = (marketing(1, within_us=DAY, direction=Direction.OUTBOUND),)
    for number in range(2):
        call = draft(f"d{number}", wanted=wanted(number + 1), limits=limits, channel=CALL_CENTER)
        assert not (await ledger.commit(call)).refused
    ours = {"channel": CALL_CENTER, "limits": limits}
    assert await ledger.reserve(reservation("call-1", **ours))
    assert not await ledger.reserve(reservation("call-2", **ours))


async def test_a_day_is_that_of_the_person(ledger: Ledger) -> None:
    limits = (marketing(1, window=Window.DAY),)
    noon = round(datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp() * 1e6)

    async def refused(person: str, hours: float, zone: str) -> bool:
        made = draft(
            f"{person} {hours}",
            persons=(person,),
            wanted=wanted(1),
            limits=limits,
            now_us=noon + round(hours * HOUR),
            time_zone=zone,
        )
        return bool((await ledger.commit(made)).refused)

    for person, zone, midnight in (("ann", "UTC", 12), ("bob", "Asia/Tokyo", 3)):
        assert not await refused(person, 0, zone)
        assert await refused(person, midnight - 0.01, zone)
        assert not await refused(person, midnight, zone)


async def test_while_it_is_closed_only_what_is_held_is_granted(ledger: Ledger) -> None:
    assert await ledger.reserve(reservation("mail-1"))
    assert await ledger.reserve(reservation("mail-1", closed=True))
    assert not await ledger.reserve(reservation("mail-2", closed=True))
    assert len(await ledger.contacts(["ann"], NOW - DAY, NOW)) == 1


async def test_declines_are_known_by_person(ledger: Ledger) -> None:
    await ledger.note(
        [
            Declined("ann", 1, 1, NOW - 3),
            Declined("ann", 1, 1, NOW - 2),
            Declined("ann", 2, 2, NOW - DAY),
            Declined("bob", 3, 3, NOW - 1),
            Declined("cat", 4, 4, NOW - 1),
        ]
    )
    found = await ledger.declined_us(["ann", "bob"], NOW - HOUR)
    assert sorted(found) == [NOW - 2, NOW - 1]
