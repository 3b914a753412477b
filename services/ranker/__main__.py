"""Runs the ranker as a process of its own."""

import gc

gc.disable()  # what is loaded stays: to look for garbage in it takes a tenth of the start

from services.ranker.app import open_service
from services.ranker.config import RankerSettings
from shared.server import run

if __name__ == "__main__":
    run(RankerSettings, open_service)
