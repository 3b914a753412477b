"""Every figure of the results comes out of an export of the same suite as well."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import uuid
from datetime import timedelta

import pytest

from shared.testing.suite import running_suite
from tests.journeys.channels import Channel, Channels, only, until
from tests.journeys.definitions import for_everybody
from tests.journeys.shop import (
    BIKES,
    FREE_SHIPPING,
    ITEMS,
    LAMP,
    NEAR_EVERY_OFFER,
    OFFERS,
    SHOE,
    SHOE_IN_BLUE,
)
from touchpoint.aggregator.v1.aggregator_pb2 import Context
from touchpoint.common.v1.vocabulary_pb2 import Arm, OfferKind
from touchpoint.common.v1.vocabulary_pb2 import Channel as ChannelName
from touchpoint.profile.v1.profile_service_pb2 import StreamMembershipsRequest
from touchpoint.ranker.v1 import ranker_service_pb2 as pb
from touchpoint.rules.v1.rules_service_pb2 import StreamDecisionsRequest

pytest.importorskip("duckdb", reason="recomputing needs duckdb (extra dev)")
pytest.importorskip("pyarrow", reason="exports need pyarrow (extra parquet)")
from tests.unit.ranker.measures.warehouse import Warehouse

PEOPLE, PATIENT_S = 24, 300
ARMS = {"holdout: 0%": "holdout: 35%\n  static: 25%"}
IN_VIEW = Context(item_ids=NEAR_EVERY_OFFER)


@pytest.fixture(scope="module")
async def held_out(tmp_path_factory):
    """A suite in which many are held out, or shown the default offers."""
    home = tmp_path_factory.mktemp("results")
    definitions = tmp_path_factory.mktemp("definitions") / "shop"
    settings = for_everybody(definitions)
    parameters = definitions / "parameters.yaml"
    text = parameters.read_text("utf-8")
    for shipped, ours in ARMS.items():
        assert shipped in text
        text = text.replace(shipped, ours)
    parameters.write_text(text, "utf-8")
    flags = ("--data", "none", "--port", "0", "--colocate")
    async with (
        running_suite(home, *flags, environment=settings) as suite,
        Channels.opened(suite) as opened,
    ):
        await opened.stock(ITEMS, OFFERS, NEAR_EVERY_OFFER)
        yield opened


async def see(channels, person, pick):
    """Be shown a page, see some of it, and return what was seen as answers say it."""
    placement, channel = pick.choice(
        [("web.home.banner", Channel.WEB), ("agent.prompt", Channel.CALL_CENTER)]
    )
    answer = await channels.recommend(person, placement, channel, limit=4, context=IN_VIEW)
    told = []
    for each in [each for place in answer.placements for each in place.recommendations]:
        about = {"decision_id": answer.decision_id, "placement": placement}
        about |= {"item_id": each.item_id} if each.item_id else {"offer_id": each.offer_id}
        told.append(about)
        if channel == Channel.WEB and pick.random() < 0.8:
            await channels.track(person, "impression", **about)
    return told


async def act(channels, person, pick):
    """Do what people do, on this channel and that."""
    for item_id in pick.sample([LAMP, SHOE, SHOE_IN_BLUE, BIKES[0][1], "tv-1", "dvd-1"], 3):
        await channels.track(person, "view", item_id=item_id)
    told = await see(channels, person, pick)
    for about in pick.sample(told, min(2, len(told))):
        kind = pick.choice(["click", "accept", "decline"])
        await channels.track(person, kind, **about)
    if pick.random() < 0.5:
        await channels.track(person, "add_to_cart", item_id=LAMP)
    bought = [about for about in told if "item_id" in about]
    if bought and pick.random() < 0.6:
        about = pick.choice(bought)
        order = {"order_id": f"order-{uuid.uuid4()}", "item_id": about["item_id"], "value": 90}
        await channels.track(person, "purchase", channel=Channel.STORE, **order)
        if pick.random() < 0.3:
            await channels.track(person, "return", channel=Channel.STORE, **order)
    if pick.random() < 0.3:
        redeemed = {"item_id": SHOE, "offer_id": FREE_SHIPPING, "value": 80, "quantity": 2}
        await channels.track(person, "purchase", **redeemed)
    if pick.random() < 0.3:
        await channels.track(person, "survey_answer", attributes={"rating": pick.randrange(11)})
    for name in pick.sample(["unsubscribe", "complaint", "refer", "page_view"], 1):
        await channels.track(person, name)


async def told_story(channels, somebody):
    """Let people come again over two months; some turn out to be one late."""
    pick = random.Random(11)
    people = [somebody(f"shopper-{number}") for number in range(PEOPLE)]
    for days in (0, 2, 61):
        if days:
            await channels.move_clock(timedelta(days=days))
        for number, person in enumerate(people):
            kinds = ("visitor",) if number % 3 == 0 and days < 61 else ("customer",)
            await act(channels, only(person, *kinds), pick)
    before = await counted(channels)
    late = people[::3]
    for person in late:
        await channels.track(only(person, "customer", "visitor"), "login")

    async def are_one():
        return await counted(channels) == before - len(late)

    await until(are_one)


async def counted(channels):
    """Return how many customers are measured, once the ranker has every decision."""
    stream = channels.stubs["rules"].StreamDecisions(StreamDecisionsRequest(), timeout=30)
    made = sum([len(part.decisions) async for part in stream])

    async def all_are_journalled():
        return (await results_of(channels)).decisions == made

    await until(all_are_journalled)
    return sum(told.people for told in (await results_of(channels)).arms)


async def results_of(channels, until_time=None):
    request, end = pb.GetResultsRequest(), until_time or channels.now()
    request.until_time.FromDatetime(end)
    request.since_time.FromDatetime(end - timedelta(days=90))
    stream = channels.stubs["ranker"].GetResults(request, timeout=60)
    return [told async for told in stream][-1].results


async def exported(channels, folder):
    """Export the suite as people do."""
    words = ("export", str(folder), "--in-house", "--json", "--home", str(channels.suite.home))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", *words), env=os.environ
    )
    assert await process.wait() == 0


@pytest.mark.timeout(PATIENT_S)
async def test_every_figure_is_recomputed_by_its_query_on_an_export(held_out, somebody, tmp_path):
    await told_story(held_out, somebody)
    end = held_out.now()
    await exported(held_out, tmp_path / "warehouse")
    warehouse = Warehouse(tmp_path / "warehouse", (await results_of(held_out, end)).sql)
    await same_members(held_out, warehouse)
    found = await results_of(held_out, end)

    assert {told.arm for told in found.arms} == {Arm.HOLDOUT, Arm.STATIC, Arm.PERSONALISED}
    for measure in found.measures:
        assert sum(value.part for value in measure.values), f"the story has no {measure.name}"
        same_values(measure, warehouse)
        same_splits(measure, warehouse)
    same_kinds(found, warehouse)
    same_offers(found, warehouse)
    same_channels(found, warehouse)
    same_segments(found, warehouse)
    points = {(row["begin_us"], row["arm"]): row for row in warehouse.rows(found.points_query)}
    for point in found.points:
        row = points.pop((point.time.ToMicroseconds(), Arm.Value.Name(point.arm)))
        assert point.contribution == pytest.approx(row["contribution"])
    assert points == {}


async def same_members(channels, warehouse):
    """Wait until it is found by itself who is in which segment: an export looks anew."""
    rows = warehouse.rows(
        "SELECT person_id, segment FROM members JOIN customers USING (profile_id)"
    )
    wanted = {(str(row["person_id"]), row["segment"]) for row in rows}

    async def are_found():
        stream = channels.stubs["profile"].StreamMemberships(StreamMembershipsRequest(), timeout=30)
        parts = [part.memberships async for part in stream]
        told = {
            (person_id, segment)
            for part in parts
            for person_id, segment, is_member in zip(
                part.person_ids, part.segments, part.is_members, strict=True
            )
            if is_member
        }
        return told == wanted

    await until(are_found)


def same_values(measure, warehouse):
    rows = warehouse.by("arm", measure.query)
    for value in measure.values:
        row = rows.get(Arm.Value.Name(value.arm), {"part": 0, "whole": 0, "people": 0})
        told = (value.part, value.whole, value.people)
        assert told == pytest.approx((row["part"], row["whole"], row["people"])), measure.name
        if value.whole:
            assert value.value == pytest.approx(row["value"])
        if value.error > 0:
            assert value.error == pytest.approx(row["error"])


def same_splits(measure, warehouse):
    pairs = {(row["seen"], row["bought"]): row for row in warehouse.rows(measure.channels_query)}
    for each in measure.channels:
        row = pairs.pop((ChannelName.Value.Name(each.seen), ChannelName.Value.Name(each.bought)))
        told = (each.people, each.part, each.whole, each.value)
        assert told == pytest.approx(
            (row["people"], row["part"], row["whole"], row["value"]), abs=1e-9
        ), measure.name
    assert pairs == {}


def same_kinds(found, warehouse):
    kinds = warehouse.by("kind", found.kinds_query)
    for kind in found.kinds:
        row = kinds.pop(OfferKind.Value.Name(kind.kind))
        for name in ("people", "shown", "clicks", "accepted", "declined", "acceptance"):
            assert getattr(kind, name) == pytest.approx(row[name]), (kind.kind, name)
    assert kinds == {}


def same_offers(found, warehouse):
    offers = warehouse.by("offer_id", found.offers_query)
    assert len(offers) == len(found.offers)
    for offer in found.offers:
        row = offers[offer.offer_id]
        for name in ("people", "shown", "clicks", "accepted", "declined", "worth", "revenue"):
            assert getattr(offer, name) == pytest.approx(row[name]), (offer.offer_id, name)
    assert any(offer.accepted for offer in found.offers)


def same_channels(found, warehouse):
    pairs = {(row["seen"], row["bought"]): row for row in warehouse.rows(found.channels_query)}
    for pair in found.channels:
        seen = ChannelName.Value.Name(pair.seen) if pair.seen else None
        row = pairs.pop((seen, ChannelName.Value.Name(pair.bought)))
        assert (pair.purchases, pair.revenue) == pytest.approx((row["purchases"], row["revenue"]))
    assert pairs == {}
    assert any(pair.seen not in (0, pair.bought) for pair in found.channels)


def same_segments(found, warehouse):
    rows = {(row["segment"], row["measure"]): row for row in warehouse.rows(found.segments_query)}
    assert found.segments
    for segment in found.segments:
        for measure, value in zip(found.measures, segment.values, strict=True):
            if value.whole:
                row = rows[segment.segment, measure.name]
                assert value.value == pytest.approx(row["value"]), (segment.segment, measure.name)
