"""All stories by name: each plays, tells what the channels saw, and claims what it shows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from demo.stories.acquaintances import (
    asked_for_the_holidays,
    asked_into_the_chat,
    heard,
    missed,
    reminded,
    welcomed,
    written_to_every_week,
)
from demo.stories.discoveries import bikes_instead_of_shoes, people_alike
from demo.stories.journeys import (
    a_cart_left_behind,
    asked_at_the_second_cart,
    called_from_the_checkout,
    hesitation_at_the_checkout,
    sold_out_and_back,
)
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

_WITHIN_A_DAY: Mapping[str, Story] = {
    "declined": declined_last_night,
    "called": browsed_then_called,
    "bought": bought_in_black,
    "contacts": three_times_a_week,
    "login": a_visitor_logs_in,
    "shared-phone": two_people_one_telephone,
    "bikes": bikes_instead_of_shoes,
    "alike": people_alike,
    "hesitation": hesitation_at_the_checkout,
    "call-me": called_from_the_checkout,
    "chat": asked_into_the_chat,
}
FOR_WEEKS: Mapping[str, Story] = {
    "abandoned": a_cart_left_behind,
    "sold-out": sold_out_and_back,
    "survey": asked_at_the_second_cart,
    "welcome": welcomed,
    "missed": missed,
    "complaint": heard,
    "running-low": reminded,
    "weekly": written_to_every_week,
    "holidays": asked_for_the_holidays,
}
"""Those that move time on, for the whole suite: they are played last, and side by side."""
STORIES: Mapping[str, Story] = {**_WITHIN_A_DAY, **FOR_WEEKS}
