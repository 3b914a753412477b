"""The base rate of a call centre's campaign drifts far, and answers come late: the model follows.

The stream is generated: people of a dozen attributes, half of which mean something, in months that
come one after the other; of the first a thirtieth accept, of the last one in two.
"""

from collections import deque
from functools import lru_cache

import numpy as np
import pytest

from services.ranker.domain.answers import Outcome
from services.ranker.domain.encoding import decode, encode
from services.ranker.domain.model import Model, prior_offset
from services.ranker.domain.situation import Situation
from tests.unit.ranker.shop import COUPON, PRIOR, PROMPT, maker, proposed

EVENTS, BLOCK, LATE_BY = 30_000, 1_000, 100
PEOPLE, MONTHS = 150, 10
MOVING = 1_000
"""As many answers the moving base rate is of."""
MAKER = maker()


def people(random):
    """Make attributes of everybody, and what they add to the log-odds."""
    kinds = random.integers(2, 9, 12)
    values = np.array([random.integers(0, kind, PEOPLE) for kind in kinds]).T
    worth = [random.normal(0, 0.3 if at < 6 else 0.0, kind) for at, kind in enumerate(kinds)]
    effects = sum(each[values[:, at]] for at, each in enumerate(worth))
    return values, effects - effects.mean()


def stream(seed, rate_at):
    """Yield who is asked in which month, and whether they accept."""
    random = np.random.default_rng(seed)
    values, effects = people(random)

    @lru_cache(None)
    def sight(who, month):
        told = [f"a{at}={value}" for at, value in enumerate(values[who])]
        asked = Situation(7, [PROMPT], attributes=told, told=[f"month={month}"])
        features = MAKER.features(proposed(COUPON), asked)
        offset = prior_offset(np.array([PRIOR]), features.prior_variance)
        return decode(encode(float(offset[0]), features.of_candidate(0)))

    for event in range(EVENTS):
        share = event / EVENTS
        who = int(random.integers(PEOPLE))
        rate = rate_at(share)
        odds = rate / (1 - rate) * np.exp(effects[who])
        yield sight(who, int(share * MONTHS)), bool(random.random() < odds / (1 + odds))


def loss(probability, accepted):
    return -np.log(probability if accepted else 1 - probability)


@pytest.mark.long
@pytest.mark.parametrize(
    "rate_at",
    [
        pytest.param(lambda share: 0.03 + 0.48 * share, id="steadily"),
        pytest.param(
            lambda share: (0.03, 0.08, 0.2, 0.35, 0.51)[min(4, int(share * 5))], id="in steps"
        ),
    ],
)
def test_it_is_never_much_worse_than_a_moving_base_rate(rate_at):
    model, waiting = Model(), deque()
    answered = deque([False] * 29 + [True], MOVING)
    ours, of_moving = np.zeros(EVENTS), np.zeros(EVENTS)
    for event, (sight, accepted) in enumerate(stream(5, rate_at)):
        ours[event] = loss(model.predict(sight), accepted)
        of_moving[event] = loss(sum(answered) / len(answered), accepted)
        model.learn(model.number + 1, Outcome.SHOWN, sight)
        waiting.append((sight, accepted))
        if len(waiting) > LATE_BY:
            known, was_accepted = waiting.popleft()
            answered.append(was_accepted)
            if was_accepted:
                model.learn(model.number + 1, Outcome.ACCEPTED, known)
    blocks = (each.reshape(-1, BLOCK).mean(axis=1) for each in (ours, of_moving))
    ratios = np.divide(*blocks)
    assert ratios.max() <= 1.05
    assert ratios.mean() < 1.0
