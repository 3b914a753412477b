"""What a request to the scenario service must hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.scenario.audiences.offer import OUTBOUND
from services.scenario.domain.outcomes import CALL_AGAIN, OUTCOMES
from shared.validation import (
    Validator,
    Violations,
    between,
    each,
    known_enum,
    length,
    one_of,
    required,
    validator,
)
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.scenario.v1 import scenario_service_pb2 as pb
from touchpoint.scenario.v1.audience_pb2 import (
    FindAudienceRequest,
    PersonToTell,
    TellAudienceRequest,
)
from touchpoint.scenario.v1.reports_pb2 import GetScenarioReportRequest

_AGENT = (required("agent_id"), length("agent_id", 128))
_TASK = (*_AGENT, required("task_id"), length("task_id", 128))
MOST_TOLD = 100_000


def _is_outbound(request: FindAudienceRequest, path: str, violations: Violations) -> None:
    if request.channel and request.channel not in OUTBOUND:
        known = ", ".join(Channel.Value.Name(each) for each in OUTBOUND)
        violations.add(f"{path}channel", f"must be one of {known}")


def _time_of_another_call(message: Any, path: str, violations: Violations) -> None:
    """Demand a time where somebody wants to be called again, and nowhere else."""
    is_named, is_wanted = message.HasField("again_time"), message.outcome == CALL_AGAIN
    if is_wanted and not is_named:
        violations.add(f"{path}again_time", "must not be empty with the outcome call_again")
    elif is_named and not is_wanted:
        violations.add(f"{path}again_time", "goes with the outcome call_again only")


def _names_a_message(request: FindAudienceRequest, path: str, violations: Violations) -> None:
    if request.campaign and not request.template:
        violations.add(f"{path}campaign", "goes with a template")
    if request.placement and request.template:
        violations.add(f"{path}placement", "goes without a template: a message finds its own")


def _is_told(person: PersonToTell, path: str, violations: Violations) -> None:
    if person.channel not in OUTBOUND or person.channel == Channel.CALL_CENTER:
        violations.add(f"{path}channel", "must be EMAIL, SMS, PUSH or DIRECT_MAIL")


VALIDATORS: Mapping[type[Any], Validator] = {
    pb.SetAgentStatusRequest: validator(
        *_AGENT, known_enum("status"), length("skills", 64), between("capacity", 0, 100)
    ),
    pb.WatchTasksRequest: validator(*_AGENT),
    pb.ClaimTaskRequest: validator(*_AGENT, length("task_id", 128)),
    pb.CompleteTaskRequest: validator(
        *_TASK,
        one_of("outcome", OUTCOMES),
        length("note", 4096),
        length("offer_ids", 20),
        length("decision_id", 128),
        _time_of_another_call,
    ),
    pb.SnoozeTaskRequest: validator(*_TASK, required("until_time")),
    FindAudienceRequest: validator(
        required("offer_id"),
        length("offer_id", 128),
        _is_outbound,
        length("placement", 128),
        between("limit", 1, MOST_TOLD),
        length("template", 128),
        length("campaign", 128),
        _names_a_message,
    ),
    TellAudienceRequest: validator(
        *(
            rule
            for name in ("offer_id", "template")
            for rule in (required(name), length(name, 128))
        ),
        length("campaign", 128),
        required("people"),
        each("people", required("person_id"), length("person_id", 64), _is_told, at_most=500),
    ),
    pb.ListJourneysRequest: validator(length("person_ids", 64)),
    GetScenarioReportRequest: validator(length("scenario", 128)),
    pb.ErasePersonRequest: validator(required("person_ids"), length("person_ids", 64)),
    pb.ExportPersonRequest: validator(required("person_ids"), length("person_ids", 64)),
    pb.FindPatternsRequest: validator(between("at_most", 0, 100)),
}
