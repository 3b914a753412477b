"""Who may call the edge: by reflection over every method, by key and by token, deny by default."""

import grpc
import pytest
from google.protobuf.message_factory import GetMessageClass

from services.aggregator.admission import NEEDS
from shared.callers.bearer import service_bearer
from shared.callers.scopes import PUBLIC, SCOPES
from shared.client import from_rpc_error
from tests.grpc.aggregator.callers import as_caller, book, guarded, holder
from tests.unit.aggregator.edge import BANNER, KEY, PROMPT
from tests.unit.callers.signing import NOW_S, claims, signed
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.vocabulary_pb2 import Channel

METHODS = list(pb.DESCRIPTOR.services_by_name["AggregatorService"].methods)
DENIED = {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED}
LOGIN = "https://login.example"
ASKED = {
    "identities": [{"kind": "customer", "value": "C1"}],
    "channel": Channel.WEB,
    "placements": [{"placement": BANNER}],
}


async def outcome(channel, method, metadata):
    """Call a method with an empty request and return its status, OK where it has one."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    request = GetMessageClass(method.input_type)()
    kind = channel.unary_stream if method.server_streaming else channel.unary_unary
    rpc = kind(
        path,
        request_serializer=type(request).SerializeToString,
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )
    call = rpc(request, timeout=5.0, metadata=metadata)
    try:
        if method.server_streaming:
            async for _ in call:
                break
        else:
            await call
    except grpc.aio.AioRpcError as error:
        return error.code(), from_rpc_error(error)
    return grpc.StatusCode.OK, None


def test_every_method_says_what_it_needs():
    paths = {f"/{each.containing_service.full_name}/{each.name}" for each in METHODS}
    assert set(NEEDS) == paths
    assert set(NEEDS.values()) <= {*SCOPES, PUBLIC}


def path_of(method):
    return f"/{method.containing_service.full_name}/{method.name}"


@pytest.mark.parametrize("method", METHODS, ids=lambda each: each.name)
async def test_no_method_is_open_to_who_shows_nothing_or_what_is_wrong(edge, method):
    bad = ["tpk_page_0", "tps_" + "0" * 64, "not.a.token", signed(claims(), private=None, kid="x")]
    async with guarded(edge) as channel:
        for shown in bad:
            code, _ = await outcome(channel, method, (("authorization", f"Bearer {shown}"),))
            assert code is grpc.StatusCode.UNAUTHENTICATED
        code, _ = await outcome(channel, method, ())
        is_public = NEEDS[path_of(method)] == PUBLIC
        assert (code is grpc.StatusCode.UNAUTHENTICATED) is not is_public


@pytest.mark.parametrize("method", METHODS, ids=lambda each: each.name)
async def test_each_method_is_for_who_has_its_scope_and_for_nobody_else(edge, method):
    needed = NEEDS[path_of(method)]
    others = [scope for scope in SCOPES if scope != needed]
    callers = book(holder("one", needed if needed in SCOPES else "*"), holder("other", *others))
    async with guarded(edge, of=callers) as channel:
        code, _ = await outcome(channel, method, as_caller("one"))
        assert code not in DENIED
        code, error = await outcome(channel, method, as_caller("other"))
        if needed != PUBLIC:
            assert code is grpc.StatusCode.PERMISSION_DENIED
            assert (error.reason, error.metadata["scope"]) == ("SCOPE_TOO_SMALL", needed)


async def test_a_method_of_which_nobody_said_what_it_needs_is_for_no_caller(edge, monkeypatch):
    monkeypatch.setattr("tests.grpc.aggregator.callers.NEEDS", {})
    async with guarded(edge) as channel:
        for method in METHODS:
            code, error = await outcome(channel, method, as_caller("everything"))
            assert (code, error.reason) == (grpc.StatusCode.PERMISSION_DENIED, "NO_SCOPE_DECLARED")


async def recommended(edge, metadata, timeout=1.0, how=None, **changed):
    async with guarded(edge, **(how or {})) as channel:
        request = pb.RecommendRequest(**(ASKED | changed))
        return await AggregatorServiceStub(channel).Recommend(
            request, timeout=timeout, metadata=metadata
        )


async def refused(edge, metadata, how=None, **changed):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await recommended(edge, metadata, how=how, **changed)
    return caught.value.code(), from_rpc_error(caught.value)


async def test_a_key_is_answered_under_its_own_name_whatever_name_it_gives_itself(edge):
    metadata = (*as_caller("shop"), ("x-touchpoint-caller", "cli"))
    answer = await recommended(edge, metadata)
    assert answer.placements[0].recommendations
    assert edge.peers.profile.GetSnapshot.requests


@pytest.mark.parametrize("shown", ["Basic abc", "Bearer", "Bearer ", "shop"])
async def test_a_credential_of_another_kind_is_refused(edge, shown):
    code, error = await refused(edge, (("authorization", shown),))
    assert (code, error.reason) == (grpc.StatusCode.UNAUTHENTICATED, "NO_CREDENTIAL")


async def test_a_key_that_was_revoked_or_has_expired_is_refused(edge):
    code, error = await refused(edge, as_caller("former"))
    assert (code, error.reason) == (grpc.StatusCode.UNAUTHENTICATED, "KEY_UNKNOWN")


async def test_a_channel_that_a_caller_may_not_speak_for_is_refused_by_name(edge):
    code, error = await refused(edge, as_caller("ivr"))
    assert (code, error.reason) == (grpc.StatusCode.PERMISSION_DENIED, "CHANNEL_NOT_ALLOWED")
    assert error.metadata["scope"] == "offers:read:WEB"


async def test_a_number_that_is_no_channel_is_bad_input_and_no_matter_of_permission(edge):
    code, _ = await refused(edge, as_caller("shop"), channel=99)
    assert code is grpc.StatusCode.INVALID_ARGUMENT


async def test_our_own_services_are_believed_by_their_bearer(edge):
    shown = (("authorization", f"Bearer {service_bearer(KEY)}"), ("x-touchpoint-caller", "cli"))
    assert await recommended(edge, shown)


async def test_only_a_browsers_key_and_a_token_may_stand_in_an_address(edge):
    in_address = ("x-touchpoint-key-in-address", "1")
    for shown in (as_caller("shop"), (("authorization", f"Bearer {service_bearer(KEY)}"),)):
        code, error = await refused(edge, (*shown, in_address))
        assert (code, error.reason) == (grpc.StatusCode.UNAUTHENTICATED, "KEY_IN_ADDRESS")
    token = signed(claims(iss=LOGIN, sub="agent-7", scope="offers:read"))
    assert await recommended(edge, (*as_caller(token), in_address))
    own = {"kind": "visitor", "value": edge.identification.visitors.issue()}
    assert await recommended(edge, (*as_caller("page"), in_address), identities=[own])


async def test_a_token_is_as_good_as_its_scopes_and_its_issuers(edge):
    good = signed(claims(iss=LOGIN, sub="agent-7", scope="offers:read tasks:work"))
    assert await recommended(edge, as_caller(good))
    async with guarded(edge) as channel:
        request = pb.ClaimTaskRequest(agent_id="a")
        with pytest.raises(grpc.aio.AioRpcError, match="tasks:work") as caught:
            await AggregatorServiceStub(channel).ClaimTask(request, metadata=as_caller(good))
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"exp": NOW_S - 60, "iat": NOW_S - 120}, "TOKEN_EXPIRED"),
        ({"exp": NOW_S + 3600}, "TOKEN_INVALID"),
        ({"scope": "offers:steal"}, "TOKEN_INVALID"),
        ({"scope": ["offers:read"]}, "TOKEN_INVALID"),
        ({"sub": None}, "TOKEN_INVALID"),
        ({"sub": "äöü"}, "TOKEN_INVALID"),
        ({"sub": "a" * 108}, "TOKEN_INVALID"),
        ({"iss": "https://shop.example"}, "TOKEN_INVALID"),
    ],
)
async def test_a_token_that_is_not_as_it_must_be_is_refused(edge, changed, reason):
    token = signed(claims(**({"iss": LOGIN, "scope": "offers:read"} | changed)))
    code, error = await refused(edge, as_caller(token))
    assert (code, error.reason) == (grpc.StatusCode.UNAUTHENTICATED, reason)


async def test_whoever_is_known_by_a_token_has_a_name_that_events_are_kept_under(edge):
    longest = "a" * (127 - len(LOGIN))
    assert await recommended(
        edge, as_caller(signed(claims(iss=LOGIN, sub=longest, scope="offers:read")))
    )


async def test_a_token_that_was_kept_is_refused_once_it_has_expired(edge):
    token, now = signed(claims(iss=LOGIN, scope="offers:read")), [NOW_S]
    how = {"now_s": lambda: now[0]}
    async with guarded(edge, **how) as channel:
        stub, request = AggregatorServiceStub(channel), pb.RecommendRequest(**ASKED)
        await stub.Recommend(request, metadata=as_caller(token))
        now[0] += 3600
        with pytest.raises(grpc.aio.AioRpcError, match="expired"):
            await stub.Recommend(request, metadata=as_caller(token))


async def test_a_key_may_name_channel_and_placement_so_that_an_identity_suffices(edge):
    visitor = edge.identification.visitors.issue()
    answer = await recommended(
        edge,
        as_caller("banner"),
        channel=0,
        placements=[],
        identities=[{"kind": "visitor", "value": visitor}],
    )
    assert [each.placement for each in answer.placements] == [BANNER]
    assert edge.peers.rules.Check.request.context.channel == Channel.WEB


async def test_the_server_may_name_them_for_all_and_what_is_said_goes_before(edge):
    how = {"default_channel": Channel.WEB, "default_placement": BANNER}
    answer = await recommended(edge, as_caller("shop"), how=how, channel=0, placements=[])
    assert [each.placement for each in answer.placements] == [BANNER]
    asked = {"channel": Channel.CALL_CENTER, "placements": [{"placement": PROMPT}]}
    answer = await recommended(edge, as_caller("shop"), how=how, **asked)
    assert [each.placement for each in answer.placements] == [PROMPT]


async def test_nothing_is_made_up_where_nobody_names_them(edge):
    code, error = await refused(edge, as_caller("shop"), channel=0, placements=[])
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert {each.field for each in error.violations} == {"channel", "placements"}


@pytest.mark.parametrize(("who", "owner"), [("ivr", "ivr"), ("everything", "")])
async def test_a_contact_is_its_callers_own_unless_they_may_do_everything(edge, who, owner):
    asked = pb.ReserveContactRequest(
        contact_id="m", identities=ASKED["identities"], channel=Channel.IVR
    )
    async with guarded(edge) as channel:
        stub, metadata = AggregatorServiceStub(channel), as_caller(who)
        await stub.ReserveContact(asked, metadata=metadata, timeout=5.0)
        given_back = pb.ReleaseContactRequest(contact_id="m")
        await stub.ReleaseContact(given_back, metadata=metadata, timeout=5.0)
    reserved = edge.peers.rules.ReserveContact.request
    assert (reserved.HasField("reserved_by"), reserved.reserved_by) == (True, owner)
    assert edge.peers.rules.ReleaseContact.request.released_by == owner
