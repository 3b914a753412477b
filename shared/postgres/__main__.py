"""Makes the schema and the role of every service, once or again: `python -m shared.postgres`."""

from __future__ import annotations

import asyncio
import os
import sys

from shared.config import ConfigError
from shared.errors import TouchpointError
from shared.postgres.deployment import Deployment

if __name__ == "__main__":
    try:
        asyncio.run(Deployment.told(os.environ).provision())
    except (ConfigError, TouchpointError) as error:
        sys.exit(f"nothing was provisioned:\n{error}")
