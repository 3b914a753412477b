"""How the edge's own settings are read."""

import pytest

from services.aggregator.config import AggregatorSettings
from shared.config import ConfigError, ServiceSettings, load
from shared.transport.connections import most_of_one_peer

GIVEN = {
    "TOUCHPOINT_POSTGRES_URL": "postgresql://h/db",
    "TOUCHPOINT_DEPLOYMENT_KEY": "ab" * 32,
}


def told(text):
    given = GIVEN | {"TOUCHPOINT_RECORDED_PER_HOUR": text}
    return load(AggregatorSettings, given).recorded_per_hour


def test_no_decision_need_be_recorded():
    assert (told("0"), told("600")) == (0, 600)
    assert load(AggregatorSettings, GIVEN).recorded_per_hour == 120


@pytest.mark.parametrize("text", ["-1", "1.5", "many", "²"])
def test_how_many_are_recorded_is_a_whole_number(text):
    with pytest.raises(ConfigError, match=r"RECORDED_PER_HOUR.*whole number of decisions"):
        told(text)


def test_an_address_has_half_of_the_connections_unless_told():
    assert load(AggregatorSettings, GIVEN).connections_of_one_address() == most_of_one_peer()
    given = GIVEN | {"TOUCHPOINT_CONNECTIONS_PER_ADDRESS": "7"}
    assert load(AggregatorSettings, given).connections_of_one_address() == 7


def test_peers_of_the_edge_are_held_to_account_and_those_behind_it_are_not():
    assert load(AggregatorSettings, GIVEN).meets_strangers()
    assert not load(ServiceSettings, GIVEN).meets_strangers()
