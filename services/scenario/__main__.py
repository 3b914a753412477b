"""Runs scenario as a process of its own."""

import gc

gc.disable()  # what is loaded stays: to look for garbage in it takes a tenth of the start

from services.scenario.app import open_service
from services.scenario.config import ScenarioSettings
from shared.server import run

if __name__ == "__main__":
    run(ScenarioSettings, open_service)
