"""Each of the shipped scenarios, played on a moved clock: what every channel sees, and when."""

from __future__ import annotations

import pytest

from services.rules.config import shipped_definitions
from services.rules.definitions import check_definitions
from services.rules.definitions.files import read_folder
from services.scenario.definitions import playbook
from services.scenario.desk.approaching import NEVER
from services.scenario.domain.actions import MessageOrder
from services.scenario.domain.effects import RingBack
from services.scenario.domain.outbound import Fate, Result
from shared.errors import NotFound
from tests.unit.scenario.playing import ADA
from tests.unit.scenario.theatre import CABLE, DVD, FLOUR, OTHER_TV, SOUNDBAR, TV, Theatre
from touchpoint.common.v1.vocabulary_pb2 import PurchaseStage, Source
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

SKIPPED = Result(Fate.SKIPPED, "NO_ADDRESS")

FOR_GOOD, FOR_A_MONTH = "complaints.open_for: unlimited", "complaints.open_for: 30d"


@pytest.fixture
def theatre():
    return Theatre()


@pytest.fixture
def bounded(monkeypatch):
    """A theatre in which an open complaint keeps from selling for a month at most."""
    files = [
        DefinitionFile(path=each.path, text=each.text.replace(FOR_GOOD, FOR_A_MONTH))
        for each in read_folder(shipped_definitions())
    ]
    assert sum(FOR_A_MONTH in each.text for each in files) == 1
    bundle = check_definitions(files).bundle
    made = playbook(bundle), tuple(bundle.offers)
    monkeypatch.setattr("tests.unit.scenario.theatre.shipped", lambda: made)
    return Theatre()


def refuse(theatre):
    """Let the person refuse to be written to."""
    theatre.person.consents[:] = []
    theatre.person.refusals[:] = ["marketing"]
    theatre.approaches.free_us[ADA] = NEVER


def called_back(theatre):
    """Return the tasks of which whoever connects people was to be told, in order."""
    jobs = [each.job for each in theatre.errands.all().values()]
    return [job.task_id for job in jobs if isinstance(job, RingBack)]


class TestAbandonedCart:
    NAME = "abandoned_cart"

    async def leave(self, theatre):
        await theatre.leaves(TV)
        await theatre.passes(minutes=31)

    async def test_the_site_a_letter_a_call_and_a_week_later_a_better_offer(self, theatre):
        await self.leave(theatre)
        assert theatre.shown() == {"come_back": self.NAME}
        await theatre.passes(days=2)
        assert theatre.sent == [("cart_left", "EMAIL", 2)]
        assert theatre.shown() == {}
        await theatre.passes(days=2)
        (task,) = await theatre.tasks()
        assert (task.skills, task.offer_ids) == (("sales",), ("come_back",))
        assert "tv" in task.script
        await theatre.call("not_reached")
        assert theatre.shown() == {}
        await theatre.passes(days=7, minutes=1)
        assert theatre.shown() == {"come_back_better": self.NAME}
        await theatre.passes(days=5)
        assert theatre.ended(self.NAME) == "passed"

    async def test_the_letter_and_the_call_speak_of_what_is_in_the_cart_by_then(self, theatre):
        await self.leave(theatre)
        theatre.person.cart.offer_nos.append(theatre.no(CABLE))
        theatre.person.cart.quantities.append(2.0)
        theatre.person.cart.value_micros += 200_000_000
        await theatre.passes(days=2)
        now = [theatre.no(TV), theatre.no(CABLE)]
        assert list(theatre.letters.told[-1].cart.offer_nos) == now
        theatre.person.cart.offer_nos[:] = now[1:]
        theatre.person.cart.quantities[:] = [2.0]
        theatre.person.cart.value_micros = 200_000_000
        await theatre.passes(days=2)
        (task,) = await theatre.tasks()
        assert task.script == (
            f"You had 2 × {CABLE} in your cart, worth 200 USD. May I help you to decide?"
        )

    async def test_answered_at_once_nothing_more_is_said(self, theatre):
        await self.leave(theatre)
        await theatre.happens("accept", "come_back")
        await theatre.passes(days=20)
        assert (theatre.ended(self.NAME), theatre.sent) == ("answered", [])
        assert await theatre.tasks() == []

    async def test_bought_meanwhile_it_is_over_and_the_task_with_it(self, theatre):
        await self.leave(theatre)
        await theatre.passes(days=4, minutes=1)
        assert len(await theatre.tasks()) == 1
        await theatre.buys(TV)
        assert theatre.ended(self.NAME) == "reached"
        assert await theatre.tasks() == []

    async def test_without_consent_there_is_no_letter_and_the_call_comes_sooner(self, theatre):
        theatre.person.consents[:] = []
        await self.leave(theatre)
        await theatre.passes(days=2, minutes=1)
        assert theatre.sent == []
        assert len(await theatre.tasks()) == 1

    async def test_whoever_refuses_is_neither_written_to_nor_called(self, theatre):
        refuse(theatre)
        await self.leave(theatre)
        await theatre.passes(days=2, minutes=1)
        with pytest.raises(NotFound):
            await theatre.call("accepted")
        assert theatre.sent == []
        assert theatre.ended(self.NAME) == "obstructed"

    @pytest.mark.parametrize(("after", "sent", "calls"), [(1, 0, 0), (3, 1, 0), (5, 1, 1)])
    async def test_who_emptied_the_cart_hears_no_more_of_it(self, theatre, after, sent, calls):
        await self.leave(theatre)
        await theatre.passes(days=after)
        if calls:
            await theatre.call("not_reached")
        theatre.person.ClearField("cart")
        await theatre.passes(days=12)
        assert (len(theatre.sent), len(theatre.store.tasks)) == (sent, calls)
        assert theatre.ended(self.NAME) == "emptied"

    @pytest.mark.parametrize(
        ("outcome", "then"),
        [("declined", "a_week"), ("reached", "a_week"), ("not_interested", None)],
    )
    async def test_who_is_not_convinced_thinks_it_over_and_who_does_not_want_it_is_left_alone(
        self, theatre, outcome, then
    ):
        await self.leave(theatre)
        await theatre.passes(days=4, minutes=1)
        await theatre.call(outcome)
        assert theatre.stage(self.NAME) == then

    async def test_sold_on_the_telephone_there_is_no_better_offer(self, theatre):
        await self.leave(theatre)
        await theatre.passes(days=4, minutes=1)
        await theatre.call("accepted")
        await theatre.passes(days=20)
        assert theatre.ended(self.NAME) == "answered"
        assert theatre.shown() == {}


class TestSoldOut:
    NAME = "sold_out"

    @pytest.fixture(autouse=True)
    def substitutes(self, theatre):
        theatre.catalogue.stock[theatre.no(TV)] = 0
        theatre.sources.has = {Source.INSTEAD_OF: (theatre.no(OTHER_TV),)}

    async def test_substitutes_now_on_every_channel_and_one_notice_when_it_is_back(self, theatre):
        await theatre.happens("out_of_stock", TV)
        for placement in ("web.cart", "agent.prompt", "email.body", "store.till"):
            assert theatre.shown(placement) == {OTHER_TV: self.NAME}
        await theatre.passes(days=10)
        assert (theatre.shown(), theatre.sent) == ({}, [])
        await theatre.is_back(TV)
        assert [template for template, *_ in theatre.sent] == ["back_again"]
        await theatre.is_back(TV)
        await theatre.passes(days=70)
        assert len(theatre.sent) == 1
        assert theatre.ended(self.NAME) == "told"

    async def test_bought_something_of_the_kind_meanwhile_they_are_told_nothing(self, theatre):
        await theatre.happens("out_of_stock", TV)
        await theatre.buys(OTHER_TV)
        await theatre.is_back(TV)
        assert (theatre.ended(self.NAME), theatre.sent) == ("reached", [])

    async def test_what_is_bought_of_another_kind_leaves_them_waiting(self, theatre):
        await theatre.happens("out_of_stock", TV)
        await theatre.buys(DVD)
        assert theatre.stage(self.NAME) == "instead"

    async def test_who_may_not_be_written_to_sees_it_on_the_site(self, theatre):
        refuse(theatre)
        await theatre.happens("out_of_stock", TV)
        await theatre.happens("decline", OTHER_TV)
        assert (theatre.shown(), theatre.stage(self.NAME)) == ({}, "wait")
        await theatre.is_back(TV)
        assert theatre.shown() == {TV: self.NAME}
        assert theatre.sent == []

    async def test_each_item_that_is_sold_out_has_its_substitutes_and_its_own_notice(self, theatre):
        await theatre.happens("out_of_stock", TV)
        await theatre.passes(hours=1)
        theatre.catalogue.stock[theatre.no(DVD)] = 0
        theatre.sources.has = {Source.INSTEAD_OF: (theatre.no(CABLE),)}
        await theatre.happens("out_of_stock", DVD)
        await theatre.happens("out_of_stock", DVD)
        assert theatre.shown() == {OTHER_TV: self.NAME, CABLE: self.NAME}
        await theatre.passes(days=2)
        await theatre.is_back(DVD)
        assert len(theatre.sent) == 1
        assert theatre.stage(self.NAME) == "wait", "the other is waited for still"
        await theatre.is_back(TV)
        assert len(theatre.sent) == 2
        assert theatre.stage(self.NAME) is None

    async def test_with_nothing_instead_they_wait(self, theatre):
        theatre.sources.has = {}
        await theatre.happens("out_of_stock", TV)
        assert theatre.stage(self.NAME) == "wait"
        await theatre.passes(days=61)
        assert theatre.ended(self.NAME) == "not_back"


class TestHesitation:
    def hesitate(self, theatre):
        theatre.person.session.hesitating = True

    async def test_over_something_dear_free_shipping_and_a_call(self, theatre):
        await theatre.leaves(TV)
        assert theatre.shown("web.checkout") == {}
        self.hesitate(theatre)
        assert theatre.shown("web.checkout") == {
            "free_shipping": "checkout_hesitation",
            "call_me_now": "dear_hesitation",
        }

    @pytest.mark.parametrize(("item", "offers"), [(SOUNDBAR, {"free_shipping"}), (DVD, set())])
    async def test_over_less_no_call_and_over_little_nothing(self, theatre, item, offers):
        await theatre.leaves(item)
        self.hesitate(theatre)
        assert set(theatre.shown("web.checkout")) == offers


class TestDearCheckout:
    NAME = "dear_checkout"

    @pytest.fixture(autouse=True)
    def accessories(self, theatre):
        theatre.sources.has = {Source.GOES_WITH_CART: (theatre.no(CABLE), theatre.no(SOUNDBAR))}

    async def check_out(self, theatre):
        await theatre.leaves(TV)
        await theatre.happens("checkout_started", TV)

    async def test_who_asks_for_a_call_comes_first_and_hears_of_what_the_site_shows(self, theatre):
        await self.check_out(theatre)
        await theatre.happens("accept", "call_me_now")
        (task,) = await theatre.tasks()
        assert (task.kind, "tv" in task.script) == ("call_back", True)
        assert theatre.shown("web.cart") == theatre.shown("agent.prompt") == {CABLE: self.NAME}
        await theatre.call("done")
        assert theatre.ended("asked_to_be_called") == "answered"

    async def test_who_asked_to_be_called_and_buys_meanwhile_is_called_all_the_same(self, theatre):
        await theatre.happens("accept", "call_me_now")
        await theatre.buys(TV)
        assert [task.kind for task in await theatre.tasks()] == ["call_back"]

    async def test_who_asks_again_while_we_would_call_later_is_called_now(self, theatre):
        await theatre.happens("accept", "call_me_now")
        first = await theatre.call("no_answer")
        await theatre.passes(minutes=5)
        assert await theatre.tasks() == []
        for type_ in ("accept", "click"):
            await theatre.happens(type_, "call_me_now")
        (task,) = await theatre.tasks()
        assert (task.kind, task.tries) == ("call_back", 0)
        assert task.task_id != first.task_id
        assert called_back(theatre) == [first.task_id, task.task_id]
        assert theatre.ended("asked_to_be_called") == "asked_again"
        await theatre.passes(hours=20)
        assert [each.task_id for each in await theatre.tasks()] == [task.task_id]

    async def test_who_asks_again_while_their_task_waits_or_is_held_is_on_it_already(self, theatre):
        for type_ in ("accept", "click"):
            await theatre.happens(type_, "call_me_now")
        (task,) = await theatre.tasks()
        held = await theatre.claims()
        await theatre.happens("accept", "call_me_now")
        assert (held.task_id, await theatre.tasks()) == (task.task_id, [])
        assert called_back(theatre) == [task.task_id]

    async def test_what_was_turned_down_on_the_site_no_agent_repeats(self, theatre):
        await self.check_out(theatre)
        await theatre.happens("decline", CABLE)
        assert theatre.shown("web.cart") == theatre.shown("agent.prompt") == {}

    async def test_the_order_ends_it(self, theatre):
        await self.check_out(theatre)
        await theatre.buys(TV)
        assert theatre.shown("agent.prompt") == {}

    async def test_with_nothing_that_goes_with_it_the_call_is_there_all_the_same(self, theatre):
        theatre.sources.has = {}
        await self.check_out(theatre)
        await theatre.happens("accept", "call_me_now")
        assert [task.kind for task in await theatre.tasks()] == ["call_back"]


class TestCartSurvey:
    NAME = "cart_survey"

    async def leave_twice(self, theatre):
        for item in (TV, OTHER_TV):
            await theatre.leaves(item)
            await theatre.passes(hours=1)

    async def test_the_second_dear_cart_is_asked_about_on_every_channel_and_once(self, theatre):
        await theatre.leaves(TV)
        await theatre.passes(hours=1)
        assert "cart_survey" not in theatre.shown()
        await theatre.leaves(OTHER_TV)
        await theatre.passes(hours=1)
        for placement in ("web.cart", "ivr.menu", "agent.prompt", "store.till"):
            assert theatre.shown(placement)["cart_survey"] == self.NAME
        await theatre.happens("impression", "cart_survey")
        assert "cart_survey" not in theatre.shown("ivr.menu")
        await theatre.happens("survey_answer", "cart_survey")
        assert theatre.ended(self.NAME) == "reached"
        await self.leave_twice(theatre)
        assert "cart_survey" not in theatre.shown()

    async def test_the_same_cart_touched_and_left_again_is_no_second_one(self, theatre):
        for more in (None, None, CABLE):
            await theatre.leaves(TV)
            if more:
                theatre.person.cart.offer_nos.append(theatre.no(more))
                theatre.person.cart.quantities.append(1.0)
                await theatre.happens("add_to_cart", more)
            await theatre.passes(hours=1)
        assert "cart_survey" not in theatre.shown()
        await theatre.leaves(OTHER_TV)
        await theatre.passes(hours=1)
        assert "cart_survey" in theatre.shown()

    async def test_not_for_a_cheaper_cart_nor_after_a_purchase(self, theatre):
        for item in (SOUNDBAR, TV):
            await theatre.leaves(item)
            await theatre.passes(hours=1)
        assert "cart_survey" not in theatre.shown()
        await self.leave_twice(theatre)
        await theatre.buys(TV)
        assert theatre.shown() == {}


class TestWelcome:
    NAME = "welcome"

    async def test_a_letter_then_something_for_the_first_order_then_a_reminder(self, theatre):
        await theatre.happens("login")
        assert theatre.sent == [("welcome", "EMAIL", 0)]
        await theatre.passes(days=3, minutes=1)
        assert theatre.shown() == {"first_order": self.NAME}
        await theatre.passes(days=14)
        assert [template for template, *_ in theatre.sent] == ["welcome", "first_order"]
        await theatre.passes(days=8)
        assert theatre.ended(self.NAME) == "passed"
        await theatre.passes(days=100)
        await theatre.happens("login")
        assert theatre.stage(self.NAME) is None

    async def test_the_first_order_ends_it(self, theatre):
        await theatre.happens("login")
        await theatre.buys(DVD)
        await theatre.passes(days=30)
        assert theatre.ended(self.NAME) == "reached"
        assert theatre.sent == [("welcome", "EMAIL", 0)]

    async def test_taken_on_the_site_there_is_no_reminder(self, theatre):
        await theatre.happens("login")
        await theatre.passes(days=3, minutes=1)
        await theatre.happens("accept", "first_order")
        assert theatre.stage(self.NAME) == "to_order"
        await theatre.passes(days=20)
        assert len(theatre.sent) == 1

    async def test_without_consent_the_site_alone_says_it(self, theatre):
        refuse(theatre)
        await theatre.happens("login")
        await theatre.passes(days=20)
        assert theatre.sent == []
        assert theatre.stage(self.NAME) == "to_order"

    async def test_who_has_bought_before_is_no_newcomer(self, theatre):
        theatre.person.traits.tenure_days = 300.0
        await theatre.happens("login")
        assert theatre.stage(self.NAME) is None


class TestLapsedBestCustomer:
    NAME = "lapsed_best_customer"

    @pytest.fixture(autouse=True)
    def best(self, theatre):
        theatre.person.segments[:] = ["best_customers", "lapsing"]
        theatre.person.traits.frequency = 12

    async def test_the_site_a_letter_from_their_own_contact_and_a_call(self, theatre):
        await theatre.buys(DVD)
        await theatre.passes(days=44)
        assert theatre.shown() == {}
        await theatre.passes(days=1, minutes=1)
        assert theatre.shown("agent.prompt") == {"we_missed_you": self.NAME}
        await theatre.passes(days=8)
        assert [template for template, *_ in theatre.sent] == ["we_missed_you"]
        await theatre.passes(days=5)
        (task,) = await theatre.tasks()
        assert "best customers" in task.reason
        await theatre.call("not_reached")
        assert theatre.ended(self.NAME) == "not_won_back"

    async def test_each_purchase_begins_the_wait_anew_and_one_ends_it(self, theatre):
        await theatre.buys(DVD)
        await theatre.passes(days=40)
        await theatre.buys(DVD)
        await theatre.passes(days=40)
        assert theatre.shown() == {}
        await theatre.passes(days=6)
        assert theatre.shown() == {"we_missed_you": self.NAME}
        await theatre.buys(DVD)
        assert theatre.shown() == {}

    async def test_not_for_others_than_the_best(self, theatre):
        theatre.person.segments[:] = ["lapsing"]
        await theatre.buys(DVD)
        await theatre.passes(days=60)
        assert (theatre.shown(), theatre.sent) == ({}, [])


class TestComplaint:
    NAME = "complaint"

    async def complain(self, theatre):
        theatre.person.complaint_open, theatre.person.complaint_us = True, theatre.clock.now_us()
        await theatre.happens("complaint")

    async def settle(self, theatre):
        theatre.person.complaint_open = False
        await theatre.happens("complaint")

    async def test_nothing_is_sold_until_it_is_settled(self, theatre):
        await theatre.leaves(TV)
        await theatre.passes(minutes=31)
        assert theatre.shown()
        await self.complain(theatre)
        assert theatre.ended("abandoned_cart") == "complained"
        assert theatre.shown() == {}
        (task,) = await theatre.tasks()
        assert (task.kind, task.skills) == ("follow_up", ("service",))
        await theatre.call("done")
        await theatre.leaves(TV)
        await theatre.passes(days=5)
        assert (theatre.shown(), theatre.sent) == ({}, [])
        await self.settle(theatre)
        assert theatre.sent == [("complaint_settled", "EMAIL", 5)]
        assert theatre.ended(self.NAME) == "settled"
        await theatre.passes(days=7)
        await theatre.leaves(TV)
        await theatre.passes(minutes=31)
        assert theatre.shown()

    async def test_whoever_refuses_marketing_is_heard_of_all_the_same(self, theatre):
        refuse(theatre)
        await self.complain(theatre)
        assert (await theatre.call("done")).kind == "follow_up"

    async def test_another_word_of_it_is_seen_to_again(self, theatre):
        await self.complain(theatre)
        await theatre.call("done")
        assert await theatre.tasks() == []
        await self.complain(theatre)
        assert len(await theatre.tasks()) == 1

    async def test_what_nobody_settles_keeps_from_selling_for_good(self, theatre):
        await self.complain(theatre)
        await theatre.passes(days=400)
        assert theatre.stage(self.NAME) == "wait"
        assert len(theatre.store.passages) < 120, "it is looked at once a week, not every day"
        await theatre.leaves(TV)
        await theatre.passes(days=5)
        assert (theatre.shown(), theatre.sent) == ({}, [])
        await self.settle(theatre)
        assert theatre.ended(self.NAME) == "settled"

    async def test_what_nobody_settles_is_over_by_its_time_where_there_is_a_bound(self, bounded):
        theatre = bounded
        await self.complain(theatre)
        await theatre.passes(days=29)
        assert theatre.stage(self.NAME) == "wait"
        await theatre.passes(days=4)
        assert theatre.ended(self.NAME) == "not_settled"
        assert theatre.sent == [], "nobody is told that it was settled"
        await self.complain(theatre)
        assert theatre.stage(self.NAME) == "see_to_it"

    async def test_a_complaint_that_says_it_is_settled_begins_nothing(self, theatre):
        await self.settle(theatre)
        assert theatre.stage(self.NAME) is None
        assert theatre.sent == []


class TestRunningLow:
    NAME = "running_low"

    def is_due(self, theatre):
        stages = theatre.person.traits.stages
        stages.categories[:] = ["Kitchen > Flour"]
        stages.stages[:] = [PurchaseStage.DUE_AGAIN]
        theatre.sources.has = {Source.BUY_AGAIN: (theatre.no(FLOUR),)}

    async def test_reminded_when_it_is_due_on_the_site_and_then_in_a_letter(self, theatre):
        await theatre.buys(FLOUR)
        await theatre.passes(days=12)
        assert theatre.shown() == {}
        self.is_due(theatre)
        await theatre.passes(days=1)
        assert theatre.shown() == {FLOUR: self.NAME}
        await theatre.passes(days=3)
        assert [template for template, *_ in theatre.sent] == ["running_low"]
        await theatre.buys(FLOUR)
        assert theatre.ended(self.NAME) == "reached"
        assert theatre.stage(self.NAME) == "wait", "and the next time is waited for"

    async def test_bought_before_it_was_due_there_is_no_reminder(self, theatre):
        await theatre.buys(FLOUR)
        await theatre.passes(days=12)
        await theatre.buys(FLOUR)
        await theatre.passes(days=5)
        assert (theatre.shown(), theatre.sent) == ({}, [])

    async def test_without_consent_the_site_reminds_alone(self, theatre):
        refuse(theatre)
        await theatre.buys(FLOUR)
        self.is_due(theatre)
        await theatre.passes(days=5)
        assert (theatre.sent, theatre.stage(self.NAME)) == ([], "to_order")

    async def test_without_a_rhythm_it_is_given_up(self, theatre):
        await theatre.buys(FLOUR)
        await theatre.passes(days=182)
        assert theatre.ended(self.NAME) == "no_rhythm"

    async def test_what_is_not_used_up_needs_no_reminder(self, theatre):
        await theatre.buys(DVD)
        assert theatre.stage(self.NAME) is None


class TestFaqWanderer:
    @pytest.mark.parametrize(("questions", "offered"), [(2, False), (3, True)])
    async def test_a_chat_is_offered_to_who_looks_for_an_answer_again_and_again(
        self, theatre, questions, offered
    ):
        theatre.person.session.questions = questions
        assert theatre.shown("web.faq") == ({"chat_now": "faq_wanderer"} if offered else {})
        assert theatre.shown("web.home.banner") == {}

    async def accept(self, theatre, *, while_waiting=True):
        if while_waiting:
            await theatre.leaves(TV)
            await theatre.passes(days=4, minutes=32)
        await theatre.happens("accept", "chat_now")

    async def test_who_takes_it_up_is_with_an_agent_before_all_whom_we_want_to_call(self, theatre):
        await self.accept(theatre)
        chat, call = await theatre.tasks()
        assert (chat.kind, chat.skills, call.kind) == ("chat", ("chat",), "call")
        assert "chat" in chat.reason
        assert len(chat.script.split()) <= 25
        done = await theatre.call("done")
        assert done.task_id == chat.task_id
        assert theatre.ended("asked_to_chat") == "answered"
        assert [each.kind for each in await theatre.tasks()] == ["call"]

    async def test_who_asked_to_be_called_goes_before_who_asked_for_a_chat(self, theatre):
        await self.accept(theatre, while_waiting=False)
        await theatre.happens("accept", "call_me_now")
        assert [each.kind for each in await theatre.tasks()] == ["call_back", "chat"]

    @pytest.mark.parametrize(
        ("outcome", "ended"),
        [
            ("sold", "reached"),
            ("accepted", "answered"),
            ("not_interested", "answered"),
            ("declined", "answered"),
            ("done", "answered"),
            ("wrong_person", "answered"),
            ("reached", "chatted"),
            ("not_reached", "chatted"),
            ("no_answer", "chatted"),
            ("busy", "chatted"),
            ("voicemail", "chatted"),
        ],
    )
    async def test_whatever_comes_of_it_the_chat_is_over(self, theatre, outcome, ended):
        await self.accept(theatre, while_waiting=False)
        await theatre.call(outcome)
        assert theatre.ended("asked_to_chat") == ended
        assert await theatre.tasks() == []

    async def test_who_would_rather_be_called_is_called_at_the_time_they_named(self, theatre):
        await self.accept(theatre, while_waiting=False)
        await theatre.call("call_again", hours=20)
        await theatre.passes(hours=19)
        assert await theatre.tasks() == []
        await theatre.passes(hours=1)
        (task,) = await theatre.tasks()
        assert task.kind == "call_back"
        await theatre.call("sold")
        assert theatre.ended("asked_to_chat") == "reached"

    async def test_who_is_to_be_called_later_and_asks_for_a_chat_again_has_one_now(self, theatre):
        await self.accept(theatre, while_waiting=False)
        await theatre.call("call_again", hours=20)
        await theatre.passes(minutes=5)
        await theatre.happens("accept", "chat_now")
        assert [each.kind for each in await theatre.tasks()] == ["chat"]
        assert theatre.stage("asked_to_chat") == "chat"
        await theatre.call("done")
        await theatre.passes(hours=21)
        assert await theatre.tasks() == [], "the chat came in place of the call"

    async def test_whom_nobody_takes_within_the_hour_waits_no_longer(self, theatre):
        await self.accept(theatre, while_waiting=False)
        await theatre.passes(hours=1, minutes=1)
        assert await theatre.tasks() == []
        assert theatre.ended("asked_to_chat") == "chatted"

    async def test_it_is_offered_only_while_somebody_who_can_chat_is_free(self, theatre):
        await theatre.signs_on("sales", "service")
        assert (await theatre.free()).free_chat_agents == 0
        await theatre.signs_on("chat")
        assert (await theatre.free()).free_chat_agents == 1
        await self.accept(theatre, while_waiting=False)
        free = await theatre.free()
        assert (free.free_chat_agents, free.free_agents) == (0, 1)


class TestWeeklyPicks:
    NAME = "weekly_picks"

    def weeks(self, theatre):
        return [day for template, _, day in theatre.sent if template == "weekly_picks"]

    async def test_a_letter_a_week_for_as_long_as_they_read_it(self, theatre):
        theatre.person.traits.answers.emails_sent = 1.0
        theatre.person.traits.answers.email_open_share = 0.5
        await theatre.happens("preference")
        await theatre.passes(days=71)
        assert self.weeks(theatre) == list(range(7, 71, 7))
        theatre.person.traits.answers.email_open_share = 0.0
        await theatre.passes(days=15)
        assert theatre.ended(self.NAME) == "not_read"

    async def test_letters_that_had_nothing_to_say_do_not_count_as_not_read(self, theatre):
        theatre.person.traits.answers.emails_sent = 1.0
        theatre.person.traits.answers.email_open_share = 0.0
        theatre.letters.instead["weekly_picks"] = Result(Fate.SKIPPED, "NOTHING_TO_SAY")
        await theatre.happens("preference")
        await theatre.passes(days=36)
        assert self.weeks(theatre) == []
        del theatre.letters.instead["weekly_picks"]
        await theatre.passes(days=49)
        assert len(self.weeks(theatre)) == 7
        assert theatre.stage(self.NAME) == "a_week"
        await theatre.passes(days=14)
        assert len(self.weeks(theatre)) == 8
        assert theatre.ended(self.NAME) == "not_read"

    async def test_none_where_nothing_is_worth_sending_and_then_again(self, theatre):
        theatre.letters.instead["weekly_picks"] = Result(Fate.SKIPPED, "NOTHING_WORTH_SENDING")
        await theatre.happens("preference")
        await theatre.passes(days=14)
        assert self.weeks(theatre) == []
        del theatre.letters.instead["weekly_picks"]
        await theatre.passes(days=7)
        assert len(self.weeks(theatre)) == 1

    async def test_whoever_unsubscribes_hears_no_more(self, theatre):
        await theatre.happens("preference")
        await theatre.passes(days=8)
        refuse(theatre)
        await theatre.happens("unsubscribe")
        await theatre.passes(days=30)
        assert len(self.weeks(theatre)) == 1
        assert theatre.ended(self.NAME) == "unsubscribed"

    @pytest.mark.parametrize("kept", [[], ["marketing"]])
    async def test_whoever_takes_the_consent_back_ends_it_at_the_next_letter(self, theatre, kept):
        await theatre.happens("preference")
        await theatre.passes(days=8)
        theatre.person.consents[:] = kept
        theatre.person.refusals[:] = ["marketing:EMAIL"]
        await theatre.happens("consent")
        await theatre.passes(days=7)
        assert theatre.ended(self.NAME) == "unsubscribed"
        assert len(theatre.errands.all()) == 1, "and no other letter was ordered"

    @pytest.mark.parametrize("consents", [[], ["marketing"]])
    async def test_without_consent_it_does_not_begin(self, theatre, consents):
        theatre.person.consents[:] = consents
        theatre.person.refusals[:] = ["marketing:EMAIL"]
        await theatre.happens("preference")
        assert theatre.stage(self.NAME) is None


class TestHolidaySpecial:
    NAME = "holiday_special"

    async def test_asked_for_and_not_answered_a_call_and_after_a_week_a_better_offer(self, theatre):
        await theatre.happens("accept", "holiday_special")
        assert theatre.sent == [("holiday_special", "EMAIL", 0)]
        await theatre.passes(days=3, minutes=1)
        (task,) = await theatre.tasks()
        assert task.offer_ids == ("holiday_ten",)
        await theatre.call("declined")
        await theatre.passes(days=7)
        assert [template for template, *_ in theatre.sent] == ["holiday_special", "holiday_better"]
        assert theatre.shown("agent.prompt") == {"holiday_fifteen": self.NAME}
        jobs = [each.job for each in theatre.errands.all().values()]
        letters = [job for job in jobs if isinstance(job, MessageOrder)]
        assert [letter.from_own_contact for letter in letters] == [True, True]

    async def test_answered_at_once_nobody_calls(self, theatre):
        await theatre.happens("accept", "holiday_special")
        await theatre.happens("accept", "holiday_ten")
        await theatre.passes(days=30)
        assert await theatre.tasks() == []
        assert len(theatre.sent) == 1

    async def test_bought_meanwhile_it_is_over(self, theatre):
        await theatre.happens("accept", "holiday_special")
        await theatre.buys(TV)
        await theatre.passes(days=30)
        assert theatre.ended(self.NAME) == "reached"

    async def test_another_offer_accepted_asks_for_nothing(self, theatre):
        await theatre.happens("accept", "come_back")
        assert theatre.stage(self.NAME) is None
