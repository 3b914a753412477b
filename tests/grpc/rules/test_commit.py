"""Commit and what is read back of it: decisions, contacts, logs, erasure."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import grpc
import pytest

from tests.grpc.rules.rules_kit import (
    DAY_US,
    FREE_SHIPPING,
    GUIDE,
    HELP,
    LAPTOP,
    LAPTOP_PROMO,
    MINUTE_US,
    RUNNING_PROMO,
    SHOES,
    SURVEY,
    Rules,
    ann,
    codes,
    key,
    notices,
)
from touchpoint.aggregator.v1.aggregator_pb2 import DecisionTrace
from touchpoint.common.v1.bus_pb2 import ContactNotice, DecisionNotice
from touchpoint.common.v1.decision_pb2 import PlacementAsk
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1 import rules_service_pb2 as pb

PROMOTIONS = (FREE_SHIPPING, RUNNING_PROMO, SURVEY)


def shown(response: pb.CommitResponse) -> list[int]:
    return [chosen.offer_no for chosen in response.placements[0].chosen]


async def used(rules: Rules, *persons: str) -> int:
    request = pb.GetContactsRequest(person_ids=persons or ("ann",))
    balances = (await rules.stub.GetContacts(request, timeout=5)).balances
    return {each.rule: each.used for each in balances}["contacts.marketing"]


async def test_what_was_chosen_is_shown_and_can_be_explained(rules: Rules) -> None:
    context = rules.context()
    response = await rules.commit(LAPTOP, GUIDE, context=context)
    assert shown(response) == [LAPTOP, GUIDE]
    assert not response.repeated_commit
    asked = pb.GetDecisionRequest(decision_id=context.decision_id)
    found = await rules.stub.GetDecision(asked, timeout=5)
    assert found.trace == b"trace"
    assert list(found.person_ids) == ["ann"]
    assert found.decided_time.ToMicroseconds() == rules.clock.now_us()
    assert found.placements == response.placements


def answered(rules: Rules, decision_id: str, *persons: str) -> pb.UnconfirmedAnswer:
    answer = pb.UnconfirmedAnswer(decision_id=decision_id, person_ids=persons)
    answer.placements.add(placement="web.home").chosen.add(offer_no=GUIDE)
    answer.trace = DecisionTrace(decision_id=decision_id, quality=0.5).SerializeToString()
    answer.answered_time.FromMicroseconds(rules.clock.now_us())
    return answer


async def test_what_was_answered_without_a_commit_is_told_in_its_place(rules: Rules) -> None:
    answer = answered(rules, "d-late", "ann")
    await rules.stub.KeepAnswers(pb.KeepAnswersRequest(answers=[answer]), timeout=5)
    asked = pb.GetDecisionRequest(decision_id="d-late")
    found = await rules.stub.GetDecision(asked, timeout=5)
    assert not found.committed
    assert (found.trace, found.person_ids, found.decided_time) == (
        answer.trace,
        ["ann"],
        answer.answered_time,
    )
    assert found.placements == answer.placements
    assert found.unconfirmed == answer
    assert await used(rules) == 0


async def test_a_commit_that_came_late_is_told_with_what_was_answered_before(rules: Rules) -> None:
    context = rules.context()
    answer = answered(rules, context.decision_id, "ann")
    await rules.stub.KeepAnswers(pb.KeepAnswersRequest(answers=[answer]), timeout=5)
    response = await rules.commit(LAPTOP, context=context)
    asked = pb.GetDecisionRequest(decision_id=context.decision_id)
    found = await rules.stub.GetDecision(asked, timeout=5)
    assert found.committed
    assert (found.trace, found.placements) == (b"trace", response.placements)
    assert found.unconfirmed == answer


async def test_answers_that_nobody_could_explain_are_refused(rules: Rules) -> None:
    request = pb.KeepAnswersRequest(answers=[answered(rules, "d"), pb.UnconfirmedAnswer()])
    request.answers[0].trace = b"\xff"
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await rules.stub.KeepAnswers(request, timeout=5)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    for field in ("answers[0].trace", "answers[1].decision_id", "answers[1].answered_time"):
        assert field in str(caught.value.details())


async def test_repeating_a_commit_answers_the_same_and_says_so(rules: Rules) -> None:
    context = rules.context()
    first = await rules.commit(FREE_SHIPPING, GUIDE, context=context)
    again = await rules.commit(FREE_SHIPPING, GUIDE, context=context)
    assert again.repeated_commit
    assert again.placements == first.placements
    assert await used(rules) == 1


async def test_what_a_race_refuses_is_replaced_by_the_next_best_that_is_no_contact(
    rules: Rules,
) -> None:
    for offer_no in PROMOTIONS:
        await rules.commit(offer_no)
    response = await rules.commit(
        LAPTOP, LAPTOP_PROMO, GUIDE, next_best=(FREE_SHIPPING, GUIDE, SHOES)
    )
    assert shown(response) == [LAPTOP, SHOES, GUIDE]
    assert [chosen.replaced for chosen in response.placements[0].chosen] == [False, True, False]
    assert [chosen.position for chosen in response.placements[0].chosen] == [0, 1, 2]
    assert codes(response) == {LAPTOP_PROMO: "CONTACT_LIMIT"}
    assert await used(rules) == 3


async def test_without_a_next_best_the_place_stays_empty(rules: Rules) -> None:
    for offer_no in PROMOTIONS:
        await rules.commit(offer_no)
    response = await rules.commit(LAPTOP_PROMO, GUIDE)
    assert shown(response) == [GUIDE]


async def test_a_default_offer_is_never_a_contact(rules: Rules) -> None:
    context = rules.context("agent.prompt", channel=Channel.CALL_CENTER)
    assert shown(await rules.commit(HELP, context=context)) == [HELP]
    assert await used(rules) == 0


async def test_an_email_is_one_contact_whatever_stands_in_it(rules: Rules) -> None:
    for number in range(3):
        context = rules.context(
            "email.body", channel=Channel.EMAIL, context_digest=str(number).encode()
        )
        await rules.commit(LAPTOP, FREE_SHIPPING, GUIDE, context=context)
    assert await used(rules) == 3
    fourth = rules.context("email.body", channel=Channel.EMAIL, context_digest=b"4")
    refused = await rules.commit(LAPTOP, GUIDE, context=fourth)
    assert shown(refused) == []
    assert codes(refused) == {LAPTOP: "CONTACT_LIMIT", GUIDE: "CONTACT_LIMIT"}


async def test_what_a_message_carries_that_counts_already_is_no_contact_of_its_own(
    rules: Rules,
) -> None:
    for offer_no in PROMOTIONS:
        await rules.commit(offer_no)
    mail = rules.context("email.body", channel=Channel.EMAIL, contact_held=True)
    kept = await rules.check(FREE_SHIPPING, GUIDE, person=ann(), context=mail)
    assert len(kept.kept) == 2
    assert shown(await rules.commit(FREE_SHIPPING, GUIDE, context=mail)) == [FREE_SHIPPING, GUIDE]
    assert await used(rules) == 3


async def test_a_call_counts_at_once_and_a_web_page_when_it_was_seen(rules: Rules) -> None:
    call = rules.context("agent.prompt", channel=Channel.CALL_CENTER)
    await rules.commit(FREE_SHIPPING, context=call)
    await rules.commit(RUNNING_PROMO)
    assert await used(rules) == 2
    rules.clock.advance(timedelta(minutes=10))
    assert await used(rules) == 1


async def test_nobody_known_has_no_limit(rules: Rules) -> None:
    nobody = ann(person_ids=[])
    for _ in range(5):
        response = await rules.commit(FREE_SHIPPING, person=nobody)
        assert shown(response) == [FREE_SHIPPING]


async def test_concurrent_decisions_never_exceed_the_limit(rules: Rules) -> None:
    offers = (*PROMOTIONS, LAPTOP_PROMO)
    at_once = asyncio.Semaphore(20)  # so few that none outlives its deadline on a busy machine

    async def decide(number: int) -> pb.CommitResponse:
        async with at_once:
            return await decide_now(number)

    async def decide_now(number: int) -> pb.CommitResponse:
        person = ann(person_ids=[f"p{number % 2}"])
        context = rules.context(session_id=f"visit {number}")
        return await rules.commit(offers[number % 4], GUIDE, person=person, context=context)

    answers = await asyncio.gather(*(decide(number) for number in range(120)))
    promoted = [answer for answer in answers if shown(answer) != [GUIDE]]
    assert len(promoted) == 6
    assert all(GUIDE in shown(answer) for answer in answers)
    assert (await used(rules, "p0"), await used(rules, "p1")) == (3, 3)


async def test_each_decision_and_each_contact_is_told_once(rules: Rules) -> None:
    await rules.commit(FREE_SHIPPING, GUIDE)
    call = rules.context("agent.prompt", channel=Channel.CALL_CENTER)
    await rules.commit(RUNNING_PROMO, context=call)
    rows = await rules.database.fetch("SELECT subject, data FROM outbox ORDER BY id")
    decisions = [row["data"] for row in rows if row["subject"].startswith("decisions.")]
    contacts = [row["data"] for row in rows if row["subject"].startswith("contacts.")]
    first = DecisionNotice.FromString(decisions[0])
    assert (len(decisions), len(contacts)) == (2, 1)
    assert [chosen.offer_no for chosen in first.chosen] == [FREE_SHIPPING, GUIDE]
    assert (list(first.person_ids), first.model, first.standing) == (["ann"], "prior", False)
    # What is only reserved is told by its decision.
    contact = ContactNotice.FromString(contacts[0])
    assert (contact.person_id, contact.state, contact.offer_no) == (
        "ann",
        "CONFIRMED",
        RUNNING_PROMO,
    )
    assert contact.channel == Channel.CALL_CENTER


async def test_a_standing_decision_committed_anew_says_so_to_the_journal(rules: Rules) -> None:
    context = rules.context()
    await rules.commit(LAPTOP, GUIDE, context=context)
    less = await rules.commit(GUIDE, context=context)
    assert shown(less) == [GUIDE]
    rows = await rules.database.fetch("SELECT data FROM outbox ORDER BY id")
    assert [DecisionNotice.FromString(row["data"]).standing for row in rows] == [False, True]


async def test_the_logs_are_streamed_from_a_position(rules: Rules) -> None:
    await rules.commit(FREE_SHIPPING)
    await rules.commit(GUIDE, context=rules.context(context_digest=b"another"))
    decisions = [
        each async for each in rules.stub.StreamDecisions(pb.StreamDecisionsRequest(), timeout=5)
    ]
    assert [len(each.decisions) for each in decisions] == [2]
    end = pb.StreamDecisionsRequest(position=decisions[0].position)
    assert [each async for each in rules.stub.StreamDecisions(end, timeout=5)] == []
    contacts = [
        each async for each in rules.stub.StreamContacts(pb.StreamContactsRequest(), timeout=5)
    ]
    [contact] = contacts[0].contacts
    assert (contact.state, contact.offer_no) == ("RESERVED", FREE_SHIPPING)


async def test_what_was_presented_is_told_newest_first(rules: Rules) -> None:
    await rules.commit(LAPTOP, GUIDE)
    later = rules.clock.now_us() + MINUTE_US
    await rules.commit(SHOES, context=rules.context(now_us=later, context_digest=b"x"))
    response = await rules.stub.GetContacts(pb.GetContactsRequest(person_ids=["ann"]), timeout=5)
    assert [each.offer_no for each in response.presented] == [SHOES, LAPTOP, GUIDE]
    assert response.presented[0].presented_time.ToMicroseconds() == later
    assert not response.promises


async def test_another_system_asks_before_it_mails(rules: Rules) -> None:
    async def reserve(contact_id: str, **whose: object) -> pb.ReserveContactResponse:
        request = pb.ReserveContactRequest(
            contact_id=contact_id, policy="marketing", channel=Channel.EMAIL, **whose
        )
        return await rules.stub.ReserveContact(request, timeout=5)

    for number in (1, 2, 3):
        granted = await reserve(f"mail-{number}", person_ids=["ann"])
        assert granted.granted
        assert granted.balance.used == number
    refused = await reserve("mail-4", person_ids=["ann"])
    assert not refused.granted
    assert refused.balance.free_time.ToMicroseconds() == rules.clock.now_us() + 7 * DAY_US
    released = await rules.stub.ReleaseContact(
        pb.ReleaseContactRequest(contact_id="mail-1"), timeout=5
    )
    assert released.released
    assert (await reserve("mail-5", person_ids=["ann"])).granted
    unknown = await reserve("mail-6", identity_keys=[key("nobody's")])
    assert (unknown.granted, unknown.balance.used) == (True, 1)


async def test_who_did_not_reserve_a_contact_neither_takes_it_nor_gives_it_back(
    rules: Rules,
) -> None:
    def reserve(contact_id: str, by: str, person: str = "ann") -> object:
        request = pb.ReserveContactRequest(
            contact_id=contact_id, reserved_by=by, person_ids=[person], channel=Channel.EMAIL
        )
        return rules.stub.ReserveContact(request, timeout=5)

    async def release(contact_id: str, by: str) -> bool:
        request = pb.ReleaseContactRequest(contact_id=contact_id, released_by=by)
        return (await rules.stub.ReleaseContact(request, timeout=5)).released

    context = rules.context()
    await rules.commit(FREE_SHIPPING, context=context)
    decided = f"{context.decision_id}/{context.placements[0].placement}/{FREE_SHIPPING}"
    await reserve("mail-1", "crm")
    await reserve("call-1", "")
    before = await used(rules)
    for wrong in (
        release("mail-1", "ivr"),
        release("call-1", "ivr"),
        release(decided, "ivr"),
        reserve("mail-1", "ivr", "bob"),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await wrong
        assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert await used(rules) == before
    assert await release("mail-1", "crm")
    assert await release("call-1", "")
    assert await used(rules) == before - 2
    assert not await release("mail-9", "ivr")


async def test_what_a_caller_of_before_reserved_is_whose_asks_first(rules: Rules) -> None:
    asked = pb.ReserveContactRequest(contact_id="m", person_ids=["ann"], channel=Channel.EMAIL)
    for by in (None, "crm"):
        if by:
            asked.reserved_by = by
        assert (await rules.stub.ReserveContact(asked, timeout=5)).granted
    given_back = pb.ReleaseContactRequest(contact_id="m", released_by="ivr")
    with pytest.raises(grpc.aio.AioRpcError, match="somebody else's"):
        await rules.stub.ReleaseContact(given_back, timeout=5)
    given_back.released_by = "crm"
    assert (await rules.stub.ReleaseContact(given_back, timeout=5)).released


async def test_a_reservation_counts_for_a_day_or_for_as_long_as_it_is_asked_for(
    rules: Rules,
) -> None:
    for contact_id, days in (("mail-1", 0), ("call-1", 5)):
        request = pb.ReserveContactRequest(
            contact_id=contact_id, policy="marketing", person_ids=["ann"], channel=Channel.EMAIL
        )
        request.held_for.FromSeconds(days * 86_400)
        assert (await rules.stub.ReserveContact(request, timeout=5)).granted
    asked = pb.GetContactsRequest(person_ids=["ann"])
    for days, used in ((0, 2), (2, 1), (4, 0)):
        rules.clock.advance(timedelta(days=days))
        [balance] = (await rules.stub.GetContacts(asked, timeout=5)).balances
        assert balance.used == used
    request.held_for.FromSeconds(91 * 86_400)
    with pytest.raises(grpc.aio.AioRpcError, match="held_for"):
        await rules.stub.ReserveContact(request, timeout=5)


async def test_erasure_leaves_no_decision_and_no_contact(rules: Rules) -> None:
    context = rules.context()
    await rules.commit(FREE_SHIPPING, context=context)
    erased = await rules.stub.ErasePerson(pb.ErasePersonRequest(person_ids=["ann"]), timeout=5)
    assert erased.rows > 0
    assert await used(rules) == 0
    with pytest.raises(grpc.aio.AioRpcError) as missing:
        await rules.stub.GetDecision(
            pb.GetDecisionRequest(decision_id=context.decision_id), timeout=5
        )
    assert missing.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"decision_id": ""}, "context.decision_id"),
        ({"preview": True}, "context.preview"),
        ({"placements": [PlacementAsk(placement="web.cart", limit=1)]}, "placements[0].placement"),
    ],
)
async def test_bad_commits_are_refused_with_the_field(
    rules: Rules, changes: dict, field: str
) -> None:
    request = pb.CommitRequest(context=rules.context(**changes))
    placement = pb.CommitPlacement(
        placement="web.home.banner", chosen=notices("web.home.banner", (GUIDE,))
    )
    request.placements.append(placement)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await rules.stub.Commit(request, timeout=5)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field in refused.value.details()
