"""Who is who."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.domain.identity import Assurance, assurance, connected, initials, masked


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("email", "ada.byron@mail.shop.example", "a…@m….example"),
        ("phone", "+15550100200", "+1…00"),
        ("customer", "ada", "a…"),
        ("visitor", "0123456789", "01…89"),
    ],
)
def test_a_masked_value_shows_its_ends_only(kind, value, shown):
    assert masked(kind, value) == shown


@given(st.text(alphabet="0123456789abc@.", min_size=2, max_size=40))
def test_at_least_half_of_a_value_is_masked(value):
    shown = masked("customer", value).replace("…", "")
    assert len(shown) <= len(value) / 2


def test_of_a_name_only_the_first_letters_can_be_read():
    assert initials("Ada Byron") == "A… B…"
    assert initials("") == ""


@pytest.mark.parametrize(
    ("kind", "verified", "sure"),
    [
        ("customer", True, Assurance.VERIFIED),
        ("customer", False, Assurance.CLAIMED),
        ("loyalty_card", False, Assurance.VERIFIED),
        ("phone", True, Assurance.CLAIMED),
        ("visitor", True, Assurance.CLAIMED),
        ("visitor", False, Assurance.ANONYMOUS),
    ],
)
def test_a_cookie_is_never_proof_and_a_card_always(kind, verified, sure):
    assert assurance(kind, verified=verified) == sure


def test_persons_are_connected_by_way_of_others():
    edges = [("a", "b"), ("b", "c"), ("x", "y")]
    assert connected("c", edges) == {"a", "b", "c"}
    assert connected("x", edges) == {"x", "y"}
    assert connected("z", edges) == {"z"}
