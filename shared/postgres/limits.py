"""How long anything may take that touches PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How long anything may take, in seconds; the server enforces the last three as well."""

    acquire_s: float = 0.5
    """Waiting for a free connection."""
    connect_s: float = 3.0
    command_s: float = 2.5
    """Waiting for an answer; the server gives up first, unless it is frozen."""
    statement_s: float = 2.0
    lock_s: float = 1.0
    idle_in_transaction_s: float = 1.0

    def server_settings(self, application: str) -> dict[str, str]:
        """Return what a session tells the server when it connects."""
        return {
            "application_name": f"touchpoint-{application}",
            "statement_timeout": _milliseconds(self.statement_s),
            "lock_timeout": _milliseconds(self.lock_s),
            "idle_in_transaction_session_timeout": _milliseconds(self.idle_in_transaction_s),
            "tcp_keepalives_idle": "5",
            "tcp_keepalives_interval": "2",
            "tcp_keepalives_count": "3",
            "jit": "off",
            # Ours are prepared statements over arrays of keys. The planner believes that planning
            # for the very keys pays, each time; it costs five times what the statement does.
            "plan_cache_mode": "force_generic_plan",
        }


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1000)))
