"""What retrieval is told by its environment."""

import pytest

from services.retrieval.config import RetrievalSettings
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
