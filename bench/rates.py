"""What one stage of a measurement finds and a later one goes by."""

from __future__ import annotations

from dataclasses import dataclass

from bench.errors import MeasurementError


@dataclass(slots=True)
class Rates:
    """Of the suite in separate processes; 0: not known yet."""

    rps: float = 0.0
    cpu_ms: float = 0.0
    """Of all its processes, per answer at half that rate."""

    def rated_rps(self) -> float:
        """Return the rated load; raises MeasurementError where it could not be found."""
        if not self.rps:
            raise MeasurementError("no rate is known of which this load would be a multiple")
        return self.rps
