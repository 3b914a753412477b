"""What comes by the thousand gives way."""

from google.protobuf.empty_pb2 import Empty

from shared.call import Call
from shared.middleware.shedding import giving_way
from shared.overload.priority import Priority


def test_what_can_wait_is_refused_before_all_else():
    prioritise = giving_way("ImportEvents")
    assert prioritise(Call("/profile/ImportEvents", "r"), Empty()) is Priority.BATCH
    assert prioritise(Call("/profile/GetSnapshot", "r"), Empty()) is Priority.AGENT
