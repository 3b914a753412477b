"""Runs profile as a process of its own."""

import gc

gc.disable()  # what is loaded stays: to look for garbage in it takes a tenth of the start

from services.profile.app import open_service
from services.profile.config import ProfileSettings
from shared.server import run

if __name__ == "__main__":
    run(ProfileSettings, open_service)
