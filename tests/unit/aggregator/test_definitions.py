"""The edge's part of a bundle."""

import pytest

from services.aggregator.definitions import compile_bundle
from shared.arm_shares import Arms, arms, share
from shared.definitions import CompileError
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
from touchpoint.rules.v1.rules_pb2 import Bundle, ContactLimit, Placement, Rule


def bundle(**parameters):
    placement = Placement(
        placement="web.home.banner",
        channel=Channel.WEB,
        limit=3,
        contact_kinds=[OfferKind.PROMOTION],
        default_offers=["welcome"],
    )
    placement.deadline.FromMilliseconds(250)
    return Bundle(
        bundle_hash="hash",
        parameters=parameters,
        placements=[placement, Placement(placement="bare")],
        rules=[
            Rule(name="owned", text="You have it.", texts={"de": "Sie haben es."}),
            Rule(name="silent"),
        ],
        contact_limits=[ContactLimit(policy="marketing")],
    )


def test_a_bundle_becomes_what_the_edge_needs_of_it():
    found = compile_bundle(bundle(holdout="5%"))
    banner = found.placements["web.home.banner"]
    assert (banner.limit, banner.deadline_s) == (3, 0.25)
    assert banner.contact_kinds == {OfferKind.PROMOTION}
    assert banner.default_offers == ("welcome",)
    assert found.arms == Arms(holdout_share=0.05)
    assert found.rule_texts == {"owned": {"en": "You have it.", "de": "Sie haben es."}}
    assert found.contact_policies == {"marketing"}


def test_a_bare_placement_shows_one_within_a_tenth_of_a_second():
    bare = compile_bundle(bundle()).placements["bare"]
    assert (bare.limit, bare.deadline_s) == (1, 0.1)


def test_shares_are_written_as_percent_or_fraction():
    assert (share("5%"), share("0.05"), share("0"), share("12.5 %")) == (0.05, 0.05, 0.0, 0.125)


@pytest.mark.parametrize("text", ["", "half", "-5%", "1.5", "101%", "5%%"])
def test_what_is_no_share_is_refused(text):
    with pytest.raises(ValueError, match=r"share|everybody"):
        share(text)


def test_arms_of_more_than_everybody_do_not_compile():
    assert arms({"holdout": "50%", "static": "50%"}).static_share == 0.5
    with pytest.raises(CompileError, match="more than everybody"):
        compile_bundle(bundle(holdout="60%", static="50%"))
