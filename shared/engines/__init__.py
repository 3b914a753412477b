"""PostgreSQL and NATS as children of the suite, out of their wheels' programs."""

from shared.engines.errors import AlreadyRunningError, EngineError, MissingWheelError
from shared.engines.nats import NatsEngine
from shared.engines.pair import EngineUrls, engines
from shared.engines.postgres import PostgresEngine

__all__ = [
    "AlreadyRunningError",
    "EngineError",
    "EngineUrls",
    "MissingWheelError",
    "NatsEngine",
    "PostgresEngine",
    "engines",
]
