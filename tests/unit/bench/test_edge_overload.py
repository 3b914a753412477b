"""When a service is well again after a spike."""

import pytest

from bench.errors import MeasurementError
from bench.parts.edge_overload import Sent, Stretch, recovered_after_s


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


def test_a_stretch_is_its_thirds_and_what_was_before_and_after():
    found = [Sent(float(at), 10.0) for at in range(18)]
    stretch = Stretch(2.0, begin_s=4.0, end_s=13.0, found=found)
    thirds = [[each.due_s for each in third] for third in stretch.thirds()]
    assert thirds == [[4, 5, 6], [7, 8, 9], [10, 11, 12]]
    assert [each.due_s for each in stretch.before()] == [0, 1, 2, 3]
    assert [each.due_s for each in stretch.after()] == [13, 14, 15, 16, 17]
