"""What was presented stays theirs, and no more is promised than there is budget for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import grpc
import pytest
import pytest_asyncio

from services.rules.config import shipped_definitions
from services.rules.definitions.files import read_folder
from services.rules.domain.changes import Identified, Redeemed, Seen
from services.rules.storage.terms import PostgresTerms
from services.rules.terms_keeping import KeptTerms
from tests.grpc.rules.rules_kit import (
    DAY_US,
    FREE_SHIPPING,
    GUIDE,
    LAPTOP,
    LAPTOP_PROMO,
    LAPTOP_RED,
    RUNNING_PROMO,
    SHOES,
    SURVEY,
    Rules,
    ann,
    codes,
    kept,
    key,
    offer,
)
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow, Creative
from touchpoint.common.v1.vocabulary_pb2 import Assurance, Channel, OfferKind, Source
from touchpoint.rules.v1 import rules_service_pb2 as pb
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

SPRING = f"offer-{RUNNING_PROMO}"
OWN = f"""\
segments:
  - {{segment: best, when: customer.frequency > 9}}
offers:
  - offer_id: {SPRING}
    kind: PROMOTION
    title: Spring
    promise: 14d
    budget: {{most: 2, parts: [{{segment: best, most: 1}}]}}
"""


@pytest_asyncio.fixture(loop_scope="session")
async def spring(rules: Rules) -> Rules:
    """Two springs are to be had, one of them by the best."""
    own = DefinitionFile(path="spring.yaml", text=OWN)
    files = [*read_folder(shipped_definitions()), own]
    applied = await rules.stub.ApplyDefinitions(pb.ApplyDefinitionsRequest(files=files), timeout=10)
    assert not [each for each in applied.problems if not each.warning]
    return rules


async def present(rules: Rules, person: str, *segments: str, **more: Any) -> pb.CommitResponse:
    """Show the spring to somebody on the phone, where a contact counts at once."""
    context = rules.context("agent.prompt", channel=Channel.CALL_CENTER, **more)
    snapshot = ann(person_ids=[person])
    return await rules.commit(
        RUNNING_PROMO, next_best=(GUIDE,), person=snapshot, context=context, segments=segments
    )


def shown(response: pb.CommitResponse) -> list[int]:
    return [chosen.offer_no for chosen in response.placements[0].chosen]


async def promises(rules: Rules, person: str = "ann") -> list[int]:
    request = pb.GetContactsRequest(person_ids=[person])
    found = await rules.stub.GetContacts(request, timeout=5)
    return [each.offer_no for each in found.promises]


async def test_a_promise_is_told_with_when_it_was_made_and_until_when_it_holds(
    spring: Rules,
) -> None:
    await present(spring, "ann")
    request = pb.GetContactsRequest(person_ids=["ann"])
    [promise] = (await spring.stub.GetContacts(request, timeout=5)).promises
    assert promise.offer_no == RUNNING_PROMO
    assert promise.made_time.ToMicroseconds() == spring.clock.now_us()
    assert promise.expires_time.ToMicroseconds() == spring.clock.now_us() + 14 * DAY_US
    spring.clock.advance(timedelta(days=14))
    assert await promises(spring) == []


async def test_what_is_shown_on_the_web_is_promised_when_it_was_seen(rules: Rules) -> None:
    context = rules.context()
    await rules.commit(FREE_SHIPPING, LAPTOP, context=context)
    assert await promises(rules) == []
    await rules.ledger.note([Seen("ann", context.decision_id, FREE_SHIPPING, "")])
    assert await promises(rules) == [FREE_SHIPPING]


async def test_a_race_for_the_last_of_a_budget_is_told_and_the_next_best_is_shown(
    spring: Rules,
) -> None:
    assert shown(await present(spring, "ann")) == [RUNNING_PROMO]
    refused = await present(spring, "bob")
    assert shown(refused) == [GUIDE]
    assert codes(refused) == {RUNNING_PROMO: "BUDGET_SPENT"}
    assert list(refused.refused.rules) == ["budget"]
    assert refused.placements[0].chosen[0].replaced
    assert shown(await present(spring, "cat", "best")) == [RUNNING_PROMO]


async def test_what_has_no_budget_left_is_removed_for_those_it_is_spent_for(
    spring: Rules,
) -> None:
    await present(spring, "ann")
    await spring.spending.keep_up()
    bob, best = ann(person_ids=["bob"]), ann(person_ids=["cat"], segments=["best"])
    response = await spring.check(RUNNING_PROMO, LAPTOP, person=bob)
    assert codes(response) == {RUNNING_PROMO: "BUDGET_SPENT"}
    assert not codes(await spring.check(RUNNING_PROMO, LAPTOP, person=best))
    assert not codes(await spring.check(RUNNING_PROMO, LAPTOP, person=ann()))
    spring.clock.advance(timedelta(days=15))
    await spring.spending.keep_up()
    assert not codes(await spring.check(RUNNING_PROMO, LAPTOP, person=bob))


async def test_what_is_theirs_is_brought_back_when_it_was_withdrawn(spring: Rules) -> None:
    await present(spring, "ann")
    change(spring, RUNNING_PROMO, withdrawn=True)
    elsewhere = spring.context(context_digest=b"another page")
    response = await spring.check(LAPTOP, person=ann(), context=elsewhere)
    assert list(response.added.offer_nos) == [RUNNING_PROMO]
    assert list(response.added.sources) == [Source.OFFER]
    assert RUNNING_PROMO in kept(response, LAPTOP)
    bob = ann(person_ids=["bob"])
    assert codes(await spring.check(RUNNING_PROMO, person=bob)) == {
        RUNNING_PROMO: "OUT_OF_SCHEDULE"
    }
    assert shown(await present(spring, "ann")) == [RUNNING_PROMO]
    late = await present(spring, "bob")
    assert codes(late) == {RUNNING_PROMO: "OUT_OF_SCHEDULE"}


def change(rules: Rules, offer_no: int, **fields: Any) -> None:
    """Let the catalogue say something else of an offer or item."""
    row = rules.catalogue.details(offer_no)
    for name in fields:
        row.ClearField(name)  # type: ignore[arg-type]
    row.MergeFrom(CatalogueRow(**fields))
    version = rules.catalogue.version
    rules.catalogue.apply(CatalogueBatch(previous_version=version, version=version + 1, rows=[row]))
    rules.terms.note([offer_no])


async def test_what_is_theirs_is_so_on_channels_where_the_offer_is_presented_to_nobody(
    spring: Rules,
) -> None:
    change(spring, RUNNING_PROMO, channels=[Channel.CALL_CENTER])
    assert shown(await present(spring, "ann")) == [RUNNING_PROMO]
    web = spring.context(context_digest=b"another page")
    bob = ann(person_ids=["bob"])
    assert codes(await spring.check(RUNNING_PROMO, person=bob, context=web)) == {
        RUNNING_PROMO: "WRONG_CHANNEL"
    }
    assert RUNNING_PROMO in kept(await spring.check(LAPTOP, person=ann(), context=web), LAPTOP)
    shop = spring.context("web.gift", context_digest=b"a page without promotions")
    assert kept(await spring.check(LAPTOP, person=ann(), context=shop), LAPTOP) == [LAPTOP]
    mail = spring.context("email.body", channel=Channel.EMAIL, context_digest=b"a letter")
    unasked = ann(consents=[])
    assert codes(await spring.check(RUNNING_PROMO, person=unasked, context=mail)) == {
        RUNNING_PROMO: "NO_CONSENT"
    }


async def test_a_holder_keeps_the_terms_that_were_presented_to_them(spring: Rules) -> None:
    async def told(person: str) -> list[tuple[str, str]]:
        page = spring.context(context_digest=b"another page")
        response = await spring.check(RUNNING_PROMO, person=ann(person_ids=[person]), context=page)
        return [(each.title, each.creative.text) for each in response.promised_terms]

    change(spring, RUNNING_PROMO, title="Spring", creative=Creative(text="10% off"))
    await present(spring, "ann")
    assert await told("ann") == []
    spring.clock.advance(timedelta(hours=1))
    change(spring, RUNNING_PROMO, creative=Creative(text="5% off"))
    await present(spring, "cat", "best")
    assert await told("ann") == [("Spring", "10% off")]
    assert await told("cat") == []
    await spring.ledger.note([Identified(key("ann's").key, "ann", ("ann",), 1, False)])
    unknown = spring.context(identity_keys=[key("ann's")], context_digest=b"another page")
    [terms] = (await spring.check(RUNNING_PROMO, context=unknown)).promised_terms
    assert terms.creative.text == "10% off"
    [promise] = (
        await spring.stub.GetContacts(pb.GetContactsRequest(person_ids=["ann"]), timeout=5)
    ).promises
    assert promise.terms.creative.text == "10% off"
    spring.clock.advance(timedelta(hours=1))
    change(spring, RUNNING_PROMO, creative=Creative(text="10% off"))
    assert await told("ann") == []
    assert [text for _, text in await told("cat")] == ["5% off"]


async def test_terms_are_kept_when_rules_starts_anew(spring: Rules) -> None:
    change(spring, RUNNING_PROMO, title="Spring")
    await present(spring, "ann")
    await spring.terms.keep_up()
    spring.clock.advance(timedelta(hours=1))
    made_us = spring.clock.now_us() - 3_600_000_000
    anew = KeptTerms(PostgresTerms(spring.database), spring.catalogue, spring.clock)
    await anew.load()
    change(spring, RUNNING_PROMO, title="Summer")
    anew.note([RUNNING_PROMO])
    found = anew.unlike_now(RUNNING_PROMO, made_us)
    assert found is not None
    assert found.title == "Spring"


async def test_what_is_reserved_is_shown_again_on_the_terms_it_was_decided_on(
    rules: Rules,
) -> None:
    change(rules, FREE_SHIPPING, title="From 20")
    await rules.commit(FREE_SHIPPING, context=rules.context())
    rules.clock.advance(timedelta(minutes=1))
    change(rules, FREE_SHIPPING, title="From 50")
    response = await rules.check(FREE_SHIPPING, person=ann())
    assert [each.title for each in response.promised_terms] == ["From 20"]


async def test_what_is_sold_out_in_every_variant_is_promised_to_nobody_anew(rules: Rules) -> None:
    async def told(person: str) -> Mapping[int, str]:
        return codes(await rules.check(LAPTOP_PROMO, person=ann(person_ids=[person])))

    def left(offer_no: int, stock: int) -> None:
        rules.catalogue.stock[offer_no] = stock
        rules.catalogue.version += 1

    call = rules.context("agent.prompt", channel=Channel.CALL_CENTER)
    await rules.commit(LAPTOP_PROMO, context=call)
    left(LAPTOP, 3)
    left(LAPTOP_RED, 0)
    assert await told("bob") == {}
    left(LAPTOP, 0)
    assert await told("bob") == {LAPTOP_PROMO: "OUT_OF_STOCK"}
    assert await told("ann") == {}
    [promise] = (
        await rules.stub.GetContacts(pb.GetContactsRequest(person_ids=["ann"]), timeout=5)
    ).promises
    assert promise.sold_out
    left(LAPTOP_RED, -1)
    assert await told("bob") == {}


@pytest.mark.parametrize("known", ["by profile", "by pseudonym"])
async def test_a_promise_outranks_the_limit_and_applicability_and_never_eligibility(
    rules: Rules, known: str
) -> None:
    await rules.ledger.note([Identified(key("ann's").key, "ann", ("ann",), 1, False)])
    call = rules.context("agent.prompt", channel=Channel.CALL_CENTER)
    await rules.commit(LAPTOP_PROMO, context=call)
    for offer_no in (FREE_SHIPPING, SURVEY):
        await rules.commit(offer_no)
    person = ann() if known == "by profile" else None
    context = rules.context(identity_keys=[key("ann's")], context_digest=b"another page")
    response = await rules.check(LAPTOP_PROMO, RUNNING_PROMO, person=person, context=context)
    assert codes(response) == {RUNNING_PROMO: "CONTACT_LIMIT"}
    context.excluded_offer_nos.append(LAPTOP_PROMO)
    response = await rules.check(LAPTOP_PROMO, SHOES, person=person, context=context)
    assert codes(response) == {LAPTOP_PROMO: "EXCLUDED_BY_CALLER"}


@pytest.mark.parametrize(("for_all", "for_some"), [(1, 5), (5, 1), (1, None)])
async def test_a_budget_is_exceeded_neither_by_what_is_tried_nor_for_those_it_is_tried_on(
    rules: Rules, for_all: int, for_some: int | None
) -> None:
    def own(most: int | None) -> DefinitionFile:
        budget = f"    budget: {{most: {most}}}\n" if most else ""
        offer = OWN.partition("offers:")[2].partition("    budget:")[0]
        return DefinitionFile(path="spring.yaml", text=f"offers:{offer}{budget}")

    shipped = read_folder(shipped_definitions())
    await rules.definitions.apply([*shipped, own(for_all)])
    house = rules.bundles.active_hash
    await rules.definitions.apply([*shipped, own(for_some)], share=0.5)
    tried = rules.bundles.trial.bundle_hash
    assert tried not in ("", house)
    assert shown(await present(rules, "ann", bundle_hash=house)) == [RUNNING_PROMO]
    await rules.spending.keep_up()
    bob, page = ann(person_ids=["bob"]), rules.context(bundle_hash=tried)
    assert codes(await rules.check(RUNNING_PROMO, person=bob, context=page)) == {
        RUNNING_PROMO: "BUDGET_SPENT"
    }
    refused = await present(rules, "bob", bundle_hash=tried)
    assert codes(refused) == {RUNNING_PROMO: "BUDGET_SPENT"}
    is_left = for_all != 1
    again = await present(rules, "cat", bundle_hash=house)
    assert shown(again) == ([RUNNING_PROMO] if is_left else [GUIDE])


async def test_what_is_shipped_has_a_budget_to_show_part_by_part(rules: Rules) -> None:
    come_back, version = 60, rules.catalogue.version
    row = offer(come_back, OfferKind.PROMOTION, offer_id="come_back")
    rules.catalogue.apply(CatalogueBatch(previous_version=version, version=version + 1, rows=[row]))
    for person, segments in (("ann", ["best_customers"]), ("bob", [])):
        desk = rules.context("agent.prompt", channel=Channel.CALL_CENTER)
        theirs = ann(person_ids=[person])
        await rules.commit(come_back, person=theirs, context=desk, segments=segments)
    found = await rules.stub.GetBudgets(pb.GetBudgetsRequest(), timeout=5)
    assert [(each.segment, each.is_rest, each.held) for each in found.accounts] == [
        ("", False, 2),
        ("best_customers", False, 1),
        ("lapsing", False, 0),
        ("", True, 1),
    ]
    assert sum(each.most for each in found.accounts if each.segment or each.is_rest) == 10_000


async def test_spend_is_told_by_account(spring: Rules) -> None:
    await present(spring, "ann")
    await present(spring, "cat", "best")
    now_us = spring.clock.now_us()
    await spring.ledger.note([Redeemed("cat", "", RUNNING_PROMO, now_us)])
    found = await spring.stub.GetBudgets(pb.GetBudgetsRequest(), timeout=5)
    told = [
        (each.offer_id, each.segment, each.is_rest, each.most, each.held, each.spent, each.left)
        for each in found.accounts
    ]
    assert told == [
        (SPRING, "", False, 2, 1, 1, 0),
        (SPRING, "best", False, 1, 0, 1, 0),
        (SPRING, "", True, 1, 1, 0, 0),
    ]


async def test_a_promise_is_told_on_the_telephone_only_to_who_is_known_to_call(
    spring: Rules,
) -> None:
    phone = key("phone of ann")
    await spring.ledger.note([Identified(phone.key, "ann", ("ann",), 1, False)])
    await present(spring, "ann")

    async def told(channel: Channel.Value.ValueType, **more: Any) -> str | None:
        placement = "web.home.banner" if channel == Channel.WEB else "agent.prompt"
        context = spring.context(
            placement, channel=channel, identity_keys=[phone], context_digest=b"another page"
        )
        response = await spring.check(GUIDE, context=context, **more)
        if RUNNING_PROMO in kept(response, GUIDE):
            return "kept"
        return codes(response).get(RUNNING_PROMO)

    not_sure = ann(assurance=Assurance.ANONYMOUS)
    assert await told(Channel.CALL_CENTER, person=ann()) == "kept"
    assert await told(Channel.CALL_CENTER, person=not_sure) == "NOT_AUTHENTICATED"
    assert await told(Channel.CALL_CENTER) == "NOT_AUTHENTICATED"  # profile does not answer
    assert await told(Channel.WEB, person=not_sure) == "kept"
    assert await told(Channel.WEB) == "kept"


async def test_a_budget_of_which_something_was_taken_keeps_what_it_is_counted_in(
    spring: Rules,
) -> None:
    dollars = OWN.replace(
        "{most: 2, parts: [{segment: best, most: 1}]}", "{money: 9 USD, each: 3 USD}"
    )
    shipped = read_folder(shipped_definitions())

    async def apply(text: str) -> None:
        own = DefinitionFile(path="spring.yaml", text=text)
        request = pb.ApplyDefinitionsRequest(files=[*shipped, own])
        applied = await spring.stub.ApplyDefinitions(request, timeout=10)
        assert not [each for each in applied.problems if not each.warning]

    await apply(dollars)  # nothing was taken yet
    await present(spring, "ann")
    await apply(dollars.replace("9 USD", "12 USD"))
    for other in (dollars.replace("USD", "EUR"), OWN):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await apply(other)
        assert refused.value.code() == grpc.StatusCode.FAILED_PRECONDITION
        assert SPRING in (refused.value.details() or "")
