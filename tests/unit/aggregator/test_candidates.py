"""Joining and picking candidates."""

from dataclasses import replace

import pytest

from services.aggregator.domain.candidates import Candidates, Proposal, joined, of_source
from services.aggregator.domain.vocabulary import Source
from services.aggregator.pipeline.columns import Packed, copy_columns, from_proto, to_proto
from touchpoint.common.v1.decision_pb2 import Candidates as Columns


def columns(*offer_nos, source=Source.POPULAR):
    size = len(offer_nos)
    ones = [1] * size
    return Candidates(list(offer_nos), [source] * size, [0.5] * size, ones, ones, ones, ones)


def test_picking_keeps_the_columns_together():
    columns = [1, 2, 3], [0.1, 0.2, 0.3], [4, 5, 6], [1, 2, 3], [9, 8, 7], [1, 5, 0]
    picked = [3, 1], [0.3, 0.1], [6, 4], [3, 1], [7, 9], [0, 1]
    assert Candidates([7, 8, 9], *columns).pick([2, 0]) == Candidates([9, 7], *picked)


def test_the_sentence_of_a_plug_in_stays_with_its_offer():
    said = replace(columns(1, 2), evidence_texts={2: "The editors like it"})
    others = replace(columns(2, 3), evidence_texts={2: "So do we", 3: "New"})
    found = joined([said, others])
    assert found.pick([2, 1]).evidence_texts[2] == "The editors like it"
    assert said.and_then(columns(3)).evidence_texts == {2: "The editors like it"}


def test_sentences_and_kinds_travel_as_columns():
    sent = replace(columns(1, 2), evidence_texts={2: "The editors like it"})
    assert list(to_proto(sent).evidence_texts) == ["", "The editors like it"]
    assert from_proto(to_proto(sent)) == sent
    assert not to_proto(columns(1)).evidence_texts


def test_a_column_that_ends_early_is_filled_up():
    """Traces are kept whose standing offers have no kind of evidence."""
    kept = to_proto(columns(1, 2, 3))
    del kept.evidence_kinds[1:], kept.scores[:]
    read = from_proto(kept)
    assert (list(read.evidence_kinds), list(read.scores)) == ([1, 0, 0], [0, 0, 0])
    assert read.pick([2, 0]).evidence_kinds == [0, 1]


@pytest.mark.parametrize("missing", ["evidence_kinds", "evidence_texts", "evidence_nos"])
def test_what_is_added_stays_beside_its_own_evidence(missing):
    said = {1: "The editors like it"}
    whole, added = columns(1, 2), to_proto(replace(columns(3), evidence_texts={3: "New"}))
    short = to_proto(replace(whole, evidence_texts=said))
    short.ClearField(missing)
    both = Packed(from_proto(short), short).and_then(added)
    assert from_proto(both.message) == both.columns
    assert both.message.evidence_kinds[2] == 1
    assert both.message.evidence_texts[2] == "New"


@pytest.mark.parametrize("indexes", [[1], [1, 0]])
def test_the_ranker_is_told_how_much_speaks_for_each_and_not_which_item_or_in_which_words(indexes):
    said = replace(
        columns(7, 8),
        evidence_counts=[3, 4],
        evidence_totals=[30, 40],
        evidence_kinds=[1, 2],
        evidence_texts={8: "The editors like it"},
    )
    assert said.to_rank().pick(indexes) == Candidates(
        [7 + at for at in indexes],
        [Source.POPULAR] * len(indexes),
        [0.5] * len(indexes),
        [],
        [3 + at for at in indexes],
        [30 + 10 * at for at in indexes],
        [1 + at for at in indexes],
    )


@pytest.mark.parametrize(
    "kept", [[], [0], [3], [1, 2], [0, 3], [0, 1, 2, 3], [2, 0], [1, 1, 3]], ids=str
)
def test_cutting_out_what_rules_removed_is_picking_what_they_kept(kept):
    whole = Packed.of(replace(columns(5, 6, 7, 8), evidence_counts=[1, 2, 3, 4]))
    ranked, picked = whole.to_rank(kept), whole.columns.to_rank().pick(kept)
    assert ranked.message == to_proto(picked)
    assert ranked.columns.offer_nos == picked.offer_nos
    assert list(ranked.columns.sources) == picked.sources
    assert len(whole.message.offer_nos) == 4


def test_the_ranker_is_given_whole_columns_of_what_came_with_short_ones():
    whole = to_proto(columns(5, 6, 7))
    del whole.evidence_kinds[1:]
    ranked = Packed(from_proto(whole), whole).to_rank([1, 2]).message
    assert list(ranked.evidence_kinds) == [0, 0]


def test_every_column_is_copied():
    whole, copied = to_proto(replace(columns(1, 2), evidence_texts={2: "Said"})), Columns()
    copy_columns(whole, copied)
    assert copied == whole
    assert {field.name for field, _ in copied.ListFields()} == set(whole.DESCRIPTOR.fields_by_name)


def test_what_is_added_counts_on_from_the_last():
    assert columns(1, 2).and_then(columns(3)).offer_nos == [1, 2, 3]


def test_lists_are_joined_without_repetition_and_the_first_stays():
    whole = joined([columns(1, 2), columns(2, 3, source=Source.OFFER), columns(1)])
    assert whole.offer_nos == [1, 2, 3]
    assert whole.sources == [Source.POPULAR, Source.POPULAR, Source.OFFER]


def test_joining_nothing_is_nothing():
    assert len(joined([])) == 0
    assert len(joined([Candidates()])) == 0


def test_what_is_left_out_is_gone_from_every_column():
    left = columns(1, 2, 3).without([2, 9])
    assert left.offer_nos == [1, 3]
    assert len(left.scores) == 2


def test_repeated_defaults_are_proposed_once():
    assert of_source([5, 4, 5], Source.DEFAULT).offer_nos == [5, 4]


def test_what_follows_a_proposal_does_not_repeat_it():
    proposal = Proposal(columns(2, source=Source.JOURNEY), levers={2: 3.0})
    whole = proposal.followed_by(columns(1, 2, 3))
    assert whole.candidates.offer_nos == [2, 1, 3]
    assert whole.candidates.sources[0] == Source.JOURNEY
    assert whole.levers == {2: 3.0}


def test_levers_of_journeys_multiply_those_of_rules():
    proposal = Proposal(levers={2: 3.0})
    assert proposal.levers_of([1, 2], []) == [1.0, 3.0]
    assert proposal.levers_of([1, 2], [2.0, 2.0]) == [2.0, 6.0]
    assert Proposal().levers_of([1, 2], []) == []


def test_a_journey_fills_only_the_placements_it_names():
    proposal = Proposal(placements={2: frozenset({"b"})})
    assert proposal.bits_of([1, 2], [0b11, 0b11], ["a", "b"]) == [0b11, 0b10]
    assert proposal.bits_of([2], [0b01], ["a", "b"]) == [0]
