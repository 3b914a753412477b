"""What a request to the scenario service must hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.scenario.domain.tasks import OUTCOMES
from shared.validation import (
    Validator,
    between,
    known_enum,
    length,
    one_of,
    required,
    validator,
)
from touchpoint.scenario.v1 import scenario_service_pb2 as pb

_AGENT = (required("agent_id"), length("agent_id", 128))
_TASK = (*_AGENT, required("task_id"), length("task_id", 128))

VALIDATORS: Mapping[type[Any], Validator] = {
    pb.SetAgentStatusRequest: validator(
        *_AGENT, known_enum("status"), length("skills", 64), between("capacity", 0, 100)
    ),
    pb.WatchTasksRequest: validator(*_AGENT),
    pb.ClaimTaskRequest: validator(*_AGENT, length("task_id", 128)),
    pb.CompleteTaskRequest: validator(*_TASK, one_of("outcome", OUTCOMES), length("note", 4096)),
    pb.SnoozeTaskRequest: validator(*_TASK, required("until_time")),
    pb.ListJourneysRequest: validator(length("person_ids", 64)),
    pb.ErasePersonRequest: validator(required("person_ids"), length("person_ids", 64)),
    pb.ExportPersonRequest: validator(required("person_ids"), length("person_ids", 64)),
}
