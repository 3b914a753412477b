"""Runs retrieval as a process of its own."""

import gc

gc.disable()  # what is loaded stays: to look for garbage in it takes a tenth of the start

from services.retrieval.app import open_service
from services.retrieval.config import RetrievalSettings
from shared.server import run

if __name__ == "__main__":
    run(RetrievalSettings, open_service)
