"""Behind the edge a request is ranked as its caller was told to, and what comes by the thousand
gives way.
"""

import pytest
from google.protobuf.empty_pb2 import Empty

from shared.call import PRIORITY, Call
from shared.middleware.shedding import as_told, giving_way
from shared.overload.priority import Priority


def told(name, rpc="GetSnapshot"):
    return Call(f"/profile/{rpc}", "r", metadata={PRIORITY: name})


def test_what_can_wait_is_refused_before_all_else():
    prioritise = giving_way("ImportEvents")
    assert prioritise(Call("/profile/ImportEvents", "r"), Empty()) is Priority.BATCH
    assert prioritise(Call("/profile/GetSnapshot", "r"), Empty()) is Priority.AGENT


@pytest.mark.parametrize("priority", Priority)
def test_a_request_is_ranked_as_told_unless_it_can_wait(priority):
    prioritise = giving_way("ImportEvents")
    assert as_told(told(priority.value), Empty()) is priority
    assert prioritise(told(priority.value), Empty()) is priority
    assert prioritise(told(priority.value, "ImportEvents"), Empty()) is Priority.BATCH


@pytest.mark.parametrize("name", ["", "AGENT", "Batch", "batch, web", "0", "nobody"])
def test_who_tells_no_priority_is_an_agent(name):
    assert as_told(told(name), Empty()) is Priority.AGENT
    assert as_told(Call("/profile/GetSnapshot", "r"), Empty()) is Priority.AGENT
