"""What people may see of themselves, as a page shows it."""

from tests.unit.aggregator.edge import PC_1, PERSON
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb

ASK = pb.GetPreferencesRequest(identities=[{"kind": "email", "value": "A@Shop.example"}])


async def test_preferences_are_shown_in_words_with_who_looked_at_them(stub, edge):
    said = {"seconds": 1_700_000_000}
    edge.peers.profile.GetProfile.answer = lambda _: profile_pb.GetProfileResponse(
        snapshot={"person_ids": [PERSON]},
        identities=[{"kind": "email", "masked_value": "a…@s….example"}],
        consents=[{"purpose": "sharing", "granted": True, "source": "till", "stands": True}],
        dislikes=[
            {"family_no": PC_1, "said_time": said},
            {"category": "Home", "said_time": said},
        ],
        attributes=[{"name": "city", "value": "Bath", "source": "record"}],
        audit=[{"position": 3, "caller": "crm", "action": "read"}],
    )
    shown = await stub.GetPreferences(ASK)
    assert shown.known
    assert (shown.consents[0].purpose, shown.consents[0].stands) == ("sharing", True)
    assert [(d.item_id, d.title, d.category) for d in shown.dislikes] == [
        ("pc-1", "Aurora 15", ""),
        ("", "", "Home"),
    ]
    assert shown.attributes[0].value == "Bath"
    assert shown.identities[0].masked_value == "a…@s….example"
    assert [entry.caller for entry in shown.reads] == ["crm"]
    assert shown.as_of_time.ToMicroseconds() == edge.clock.now_us()
    asked = edge.peers.profile.GetProfile.request
    assert asked.with_audit
    assert asked.identities[0].value == "a@shop.example"


async def test_of_several_people_that_fit_nothing_is_shown(stub, edge):
    edge.peers.profile.GetProfile.answer = lambda _: profile_pb.GetProfileResponse(ambiguous=True)
    shown = await stub.GetPreferences(ASK)
    assert shown.ambiguous
    assert not shown.known
    assert not shown.identities
