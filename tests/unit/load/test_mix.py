"""A mix names channels with weights, and a mistake in it is said."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cli.load.mix import read_mix
from touchpoint.common.v1.vocabulary_pb2 import Channel

_SHIPPED = Path(__file__).parents[3] / "deploy" / "definitions" / "placements.yaml"


def test_weights_become_shares_and_each_channel_asks_for_a_placement_of_its_own():
    web, agents = read_mix("web=60, CALL_CENTER=20")

    assert (web.channel, web.placements, web.share) == (Channel.WEB, ["web.home.banner"], 0.75)
    assert (agents.channel, agents.placements, agents.share) == (
        Channel.CALL_CENTER,
        ["agent.prompt"],
        0.25,
    )


def test_a_channel_may_ask_for_several_placements_each_with_a_weight():
    parts = read_mix("WEB:web.cart=1,WEB:web.item=1")

    assert [part.placements for part in parts] == [["web.cart"], ["web.item"]]


@pytest.mark.parametrize(
    "name", ["WEB", "EMAIL", "SMS", "PUSH", "DIRECT_MAIL", "IVR", "CALL_CENTER", "STORE"]
)
def test_the_placement_of_a_channel_is_one_that_is_shipped_for_it(name):
    shipped = yaml.safe_load(_SHIPPED.read_text(encoding="utf-8"))["placements"]
    (part,) = read_mix(f"{name}=1")

    assert [each["channel"] for each in shipped if each["placement"] in part.placements] == [name]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("WEB", "say CHANNEL=WEIGHT"),
        ("WEB=0", "weight above 0"),
        ("WEB=nan", "weight above 0"),
        ("WEB=80,", "say CHANNEL=WEIGHT"),
        ("WEB=80,WEB=20", "WEB stands twice"),
        ("PIGEON=1", "is no channel; there are WEB"),
        ("CHAT=1", "CHAT has no placement of its own: say CHAT:PLACEMENT=WEIGHT"),
    ],
)
def test_what_is_no_mix_is_said(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_mix(text)
