"""What collecting says of the currencies of a period."""

import pytest

from services.ranker.collecting import without_rate
from services.ranker.domain.measures.log import Period

RATES = {
    0: {"": 9, "EUR": 5, "CHF": 0, "JPY": 0},
    100: {"": 9, "EUR": 5, "CHF": 4, "JPY": 0},
    200: {"": 9, "EUR": 0, "CHF": 4, "JPY": 0},
}


@pytest.mark.parametrize(
    ("since_us", "until_us", "unknown"),
    [
        (10, 100, ["CHF", "JPY"]),
        (99, 101, ["CHF", "JPY"]),
        (100, 200, ["JPY"]),
        (150, 201, ["EUR", "JPY"]),
        (300, 400, ["EUR", "JPY"]),
        (10, 300, ["CHF", "EUR", "JPY"]),
    ],
)
def test_a_currency_is_without_a_rate_where_a_table_of_the_period_has_none(
    since_us, until_us, unknown
):
    assert without_rate(RATES, Period(since_us, until_us)) == unknown
