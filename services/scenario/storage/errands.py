"""Errands kept in PostgreSQL, beside the journeys that they are done for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.scenario.domain.campaigns import Became, Campaign, Taken, keys_of, new_ones
from services.scenario.domain.carts import Beginning, Cart
from services.scenario.domain.effects import SendMessage
from services.scenario.domain.errand_steps import interrupted
from services.scenario.domain.errand_store import NONE_TAKEN
from services.scenario.domain.errands import Dispatch, Job, State, Step
from services.scenario.domain.facts import Happened
from services.scenario.domain.lanes import LANES, rooms
from services.scenario.domain.taking import take_message_outcome
from services.scenario.storage.payloads import (
    job_of,
    passed_over_by,
    passed_over_row,
    payload_of_order,
)
from services.scenario.storage.transaction import PostgresJourneyTransaction
from shared.postgres import Database, Queries, Row

_SQL = Queries.beside(__file__, "errands.sql")


class _FencedError(Exception):
    """The errand is another's by now, or nobody's: what was read of it is no longer so."""


class PostgresErrands:
    """An `ErrandStore` on the service's schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(
        self,
        owner: str,
        now_us: int,
        lease_s: float,
        limit: int,
        taken: Mapping[int, int] = NONE_TAKEN,
    ) -> list[Dispatch]:
        lanes = [list(column) for column in zip(*rooms(limit, taken), strict=True)]
        if not lanes:
            return []
        rows = await self._database.fetch(_SQL.claim_errands, owner, now_us, lease_s, *lanes)
        claimed = [interrupted(dispatch_of(row)) for row in rows]
        return sorted(claimed, key=lambda each: (each.due_us, each.errand_id))

    async def keep(self, step: Step, lease_s: float, news: Happened | None) -> bool:
        after = step.dispatch
        row = _kept_row(step, lease_s if after.is_held else step.pause_s)
        try:
            async with self._database.transaction() as opened:
                transaction = await PostgresJourneyTransaction.enter(opened)
                if news is not None or after.state is State.WAITING:
                    # Journeys are locked before their errands, as by whoever moves them.
                    groups = await transaction.sets_of([after.person_id])
                    await transaction.open_of(groups.get(after.person_id, ()))
                if not await opened.fetch(_SQL.keep_errand, *row):
                    raise _FencedError
                if news is not None:
                    await take_message_outcome(
                        transaction, after.journey_id, after.occurrence, news, news.time_us
                    )
        except _FencedError:
            return False
        return True

    async def leave(self, dispatch: Dispatch, pause_s: float, obstacle: str) -> None:
        await self._database.execute(
            _SQL.leave_errand, dispatch.errand_id, dispatch.token, pause_s, obstacle
        )

    async def needs_call(self, task_id: str, now_us: int, *, again: bool) -> bool:
        return bool(await self._database.fetchval(_SQL.needs_call, task_id, now_us, again))

    async def next_due_us(self, lanes: Sequence[int] = LANES) -> int:
        return int(await self._database.fetchval(_SQL.next_errand, list(lanes)))

    async def latest_messages(self, journey_ids: Sequence[str]) -> Mapping[str, Dispatch]:
        rows = await self._database.fetch(_SQL.latest_messages, list(journey_ids))
        return {row["journey_id"]: dispatch_of(row) for row in rows}

    async def beginning_of(self, journey_id: str) -> Beginning:
        for row in await self._database.fetch(_SQL.beginning_of, journey_id):
            quantities = tuple(row["cart_quantities"])
            cart = Cart(tuple(row["cart_nos"]), quantities, row["cart_value_micros"])
            return Beginning(cart, row["item_no"])
        return Beginning()

    async def order(self, campaign: Campaign, messages: Sequence[Dispatch]) -> Taken:
        async with self._database.transaction() as opened:
            transaction = await PostgresJourneyTransaction.enter(opened)
            sets = await transaction.sets_of([each.person_id for each in messages])
            keys = [key for persons in sets.values() for key in keys_of(campaign, persons)]
            rows = await opened.fetch(_SQL.known_errands, keys)
            new, taken = new_ones(campaign, messages, sets, {row["errand_id"] for row in rows})
            columns = zip(*(_new_row(campaign, each) for each in new), strict=True)
            written = await opened.fetch(_SQL.order_messages, *columns) if new else ()
        # Whoever ordered the same at the same time was first.
        late = taken.ordered - len(written)
        return taken._replace(ordered=taken.ordered - late, told_already=taken.told_already + late)

    async def told(self, campaign: Campaign, person_ids: Sequence[str]) -> frozenset[str]:
        by_key = {campaign.key(each): each for each in person_ids}
        rows = await self._database.fetch(_SQL.known_errands, list(by_key))
        return frozenset(by_key[row["errand_id"]] for row in rows)

    async def count_told(self, campaign: Campaign) -> Mapping[Became, int]:
        rows = await self._database.fetch(_SQL.count_told, campaign.name, campaign.offer_id)
        return {Became(row["state"], row["reason"]): row["people"] for row in rows}

    async def forget(self, before_us: int) -> int:
        return int(await self._database.fetchval(_SQL.forget_errands, before_us))


def dispatch_of(row: Row) -> Dispatch:
    job: Job = job_of(row["kind"], row["payload"])
    return Dispatch(
        errand_id=row["errand_id"],
        person_id=row["person_id"],
        job=job,
        due_us=row["due_us"],
        expires_us=row["expires_us"],
        journey_id=row["journey_id"] or "",
        occurrence=row["occurrence"],
        scenario=row["scenario"],
        stage=row["stage_name"],
        state=State(row["state"]),
        is_open=row["is_open"],
        reason=row["reason"],
        tries=row["tries"],
        setbacks=row["setbacks"],
        doubts=row["doubts"],
        asked=row["asked"],
        tried_us=row["tried_us"],
        obstacle=row["obstacle"],
        channel=row["channel"],
        why=row["why"],
        passed_over=passed_over_by(row["passed_over"]),
        contact_id=row["contact_id"],
        decision_id=row["decision_id"],
        offer_id=row["offer_id"],
        provider_id=row["provider_id"],
        sent_us=row["sent_us"],
        token=row["token"],
        campaign=row["campaign"],
    )


def _new_row(campaign: Campaign, message: Dispatch) -> tuple[object, ...]:
    return (
        message.errand_id,
        message.person_id,
        SendMessage.kind,
        message.lane,
        payload_of_order(message.order),
        message.due_us,
        message.expires_us,
        campaign.name,
        campaign.offer_id,
    )


def _kept_row(step: Step, pause_s: float) -> tuple[object, ...]:
    after = step.dispatch
    return (
        after.errand_id,
        after.token,
        after.state.value,
        after.is_open,
        after.reason,
        after.due_us,
        after.tries,
        after.setbacks,
        after.doubts,
        after.asked,
        after.channel,
        after.why,
        after.contact_id,
        after.decision_id,
        after.offer_id,
        after.provider_id,
        after.sent_us,
        step.at_us,
        after.is_held,
        float(pause_s),
        after.tried_us,
        passed_over_row(after.passed_over),
    )
