"""Identifiers that sort by the time of their making."""

from __future__ import annotations

import time
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.ids import is_id, new_id, uuid7

MOMENTS = st.integers(0, 2**48 - 1)


@given(now_ms=MOMENTS, noise=st.binary(min_size=10, max_size=10))
def test_an_id_is_a_uuid_of_version_7_that_knows_its_moment(now_ms: int, noise: bytes) -> None:
    found = UUID(uuid7(now_ms, lambda size: noise[:size]))
    assert str(found) == uuid7(now_ms, lambda size: noise[:size])
    assert (found.version, found.variant) == (7, RFC_4122)
    assert found.int >> 80 == now_ms


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


def test_a_new_id_is_of_this_moment() -> None:
    before_ms = time.time_ns() // 1_000_000
    moment_ms = UUID(new_id()).int >> 80
    assert before_ms <= moment_ms <= time.time_ns() // 1_000_000


def test_only_the_canonical_form_is_an_id() -> None:
    found = new_id()
    assert is_id(found)
    assert not any(map(is_id, ("", found[:-1], f"{found}0", found.upper(), found.replace("-", ""))))
