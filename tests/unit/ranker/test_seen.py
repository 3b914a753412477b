"""What a ranking saw, in few bytes: whatever is seen otherwise gives other bytes."""

from dataclasses import replace

import numpy as np
import pytest

from services.ranker.domain.arbitration import assume
from services.ranker.domain.judgement import as_assumed, sight
from services.ranker.domain.seen import feature_marks, features_digest
from tests.unit.ranker.shop import BIKE_NOS, BIKES, PRIOR, liker, maker, proposed

NOS = BIKE_NOS[:4]
SOMEBODY = liker(BIKES, attributes=("attr.sport=running",))


def judged(situation):
    count = len(NOS)
    worth = np.full(count, 10_000_000)
    assumed = assume(
        np.full(count, PRIOR), np.ones(count), worth, [("of the offer", np.ones(count))]
    )
    return as_assumed(assumed, sight(maker().features(proposed(*NOS), situation), assumed))


OTHERS = [
    replace(SOMEBODY, attributes=("attr.sport=cycling",)),
    replace(SOMEBODY, hour=17),
    replace(SOMEBODY, has_cart=True),
]


@pytest.mark.parametrize("other", OTHERS, ids=["attribute", "hour", "cart"])
def test_whatever_is_seen_otherwise_of_the_person_or_the_moment_is_noticed(other):
    then, now = judged(SOMEBODY), judged(other)

    assert features_digest(then) != features_digest(now)
    assert (feature_marks(then.sighted) != feature_marks(now.sighted)).all()


def test_the_same_is_seen_as_the_same():
    then, now = judged(SOMEBODY), judged(SOMEBODY)

    assert features_digest(then) == features_digest(now)
    assert np.array_equal(feature_marks(then.sighted), feature_marks(now.sighted))
