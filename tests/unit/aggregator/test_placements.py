"""Which placements a channel may fill, and how long that may take."""

import pytest

from services.aggregator.domain.placements import Ask, Placement, default_deadline_s, may_fill
from services.aggregator.domain.vocabulary import Channel


@pytest.mark.parametrize(
    ("owner", "asked"),
    [
        (Channel.WEB, Channel.WEB),
        (Channel.WEB, Channel.APP),
        (Channel.CALL_CENTER, Channel.CHAT),
        (Channel.CALL_CENTER, Channel.STORE),
        (Channel.STORE, Channel.CALL_CENTER),
        (Channel.IVR, Channel.IVR),
        (Channel.UNSPECIFIED, Channel.SMS),
    ],
)
def test_a_channel_may_fill_its_own_placements_and_those_that_show_the_same(owner, asked):
    assert may_fill(Placement("p", owner, 1), asked)


@pytest.mark.parametrize(
    ("owner", "asked"),
    [
        (Channel.CALL_CENTER, Channel.WEB),
        (Channel.WEB, Channel.CALL_CENTER),
        (Channel.APP, Channel.WEB),
        (Channel.EMAIL, Channel.SMS),
        (Channel.CALL_CENTER, Channel.IVR),
    ],
)
def test_a_channel_may_not_fill_what_it_cannot_show(owner, asked):
    assert not may_fill(Placement("p", owner, 1), asked)


def test_the_most_hurried_placement_sets_the_deadline():
    asks = [Ask(Placement("a", 1, 1, deadline_s=0.3), 1), Ask(Placement("b", 1, 1), 1)]
    assert default_deadline_s(asks) == 0.1
    assert default_deadline_s(asks[:1]) == 0.3


def test_no_deadline_is_above_a_second():
    assert default_deadline_s([Ask(Placement("a", 1, 1, deadline_s=5.0), 1)]) == 1.0
