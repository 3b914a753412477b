"""What the scenario service is told at its start."""

import pytest

from services.scenario.config import ScenarioSettings
from shared.config import ConfigError, load

NEEDED = {
    "TOUCHPOINT_POSTGRES_URL": "postgresql://scenario@localhost/touchpoint",
    "TOUCHPOINT_DEPLOYMENT_KEY": "00" * 32,
}


def test_a_crash_point_is_taken_in_development():
    assert load(ScenarioSettings, {**NEEDED, "CRASH_AT": "after_claim"}).crash_at == "after_claim"


def test_a_crash_point_in_production_is_refused():
    with pytest.raises(ConfigError, match="may be set in development only"):
        load(
            ScenarioSettings, {**NEEDED, "CRASH_AT": "after_claim", "TOUCHPOINT_MODE": "production"}
        )


def test_a_crash_point_that_does_not_exist_is_refused():
    with pytest.raises(ConfigError, match="CRASH_AT is 'x': must be one of after_claim"):
        load(ScenarioSettings, {**NEEDED, "CRASH_AT": "x"})


@pytest.mark.parametrize(
    "url", ["https://shop.example/?page=unsubscribe", "https://shop.example/#unsubscribe", "shop"]
)
def test_links_lead_to_a_page_that_a_token_can_be_added_to(url):
    with pytest.raises(ConfigError, match=r"TOUCHPOINT_UNSUBSCRIBE_URL.*must"):
        load(ScenarioSettings, {**NEEDED, "TOUCHPOINT_UNSUBSCRIBE_URL": url})
    plain = {**NEEDED, "TOUCHPOINT_UNSUBSCRIBE_URL": "https://shop.example/unsubscribe"}
    assert load(ScenarioSettings, plain).unsubscribe_link == "https://shop.example/unsubscribe"
