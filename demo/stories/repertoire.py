"""All stories by name: each plays, tells what the channels saw, and claims what it shows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from demo.stories.discoveries import bikes_instead_of_shoes, people_alike
from demo.stories.journeys import a_cart_left_behind, hesitation_at_the_checkout
from demo.stories.stage import Stage
from demo.stories.stories import (
    a_visitor_logs_in,
    bought_in_black,
    browsed_then_called,
    declined_last_night,
    three_times_a_week,
    two_people_one_telephone,
)

Story = Callable[[Stage], Awaitable[None]]

STORIES: Mapping[str, Story] = {
    "declined": declined_last_night,
    "called": browsed_then_called,
    "bought": bought_in_black,
    "contacts": three_times_a_week,
    "login": a_visitor_logs_in,
    "shared-phone": two_people_one_telephone,
    "bikes": bikes_instead_of_shoes,
    "alike": people_alike,
    "hesitation": hesitation_at_the_checkout,
    # The last one, because it moves time on by two days for the whole suite.
    "abandoned": a_cart_left_behind,
}
