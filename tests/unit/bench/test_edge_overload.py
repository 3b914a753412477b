"""When a service is well again after a spike."""

import pytest

from bench.errors import MeasurementError
from bench.parts.edge_overload import Sent, recovered_after_s


def after(*, bad_until_s, bad_at=()):
    return [
        (at, at >= bad_until_s and number not in bad_at)
        for number, at in ((number, number / 50) for number in range(300))
    ]


def test_what_was_never_slow_is_well_at_once():
    assert recovered_after_s(after(bad_until_s=0.0)) == 0.0


def test_it_is_well_from_when_a_whole_second_is():
    assert recovered_after_s(after(bad_until_s=0.7)) == pytest.approx(0.7)


def test_one_stall_in_a_second_does_not_count():
    assert recovered_after_s(after(bad_until_s=0.7, bad_at=[50])) == pytest.approx(0.7)


def test_what_does_not_become_well_is_no_figure():
    with pytest.raises(MeasurementError, match="not normal again"):
        recovered_after_s(after(bad_until_s=5.5))


def test_only_an_answer_is_within_a_time():
    assert Sent(0.0, 10.0, is_good=True).is_within(0.1)
    assert Sent(0.0, 10.0, is_degraded=True).is_within(0.1)
    assert not Sent(0.0, 110.0, is_good=True).is_within(0.1)
    assert not Sent(0.0, 10.0, is_refused=True).is_within(0.1)
