"""A snapshot that comes with a request is one, and its columns are of one length."""

import pytest

from shared.errors import InvalidArgument
from shared.snapshots import snapshot_of
from touchpoint.common.v1.snapshot_pb2 import Declined, Owned, PersonSnapshot


def paths(data):
    with pytest.raises(InvalidArgument) as refused:
        snapshot_of(data)
    return [violation.field for violation in refused.value.violations]


def test_bytes_that_are_none_are_refused():
    assert paths(b"\xff\xff") == ["snapshot"]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"declined": Declined(family_nos=[1, 2])}, "snapshot.declined.offer_nos"),
        ({"declined": Declined(times_us=[1])}, "snapshot.declined.times_us"),
        ({"owned": Owned(family_nos=[1, 2], times=[1])}, "snapshot.owned.times"),
        ({"owned": Owned(last_minutes=[1])}, "snapshot.owned.last_minutes"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_columns_that_do_not_agree_are_refused(wrong, path):
    assert paths(PersonSnapshot(**wrong).SerializeToString()) == [path]


def test_whole_ones_and_what_is_left_out_pass():
    whole = PersonSnapshot(
        person_ids=["p"],
        declined=Declined(family_nos=[1], offer_nos=[0], times_us=[5]),
        owned=Owned(family_nos=[1, 2]),
    )
    assert snapshot_of(whole.SerializeToString()) == whole
    assert snapshot_of(b"") == PersonSnapshot()
