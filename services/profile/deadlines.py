"""How long an rpc of profile may take where that is not the usual."""

from __future__ import annotations

from collections.abc import Mapping

from shared.binding import DeadlineLimits

DEADLINES: Mapping[str, DeadlineLimits] = {
    # A batch holds up to 1,000 events, and what is not acknowledged has to be sent again.
    "RecordEvents": DeadlineLimits(default_s=5.0, maximum_s=30.0),
    "ImportEvents": DeadlineLimits(default_s=30.0, maximum_s=120.0),
    "ImportCustomers": DeadlineLimits(default_s=30.0, maximum_s=120.0),
    "RestorePersons": DeadlineLimits(default_s=30.0, maximum_s=120.0),
    "RestoreEvents": DeadlineLimits(default_s=30.0, maximum_s=120.0),
    # A year of a whole shop is folded; what was committed before the deadline stays.
    "FinishImport": DeadlineLimits(default_s=600.0, maximum_s=3600.0),
    "ErasePerson": DeadlineLimits(default_s=30.0, maximum_s=120.0),
    # Everybody is looked at, or tens of thousands of them.
    "PreviewSegment": DeadlineLimits(default_s=120.0, maximum_s=600.0),
    "CompareSegment": DeadlineLimits(default_s=120.0, maximum_s=600.0),
    # A page of an owner's clients: the profiles of up to 500 people.
    "ListClients": DeadlineLimits(default_s=5.0, maximum_s=10.0),
    # Keys of up to 500 people are opened, and the audit trail is written.
    "NameCustomers": DeadlineLimits(default_s=5.0, maximum_s=30.0),
    "FindCustomers": DeadlineLimits(default_s=5.0, maximum_s=30.0),
    "ReplayParkedEvents": DeadlineLimits(default_s=10.0, maximum_s=30.0),
}
