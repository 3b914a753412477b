"""How much is measured: the quick form of everything, or one part in full."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Scale:
    """Rounds and their lengths."""

    rounds: int
    sequential_requests: int
    """Of one round, one after the other."""
    rated_rounds: int
    probe_s: float
    """How long a rate has to be sustained."""
    cpu_s: float
    """Of one round at half the rated load."""
    raw_insert_s: float
    """Of one round of tracking, and of one of inserting."""
    imported_events: int
    """Of one round."""
    watched_events: int = 200_000
    """Imported once more while the memory of everything is watched."""
    stored_profiles: int = 200_000
    """Among which one is read."""
    stored_each: int = 10
    """Events of each of them."""
    fired_timers: int = 10_000
    """All due at once, of one round."""
    pending_timers: int = 1_000_000
    """Among which those due are claimed."""
    share_requests: int = 10_000
    """Of which shares of a thousandth are told."""
    tracked_s: float = 0.0
    """Of one round beside what is tracked; 0: as long as a rate has to be sustained."""
    calls_under_fault: int = 200
    """At each deadline, of each fault."""
    part_timeout_s: float = 1800.0

    def of_edge(self) -> Scale:
        """Return what there is time for where everything of the edge is measured."""
        is_full = self.sequential_requests >= FULL.sequential_requests
        return replace(
            self,
            rounds=3 if is_full else 2,
            sequential_requests=200 if is_full else 100,
            rated_rounds=1,
            probe_s=6.0 if is_full else 4.0,
            cpu_s=4.0 if is_full else 3.0,
            share_requests=2_000 if is_full else 1_000,
            tracked_s=4.0,
            calls_under_fault=200 if is_full else 50,
        )


QUICK = Scale(
    rounds=3,
    sequential_requests=300,
    rated_rounds=2,
    probe_s=10.0,
    cpu_s=8.0,
    raw_insert_s=5.0,
    imported_events=100_000,
)
FULL = Scale(
    rounds=5,
    sequential_requests=600,
    rated_rounds=2,
    probe_s=30.0,
    cpu_s=10.0,
    raw_insert_s=10.0,
    imported_events=300_000,
    watched_events=2_000_000,
    fired_timers=20_000,
)
LARGE = replace(
    FULL,
    watched_events=10_000_000,
    stored_profiles=1_000_000,
    stored_each=20,
    pending_timers=10_000_000,
    part_timeout_s=4 * 3600.0,
)
