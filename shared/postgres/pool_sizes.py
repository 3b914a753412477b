"""How many connections each service holds: one table, because the server's total is one number."""

from __future__ import annotations

CONNECTIONS: dict[str, int] = {
    "profile": 8,  # Track and the snapshot, both one statement or one short transaction
    "retrieval": 3,  # reads its catalogue at start, then only writes changes
    "rules": 8,  # Check reads, Commit holds a connection for about a millisecond
    "ranker": 3,  # journal and learning log, in batches
    "scenario": 4,  # due actions, timers, tasks
    "aggregator": 1,  # business time only; it owns nothing lasting
}
"""Per replica; leadership takes one more in each."""

LEADERSHIP = 1
"""The one connection per replica that holds its advisory locks."""

SERVER_MAXIMUM = 100
"""`max_connections` of the embedded server: two replicas of each, and room for tools."""
