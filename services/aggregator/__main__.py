"""Runs the edge as a process of its own."""

import gc

gc.disable()  # what is loaded stays: to look for garbage in it takes a tenth of the start

from services.aggregator.app import open_service
from services.aggregator.config import AggregatorSettings
from shared.server import run

if __name__ == "__main__":
    run(AggregatorSettings, open_service)
