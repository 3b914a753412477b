import numpy as np
import pytest

from shared.snapshot import BOUNDS, Snapshot, encode
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot


def test_columns_are_arrays_in_the_units_of_the_engine():
    message = PersonSnapshot(person_ids=["p"])
    message.owned.family_nos.extend([7, 9])
    message.owned.last_minutes.extend([29_000_000, 5])
    message.declined.offer_nos.append(3)
    snapshot = Snapshot.decode(encode(message))
    assert snapshot.is_known
    np.testing.assert_array_equal(snapshot.owned_family_nos, np.array([7, 9], np.uint32))
    assert snapshot.owned_last_us.tolist() == [29_000_000 * 60_000_000, 300_000_000]
    assert snapshot.declined_offer_nos.tolist() == [3]


def test_nobody_known_is_a_snapshot_too():
    snapshot = Snapshot.decode(b"")
    assert not snapshot.is_known
    assert snapshot.owned_family_nos.shape == (0,)
    assert not snapshot.consents_to("marketing", "EMAIL")


def test_what_is_too_long_keeps_its_first():
    message = PersonSnapshot()
    message.owned.family_nos.extend(range(5000))
    message.owned.times.extend([1] * 5000)
    message.recent.types.extend(["view"] * 60)
    message.traits.categories.extend(map(str, range(70)))
    decoded = Snapshot.decode(encode(message))
    assert decoded.owned_family_nos.tolist() == list(range(BOUNDS["owned"]))
    assert len(decoded.owned_times) == BOUNDS["owned"]
    assert len(decoded.message.recent.types) == 50
    assert len(decoded.message.traits.categories) == 64


@pytest.mark.parametrize(
    ("consents", "refusals", "allowed"),
    [
        ([], [], False),
        (["marketing"], [], True),
        (["marketing:EMAIL"], [], True),
        (["marketing:SMS"], [], False),
        (["marketing"], ["marketing:EMAIL"], False),
        (["marketing"], ["marketing:SMS"], True),
        (["marketing:EMAIL"], ["marketing"], False),
    ],
)
def test_a_refusal_outranks_a_consent(consents: list[str], refusals: list[str], allowed: bool):
    message = PersonSnapshot(consents=consents, refusals=refusals)
    assert Snapshot(message).consents_to("marketing", "EMAIL") is allowed
