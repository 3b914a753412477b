"""All six services in one process, calls going straight to the handlers: `up --colocate`."""

from __future__ import annotations

import gc

gc.disable()  # what is loaded stays: to look for garbage in it takes a tenth of the start

from services.aggregator.app import open_service as open_aggregator
from services.aggregator.config import AggregatorSettings
from services.profile.app import open_service as open_profile
from services.profile.config import ProfileSettings
from services.ranker.app import open_service as open_ranker
from services.ranker.config import RankerSettings
from services.retrieval.app import open_service as open_retrieval
from services.retrieval.config import RetrievalSettings
from services.rules.app import open_service as open_rules
from services.rules.config import RulesSettings
from services.scenario.app import open_service as open_scenario
from services.scenario.config import ScenarioSettings
from shared.server import run_colocated

if __name__ == "__main__":
    run_colocated(
        [
            (RulesSettings, open_rules),
            (RetrievalSettings, open_retrieval),
            (ProfileSettings, open_profile),
            (RankerSettings, open_ranker),
            (ScenarioSettings, open_scenario),
            (AggregatorSettings, open_aggregator),
        ]
    )
