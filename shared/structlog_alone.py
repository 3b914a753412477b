"""structlog without rich, by which it would draw tracebacks: importing that takes 60 ms a process.

Whoever imports structlog imports it from here, and what is served never loads rich. A traceback on
a terminal is then the one Python prints.
"""

from __future__ import annotations

import sys

_is_loaded = "rich" in sys.modules
if not _is_loaded:
    sys.modules["rich"] = None  # type: ignore[assignment]  # so says the import system: not there
try:
    import structlog
finally:
    if not _is_loaded:
        del sys.modules["rich"]

__all__ = ["structlog"]
