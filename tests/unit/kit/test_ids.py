"""Identifiers that sort by the time of their making."""

from __future__ import annotations

from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ids import uuid7, uuid_ms

MOMENTS = st.integers(0, 2**48 - 1)


@given(now_ms=MOMENTS, noise=st.binary(min_size=10, max_size=10))
def test_an_id_is_a_uuid_of_version_7_that_knows_its_moment(now_ms: int, noise: bytes) -> None:
    found = UUID(uuid7(now_ms, lambda size: noise[:size]))
    assert str(found) == uuid7(now_ms, lambda size: noise[:size])
    assert (found.version, found.variant) == (7, RFC_4122)
    assert uuid_ms(str(found)) == now_ms


@given(earlier=MOMENTS, later=MOMENTS)
def test_ids_sort_by_time(earlier: int, later: int) -> None:
    earlier, later = sorted((earlier, later))
    if earlier != later:
        assert uuid7(earlier) < uuid7(later)


def test_all_seventy_four_random_bits_are_used() -> None:
    found = [
        UUID(uuid7(0, lambda size, at=at: (1 << at).to_bytes(size, "big"))) for at in range(80)
    ]
    assert len({each.int for each in found}) == 75


def test_another_kind_of_uuid_has_no_moment() -> None:
    with pytest.raises(ValueError, match="no UUIDv7"):
        uuid_ms("12345678-1234-4234-8234-123456789012")
