"""The harness of replays: what counts, who learns, that a restart in between changes nothing."""

import numpy as np
import pytest

from bench.errors import MeasurementError
from bench.quality.acceptance import hillstrom, hillstrom_replay
from bench.quality.acceptance.bandits import BetaThompson, Fixed, LinUcb, Uniform
from bench.quality.acceptance.replay import Ours, Questions, replay
from bench.quality.acceptance.tables import Answers, Asked, catalogue_of
from bench.quality.shop import ShopMissingError
from services.ranker.domain.model import Model
from services.ranker.domain.situation import Situation
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind, Source

EVENTS, ARMS = 900, 3
FEW = 1_000
"""Of the real events."""
RATES = np.array([[0.6, 0.2, 0.1], [0.1, 0.2, 0.6]])
"""Of the arms, for those who like tea and for those who like coffee."""
SEEDS = np.random.default_rng(8).integers(1 << 62, size=EVENTS)
ORDER = np.random.default_rng(9).permutation(EVENTS)


class Recorder:
    """Chooses one arm and notes what it is told."""

    def __init__(self, arm):
        self.arm, self.told = arm, []

    def choose(self, event):
        return self.arm

    def learn(self, event, arm, *, accepted):
        self.told.append((event, arm, accepted))


@pytest.fixture(scope="module")
def answers():
    """Make people who were shown one of three offers at random."""
    random = np.random.default_rng(3)
    likes, shown = random.integers(0, 2, EVENTS), random.integers(0, ARMS, EVENTS)
    told = [f"drink={('tea', 'coffee')[each]}" for each in likes]
    offers = [
        CatalogueRow(
            offer_no=no,
            offer_id=f"offer-{no}",
            kind=OfferKind.CONTENT,
            value_micros=1_000_000,
            lever=1.0,
        )
        for no in range(1, ARMS + 1)
    ]
    return Answers(
        asked=[
            Asked(
                int(arm) + 1,
                Situation(Channel.EMAIL, ["email.body"], attributes=[each]),
                Source.OFFER,
            )
            for arm, each in zip(shown, told)
        ],
        catalogue=catalogue_of(offers),
        accepted=random.random(EVENTS) < RATES[likes, shown],
        people=np.arange(EVENTS),
        asked_at=np.arange(EVENTS),
        known_at=np.arange(EVENTS),
        numbers=np.arange(EVENTS, dtype=np.float64)[:, None],
        texts=np.array(told)[:, None],
    )


@pytest.fixture(scope="module")
def questions(answers):
    return Questions.of(answers)


def shown_of(answers):
    return np.array([asked.offer_no - 1 for asked in answers.asked])


def test_only_what_was_really_shown_counts_and_teaches():
    shown, accepted = np.array([0, 1, 1, 2]), np.array([True, False, True, True])
    policy = Recorder(1)
    found = replay(policy, shown, accepted, np.array([3, 2, 1, 0]))
    assert policy.told == [(2, 1, True), (1, 1, False)]
    assert found.choices.tolist() == [1, 1, 1, 1]
    assert found.reward == 0.5


def test_uniform_earns_the_mean_and_a_fixed_arm_its_own(answers):
    shown, accepted = shown_of(answers), answers.accepted
    fixed = replay(Fixed(2), shown, accepted, ORDER)
    assert fixed.reward == accepted[shown == 2].mean()
    uniform = [replay(Uniform(ARMS, seed), shown, accepted, ORDER).reward for seed in range(20)]
    assert np.mean(uniform) == pytest.approx(accepted.mean(), abs=0.02)


def test_what_depends_on_the_person_is_found_by_those_who_look_at_them(answers, questions):
    shown, accepted = shown_of(answers), answers.accepted
    contexts = np.column_stack([np.ones(EVENTS), answers.texts[:, 0] == "drink=tea"]).astype(float)
    blind = replay(BetaThompson(ARMS, 1), shown, accepted, ORDER).reward
    assert replay(LinUcb(ARMS, contexts, 0.5), shown, accepted, ORDER).reward > blind + 0.05
    assert replay(Ours(questions, SEEDS), shown, accepted, ORDER).reward > blind + 0.05


def test_where_answers_are_shuffled_nobody_earns_more_than_by_chance(answers, questions):
    shuffled = np.random.default_rng(4).permutation(answers.accepted)
    found = replay(Ours(questions, SEEDS), shown_of(answers), shuffled, ORDER)
    assert found.reward == pytest.approx(shuffled.mean(), abs=0.06)


def test_far_from_what_is_known_a_replay_is_void(answers, monkeypatch):
    monkeypatch.setattr(hillstrom, "load", lambda: (answers, np.zeros(EVENTS)))
    with pytest.raises(MeasurementError, match="uniform"):
        list(hillstrom_replay.measured(lambda text: None))


def assert_a_restart_changes_nothing(answers, questions, order):
    shown, accepted, half = shown_of(answers), answers.accepted, len(order) // 2
    seeds = np.random.default_rng(8).integers(1 << 62, size=len(shown))
    steady = Ours(questions, seeds)
    choices = replay(steady, shown, accepted, order).choices
    before = Ours(questions, seeds)
    replay(before, shown, accepted, order[:half])
    after = Ours(questions, seeds, Model.restored(before.model.snapshot()))
    again = replay(after, shown, accepted, order[half:]).choices
    assert again.tolist() == choices[half:].tolist()
    assert after.model.snapshot() == steady.model.snapshot()
    forgetful = replay(Ours(questions, seeds), shown, accepted, order[half:]).choices
    assert forgetful.tolist() != again.tolist()


def test_a_restart_in_mid_stream_continues_with_the_same_choices(answers, questions):
    assert_a_restart_changes_nothing(answers, questions, ORDER)


def test_so_it_does_on_the_real_stream():
    try:
        few, _ = hillstrom.load(FEW)
    except ShopMissingError as error:
        pytest.skip(str(error))
    assert_a_restart_changes_nothing(few, Questions.of(few), np.arange(FEW))
