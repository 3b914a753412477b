"""Errands kept in memory beside their journeys, for tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.scenario.domain.actions import MessageOrder
from services.scenario.domain.campaigns import Became, Campaign, Taken, new_ones
from services.scenario.domain.carts import Beginning
from services.scenario.domain.effects import Due, RingBack, SendMessage, TellAnswer
from services.scenario.domain.errand_steps import interrupted
from services.scenario.domain.errand_store import NONE_TAKEN
from services.scenario.domain.errands import Dispatch, Job, State, Step
from services.scenario.domain.facts import Happened
from services.scenario.domain.journey import Journey
from services.scenario.domain.lanes import LANES, rooms
from services.scenario.domain.taking import take_message_outcome
from services.scenario.storage.in_memory_journeys import InMemoryJourneys


class InMemoryErrands:
    """An `ErrandStore` on journeys in memory that forgets with its process."""

    def __init__(self, journeys: InMemoryJourneys) -> None:
        self._journeys = journeys
        self._kept: dict[str, Dispatch] = {}
        self._leases: dict[str, float] = {}
        self._changed_us: dict[str, int] = {}

    def all(self) -> dict[str, Dispatch]:
        """Return every errand there is, by id."""
        for errand_id, (journey, due) in self._journeys.errands.items():
            known = self._kept.get(errand_id)
            if known is None:
                known = self._kept[errand_id] = first_dispatch(errand_id, journey, due)
            if errand_id in self._journeys.cancelled and known.state is State.WAITING:
                self._kept[errand_id] = replace(known, state=State.CANCELLED, is_open=False)
        for errand_id, (_, dispatch) in self._journeys.campaigns.items():
            self._kept.setdefault(errand_id, dispatch)
        gone = self._kept.keys() - self._journeys.errands.keys() - self._journeys.campaigns.keys()
        for errand_id in gone:
            del self._kept[errand_id]
        return self._kept

    async def beginning_of(self, journey_id: str) -> Beginning:
        journey = self._journeys.journeys.get(journey_id)
        return Beginning(journey.cart, journey.item_no) if journey is not None else Beginning()

    async def claim(
        self,
        owner: str,
        now_us: int,
        lease_s: float,
        limit: int,
        taken: Mapping[int, int] = NONE_TAKEN,
    ) -> list[Dispatch]:
        async with self._journeys.alone():
            due = [each for each in self._free() if each.due_us <= now_us]
            due.sort(key=lambda each: (each.due_us, each.errand_id))
            room = dict(rooms(limit, taken))
            claimed = []
            for dispatch in due:
                if not room.get(dispatch.lane):
                    continue
                room[dispatch.lane] -= 1
                held = replace(dispatch, token=dispatch.token + 1)
                self._kept[held.errand_id] = held
                self._leases[held.errand_id] = self._journeys.machine_s() + lease_s
                claimed.append(interrupted(held))
            return claimed

    async def keep(self, step: Step, lease_s: float, news: Happened | None) -> bool:
        after = step.dispatch
        async with self._journeys.transaction() as transaction:
            known = self.all().get(after.errand_id)
            if known is None or not known.is_open or known.token != after.token:
                return False
            if news is not None:
                await take_message_outcome(
                    transaction, after.journey_id, after.occurrence, news, news.time_us
                )
            self._kept[after.errand_id] = replace(after, obstacle="")
            self._changed_us[after.errand_id] = step.at_us
            pause_s = lease_s if after.is_held else step.pause_s
            self._leases[after.errand_id] = self._journeys.machine_s() + pause_s
        return True

    async def leave(self, dispatch: Dispatch, pause_s: float, obstacle: str) -> None:
        async with self._journeys.alone():
            known = self.all().get(dispatch.errand_id)
            if known is not None and known.is_open and known.token == dispatch.token:
                self._kept[dispatch.errand_id] = replace(known, obstacle=obstacle)
                self._leases[dispatch.errand_id] = self._journeys.machine_s() + pause_s

    async def needs_call(self, task_id: str, now_us: int, *, again: bool) -> bool:
        task, _ = self._journeys.tasks.get(task_id, (None, 0))
        if task is None or task.is_over(now_us) or task.tries:
            return False
        return not (again and task.is_held(now_us))

    async def next_due_us(self, lanes: Sequence[int] = LANES) -> int:
        return min((each.due_us for each in self._free() if each.lane in lanes), default=0)

    async def latest_messages(self, journey_ids: Sequence[str]) -> Mapping[str, Dispatch]:
        found: dict[str, Dispatch] = {}
        for each in self.all().values():
            if each.journey_id in journey_ids and isinstance(each.job, MessageOrder):
                known = found.get(each.journey_id, each)
                found[each.journey_id] = max(known, each, key=lambda one: one.occurrence)
        return found

    async def order(self, campaign: Campaign, messages: Sequence[Dispatch]) -> Taken:
        async with self._journeys.transaction() as transaction:
            sets = await transaction.sets_of([each.person_id for each in messages])
            kept = self._journeys.campaigns
            new, taken = new_ones(campaign, messages, sets, kept.keys())
            kept.update((each.errand_id, (campaign, each)) for each in new)
        return taken

    async def told(self, campaign: Campaign, person_ids: Sequence[str]) -> frozenset[str]:
        known = self._journeys.campaigns
        return frozenset(each for each in person_ids if campaign.key(each) in known)

    async def count_told(self, campaign: Campaign) -> Mapping[Became, int]:
        known = self.all()
        return Counter(
            Became(known[key].state.value, known[key].told_reason)
            for key, (each, _) in self._journeys.campaigns.items()
            if each == campaign
        )

    async def forget(self, before_us: int) -> int:
        over = [
            key
            for key, each in self.all().items()
            if each.campaign and not each.is_open and self._changed_us.get(key, 0) < before_us
        ]
        for key in over:
            del self._journeys.campaigns[key]
        return len(over)

    def _free(self) -> list[Dispatch]:
        now_s = self._journeys.machine_s()
        return [
            each
            for each in self.all().values()
            if each.is_open
            and self._leases.get(each.errand_id, now_s) <= now_s
            and not self._rests(each)
        ]

    def _rests(self, dispatch: Dispatch) -> bool:
        journey = self._journeys.journeys.get(dispatch.journey_id)
        return journey is not None and journey.dormant and not journey.is_over


def first_dispatch(errand_id: str, journey: Journey, due: Due) -> Dispatch:
    """Return an errand as it is when its journey has just ordered it."""
    effect = due.effect
    job: Job
    if isinstance(effect, SendMessage):
        job, due_us, expires_us = effect.order, effect.due_us, effect.expires_us
    elif isinstance(effect, RingBack):
        job, due_us, expires_us = effect, effect.due_us, effect.expires_us
    elif isinstance(effect, TellAnswer):
        job, due_us, expires_us = effect, effect.due_us, 0
    else:
        job, due_us, expires_us = effect, journey.entered_us, 0  # type: ignore[assignment]
    return Dispatch(
        errand_id=errand_id,
        person_id=journey.person_id,
        job=job,
        due_us=due_us,
        expires_us=expires_us,
        journey_id=journey.journey_id,
        occurrence=due.occurrence,
        scenario=journey.scenario.name,
        stage=journey.scenario.stages[due.stage].name,
        passed_over=getattr(effect, "passed_over", ()),
    )
