"""Keeps the log of what runs live out of what is played."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from shared.structlog_alone import structlog


@contextmanager
def hushed() -> Iterator[None]:
    """Log errors only, for a while: what runs live tells its log of every step."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        yield
    finally:
        structlog.configure(**before)
