"""What retrieval is told by its environment."""

import pytest

from services.retrieval.config import RetrievalSettings
from services.retrieval.domain.external import Told
from shared.config import ConfigError, load

GIVEN = {
    "TOUCHPOINT_POSTGRES_URL": "postgresql://retrieval@127.0.0.1/touchpoint",
    "TOUCHPOINT_DEPLOYMENT_KEY": "00" * 32,
}


def test_amounts_are_in_dollars_unless_told_otherwise():
    assert load(RetrievalSettings, GIVEN).currency == "USD"
    assert load(RetrievalSettings, {**GIVEN, "TOUCHPOINT_CURRENCY": "EUR"}).currency == "EUR"


def test_a_currency_that_is_none_is_refused_by_name():
    with pytest.raises(ConfigError, match="TOUCHPOINT_CURRENCY is 'euro'"):
        load(RetrievalSettings, {**GIVEN, "TOUCHPOINT_CURRENCY": "euro"})


def test_plug_ins_are_named_with_their_addresses():
    given = {**GIVEN, "TOUCHPOINT_EXTERNAL_SOURCES": "a=127.0.0.1:7601, b=trends.internal:80"}
    found = load(RetrievalSettings, given).external_sources
    assert found == (("a", "127.0.0.1:7601"), ("b", "trends.internal:80"))
    assert load(RetrievalSettings, GIVEN).external_sources == ()


def test_plug_ins_hear_only_of_those_who_agreed_unless_told_otherwise():
    assert load(RetrievalSettings, GIVEN).external_persons is Told.AGREED
    given = {**GIVEN, "TOUCHPOINT_EXTERNAL_PERSONS": "Everybody"}
    assert load(RetrievalSettings, given).external_persons is Told.EVERYBODY


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SOURCES", "127.0.0.1:7601"),
        ("SOURCES", "a=127.0.0.1:1,a=127.0.0.1:2"),
        ("SOURCES", "a=nowhere"),
        ("SHARE", "1.5"),
        ("SHARE", "nan"),
        ("QUOTA", "0"),
        ("QUOTA", "-1"),
        ("QUOTA", "nan"),
        ("PERSONS", "true"),
    ],
)
def test_settings_of_plug_ins_that_cannot_be_meant_are_refused_by_name(name, value):
    key = f"TOUCHPOINT_EXTERNAL_{name}"
    with pytest.raises(ConfigError, match=key):
        load(RetrievalSettings, {**GIVEN, key: value})
