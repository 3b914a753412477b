"""What is asked 200 times is 200 different things."""

from itertools import islice

from bench.parts.segments import SEGMENTS, shipped_with_other_constants


def test_the_shipped_segments_are_cycled_with_other_constants():
    segments = list(islice(shipped_with_other_constants(), SEGMENTS))
    assert len(segments) == SEGMENTS
    assert len({segment.name for segment in segments}) == SEGMENTS
    shipped = {segment.name.split()[0] for segment in segments}
    assert {"best_customers", "lapsing", "new_customers", "bargain_seekers"} < shipped
