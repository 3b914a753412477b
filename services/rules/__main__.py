"""Runs rules as a process of its own."""

import gc

gc.disable()  # what is loaded stays: to look for garbage in it takes a tenth of the start

from services.rules.app import open_service
from services.rules.config import RulesSettings
from shared.server import run

if __name__ == "__main__":
    run(RulesSettings, open_service)
