"""Each of the shipped scenarios, played on a moved clock: what every channel sees, and when."""

from __future__ import annotations

import pytest

from services.scenario.domain.outbound import Fate, Result
from tests.unit.scenario.theatre import CABLE, DVD, SOUNDBAR, TV, Theatre
from touchpoint.common.v1.vocabulary_pb2 import Source

SKIPPED = Result(Fate.SKIPPED, "NO_ADDRESS")


@pytest.fixture
def theatre():
    return Theatre()


def refuse(theatre):
    """Let the person refuse to be written to."""
    theatre.person.consents[:] = []
    theatre.person.refusals[:] = ["marketing"]


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
        for _ in range(2):
            await theatre.leaves(TV)
            await theatre.passes(hours=1)

    async def test_the_second_dear_cart_is_asked_about_on_every_channel_and_once(self, theatre):
        await theatre.leaves(TV)
        await theatre.passes(hours=1)
        assert "cart_survey" not in theatre.shown()
        await theatre.leaves(TV)
        await theatre.passes(hours=1)
        for placement in ("web.cart", "ivr.menu", "agent.prompt", "store.till"):
            assert theatre.shown(placement)["cart_survey"] == self.NAME
        await theatre.happens("impression", "cart_survey")
        assert "cart_survey" not in theatre.shown("ivr.menu")
        await theatre.happens("survey_answer", "cart_survey")
        assert theatre.ended(self.NAME) == "reached"
        await self.leave_twice(theatre)
        assert "cart_survey" not in theatre.shown()

    async def test_not_for_a_cheaper_cart_nor_after_a_purchase(self, theatre):
        for item in (SOUNDBAR, TV):
            await theatre.leaves(item)
            await theatre.passes(hours=1)
        assert "cart_survey" not in theatre.shown()
        await self.leave_twice(theatre)
        await theatre.buys(TV)
        assert theatre.shown() == {}


class TestFaqWanderer:
    @pytest.mark.parametrize(("questions", "offered"), [(2, False), (3, True)])
    async def test_a_chat_is_offered_to_who_looks_for_an_answer_again_and_again(
        self, theatre, questions, offered
    ):
        theatre.person.session.questions = questions
        assert theatre.shown("web.faq") == ({"chat_now": "faq_wanderer"} if offered else {})
        assert theatre.shown("web.home.banner") == {}
