"""What a report may tell of a person and a moment: bounded, readable, the same everywhere."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.ranker.domain.bands import banded
from services.ranker.domain.characteristics import CHANNELS, KNOWN_AS, characteristics, hashes
from services.ranker.domain.encoding import MOST_CHARACTERISTICS
from services.ranker.domain.situation import Liked, Situation
from tests.unit.ranker.shop import BANNER, BIKES, liker
from touchpoint.common.v1.vocabulary_pb2 import Assurance, Channel

NUMBERS = st.one_of(
    st.integers(-(10**14), 10**14), st.floats(allow_nan=False, allow_infinity=False)
)


@pytest.mark.parametrize(
    ("text", "band"),
    [
        ("25000", "20k to 50k"),
        ("20000", "20k to 50k"),
        ("50000", "50k to 100k"),
        ("1500000", "1M to 2M"),
        ("3", "3"),
        ("3.0", "3"),
        ("0", "0"),
        ("-4", "-4"),
        ("10", "10 to 20"),
        ("3.5", "2 to 5"),
        ("0.25", "0.2 to 0.5"),
        ("-25", "-50 to -20"),
        ("007", "007"),
        ("01234", "01234"),
        ("M", "M"),
        ("1_000", "1_000"),
        ("nan", "nan"),
        ("1e400", "1e400"),
        ("", ""),
    ],
)
def test_numbers_fall_into_readable_bands_and_codes_stand_for_themselves(text, band):
    assert banded(text) == band


def ends(band):
    units = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
    return [
        float(number) * units[unit]
        for number, unit in re.findall(r"(-?[\d.]+(?:e-?\d+)?)([kMGT]?)", band)
    ]


@given(NUMBERS)
def test_every_number_lies_in_the_band_that_is_named(number):
    assume(1e-6 <= abs(number) < 1e15)
    band = banded(repr(number))
    if " to " not in band:
        assert float(band) == number
        return
    low, high = ends(band)
    # A mirrored band holds its upper end and not its lower one.
    assert low <= number <= high
    assert high - low <= 1.5000001 * abs(number)


@given(st.text(max_size=20))
def test_any_text_has_a_band(text):
    assert isinstance(banded(text), str)


def test_a_person_and_a_moment_are_told_in_words():
    situation = liker(
        BIKES,
        segments=["a", "b"],
        age=40,
        persona="gardener",
        attributes=["club=yes", "income=25000"],
        told=["weather=rain"],
        hour=20,
        weekday=4,
        has_cart=True,
        is_hesitating=True,
        price_sensitivity=0.7,
        brands=Liked(["acme"], [0.5]),
    )
    assert set(characteristics(situation)) == {
        "channel=WEB",
        "time_of_day=evening (18 to 24 h)",
        "weekday=Friday",
        "cart=filled",
        "known_as=visitor",
        "hesitating=yes",
        "value_tier=medium",
        "last_purchase=within 30 days",
        "likes_category=Cycling",
        "likes_brand=acme",
        "persona=gardener",
        "age=36 to 45",
        "price_sensitivity=high",
        "segment=a",
        "segment=b",
        "attr.club=yes",
        "attr.income=20k to 50k",
        "context.weather=rain",
    }


def test_of_nobody_only_the_moment_is_told():
    nobody = Situation(Channel.WEB, [BANNER], hour=3, weekday=6)
    assert set(characteristics(nobody)) == {
        "channel=WEB",
        "time_of_day=night (0 to 6 h)",
        "weekday=Sunday",
        "cart=empty",
        "known_as=nobody",
    }


def test_prose_is_no_characteristic():
    texts = characteristics(liker(BIKES, attributes=["note=" + "x" * 61, "empty=", "code=x"]))
    assert [text for text in texts if text.startswith("attr.")] == ["attr.code=x"]


def test_there_are_never_more_than_a_row_holds():
    many = [f"name_{number:03}=v" for number in range(200)]
    crowded = liker(BIKES, segments=many, attributes=many, told=many, persona="p", age=40)
    assert len(characteristics(crowded)) <= MOST_CHARACTERISTICS
    assert characteristics(crowded) == characteristics(crowded)


def test_hashes_are_ascending_each_once_and_of_the_text_alone():
    found = hashes(["b=2", "a=1", "b=2"]).tolist()
    assert found == sorted(set(found))
    assert found == hashes(["a=1", "b=2"]).tolist()


def test_names_stand_at_their_numbers_in_the_contract():
    assert CHANNELS[1:] == tuple(Channel.Value.keys())[1:]
    assert len(KNOWN_AS) == len(Assurance.Value.keys())
