"""What comes by the thousand gives way."""

from google.protobuf.empty_pb2 import Empty

from shared.call import Call
from shared.middleware.shedding import caller_of, giving_way
from shared.overload.priority import Priority


def test_what_can_wait_is_refused_before_all_else():
    prioritise = giving_way("ImportEvents")
    assert prioritise(Call("/profile/ImportEvents", "r"), Empty()) is Priority.BATCH
    assert prioritise(Call("/profile/GetSnapshot", "r"), Empty()) is Priority.AGENT


def test_a_credential_tells_callers_apart_whatever_they_call_themselves():
    def named(**metadata):
        given = {key.replace("_", "-"): value for key, value in metadata.items()}
        return caller_of(Call("/edge/Recommend", "r", metadata=given))

    assert named() == "anonymous"
    assert named(x_touchpoint_caller="shop") == "shop"
    assert named(x_touchpoint_caller="shop", authorization="Bearer a") != named(
        x_touchpoint_caller="shop", authorization="Bearer b"
    )
