"""What a caller sees of the middleware, over a real server and through the direct channel alike."""

from __future__ import annotations

import asyncio
import json
from io import StringIO
from typing import Any

import grpc
import grpc.aio
import pytest
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status

from shared import errors
from shared.binding import DeadlineLimits
from shared.call import Call, Caller
from shared.errors import FieldViolation
from shared.middleware.authentication import by_name
from shared.middleware.order import Hooks
from shared.overload.limit import FixedLimit
from shared.overload.limiter import Limiter
from shared.overload.priority import Priority
from shared.transport.status import STATUS_DETAILS, to_status
from tests.grpc.kit.conftest import Opener
from tests.grpc.kit.echo import EchoServicer, echo_binding, pb


def raising(error: BaseException) -> EchoServicer:
    async def behave(call: Call, request: Any) -> Any:
        raise error

    return EchoServicer(behave)


async def failure(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


async def say(stub: Any) -> Any:
    return await stub.Say(pb.SayRequest(text="x"))


async def numbers(stream: Any, found: list[int]) -> None:
    """Collect what a stream says into a list that survives its failure."""
    async for answer in stream:
        found += [answer.number]


def status_of(error: grpc.aio.AioRpcError) -> Status:
    found = [value for key, value in error.trailing_metadata() if key == STATUS_DETAILS]
    assert len(found) == 1
    return Status.FromString(found[0])


def unpacked(status: Status, kind: Any) -> list[Any]:
    found = []
    for detail in status.details:
        if detail.Is(kind.DESCRIPTOR):
            message = kind()
            detail.Unpack(message)
            found.append(message)
    return found


async def test_an_answer_comes_back(echo: Opener) -> None:
    async with echo(echo_binding(EchoServicer())) as stub:
        assert (await stub.Say(pb.SayRequest(text="hello"))).text == "hello"


async def test_a_stream_comes_back_in_order(echo: Opener) -> None:
    async with echo(echo_binding(EchoServicer())) as stub:
        found = [answer.number async for answer in stub.Count(pb.CountRequest(up_to=4))]
    assert found == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidArgument([FieldViolation("a.b[1]", "is odd")]), "INVALID_ARGUMENT"),
        (errors.NotFound("no such thing"), "NOT_FOUND"),
        (errors.Conflict("differs"), "ALREADY_EXISTS"),
        (errors.Aborted("lost a race"), "ABORTED"),
        (errors.FailedPrecondition("not now"), "FAILED_PRECONDITION"),
        (errors.Ambiguous("two fit"), "FAILED_PRECONDITION"),
        (errors.OutOfRange("gone"), "OUT_OF_RANGE"),
        (errors.PermissionDenied("may not"), "PERMISSION_DENIED"),
        (errors.Unauthenticated("who"), "UNAUTHENTICATED"),
        (errors.Overloaded(retry_after_s=0.25), "RESOURCE_EXHAUSTED"),
        (errors.DeadlineExceeded("late"), "DEADLINE_EXCEEDED"),
        (errors.Unavailable("away"), "UNAVAILABLE"),
        (errors.Unimplemented("not here"), "UNIMPLEMENTED"),
    ],
)
async def test_every_domain_error_has_its_status_and_one_error_info(
    echo: Opener, error: errors.TouchpointError, code: str
) -> None:
    async with echo(echo_binding(raising(error))) as stub:
        seen = await failure(stub.Say(pb.SayRequest(text="x"), metadata=(("x-request-id", "r1"),)))
    status = status_of(seen)
    (info,) = unpacked(status, error_details_pb2.ErrorInfo)
    assert seen.code().name == code
    assert seen.details() == status.message == error.message
    assert (info.reason, info.domain) == (error.reason, "touchpoint")
    assert info.metadata["request_id"] == "r1"
    assert status == to_status(error, "r1")


async def test_an_overloaded_server_says_when_to_come_back(echo: Opener) -> None:
    async with echo(echo_binding(raising(errors.Overloaded(retry_after_s=0.25)))) as stub:
        status = status_of(await failure(stub.Say(pb.SayRequest(text="x"))))
    (retry,) = unpacked(status, error_details_pb2.RetryInfo)
    assert retry.retry_delay.ToMilliseconds() == 250


async def test_an_unforeseen_error_tells_the_request_id_and_nothing_else(
    echo: Opener, log_lines: StringIO
) -> None:
    driver = RuntimeError("could not connect to postgresql://profile:hunter2@db/profile")
    async with echo(echo_binding(raising(driver))) as stub:
        seen = await failure(stub.Say(pb.SayRequest(text="x"), metadata=(("x-request-id", "r9"),)))
    assert seen.code() is grpc.StatusCode.INTERNAL
    assert "hunter2" not in str(status_of(seen))
    assert "hunter2" not in str(seen.details())
    assert "r9" in str(seen.details())
    assert "hunter2" in log_lines.getvalue()


async def test_a_dependency_that_times_out_is_unavailable_and_not_our_defect(echo: Opener) -> None:
    async with echo(echo_binding(raising(TimeoutError()))) as stub:
        assert (await failure(stub.Say(pb.SayRequest(text="x")))).code().name == "UNAVAILABLE"


async def test_a_stray_cancellation_answers_instead_of_hanging(echo: Opener) -> None:
    async with echo(echo_binding(raising(asyncio.CancelledError()))) as stub:
        seen = await failure(stub.Say(pb.SayRequest(text="x"), timeout=5))
    assert seen.code() is grpc.StatusCode.UNAVAILABLE
    assert unpacked(status_of(seen), error_details_pb2.ErrorInfo)[0].reason == "CANCELLED_WITHIN"


async def test_a_stray_cancellation_in_a_stream_answers_too(echo: Opener) -> None:
    async with echo(echo_binding(raising(asyncio.CancelledError()))) as stub:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await numbers(stub.Count(pb.CountRequest(up_to=3), timeout=5), [])
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_stream_that_fails_midway_keeps_what_came_before(echo: Opener) -> None:
    found: list[int] = []
    async with echo(echo_binding(raising(errors.OutOfRange("gone")))) as stub:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await numbers(stub.Count(pb.CountRequest(up_to=3)), found)
    assert found == [0]
    assert caught.value.code() is grpc.StatusCode.OUT_OF_RANGE


async def test_every_violation_is_named_by_its_path(echo: Opener) -> None:
    request = pb.SayRequest(
        loud_ness=11, mood=7, words=[pb.Word(text="a"), pb.Word(times=-1), pb.Word(text="b")]
    )
    servicer = EchoServicer()
    async with echo(echo_binding(servicer)) as stub:
        seen = await failure(stub.Say(request))
    (bad,) = unpacked(status_of(seen), error_details_pb2.BadRequest)
    assert seen.code() is grpc.StatusCode.INVALID_ARGUMENT
    paths = [violation.field for violation in bad.field_violations]
    assert paths == ["text", "loud_ness", "mood", "words[1].text", "words[1].times"]
    assert servicer.calls == []


async def test_a_request_keeps_the_id_that_its_caller_gave_it(echo: Opener) -> None:
    async with echo(echo_binding(EchoServicer())) as stub:
        answer = await stub.Say(pb.SayRequest(text="x"), metadata=(("x-request-id", "mine-1"),))
    assert answer.request_id == "mine-1"


async def test_a_caller_that_gave_no_id_is_told_the_new_one(echo: Opener) -> None:
    async with echo(echo_binding(EchoServicer())) as stub:
        call = stub.Say(pb.SayRequest(text="x"))
        answer = await call
        trailing = dict(await call.trailing_metadata())
    assert answer.request_id == trailing["x-request-id"] != ""


@pytest.mark.parametrize("given", ["", "with space", "x" * 200, "a,b"])
async def test_a_request_id_unfit_for_logs_is_replaced(echo: Opener, given: str) -> None:
    async with echo(echo_binding(EchoServicer())) as stub:
        answer = await stub.Say(pb.SayRequest(text="x"), metadata=(("x-request-id", given),))
    assert answer.request_id != given
    assert len(answer.request_id) == 36


async def test_the_trace_is_taken_from_the_traceparent(echo: Opener) -> None:
    parent = f"00-{'ab' * 16}-{'cd' * 8}-01"
    async with echo(echo_binding(EchoServicer())) as stub:
        answer = await stub.Say(pb.SayRequest(text="x"), metadata=(("traceparent", parent),))
    assert answer.trace_id == "ab" * 16


async def test_the_callers_deadline_is_the_budget(echo: Opener) -> None:
    async with echo(echo_binding(EchoServicer())) as stub:
        answer = await stub.Say(pb.SayRequest(text="x"), timeout=0.5)
    assert 0.3 < answer.remaining_s <= 0.501


async def test_without_a_deadline_the_default_is_imposed(echo: Opener) -> None:
    limits = DeadlineLimits(default_s=0.2, maximum_s=1.0)
    async with echo(echo_binding(EchoServicer(), limits)) as stub:
        answer = await stub.Say(pb.SayRequest(text="x"))
    assert 0.0 < answer.remaining_s <= 0.2


async def test_no_default_leaves_the_budget_to_the_servicer(echo: Opener) -> None:
    limits = DeadlineLimits(default_s=None)
    async with echo(echo_binding(EchoServicer(), limits)) as stub:
        assert (await stub.Say(pb.SayRequest(text="x"))).remaining_s == -1.0


async def test_a_longer_deadline_is_cut_to_the_maximum(echo: Opener) -> None:
    async with echo(echo_binding(EchoServicer())) as stub:
        answer = await stub.Say(pb.SayRequest(text="x"), timeout=30)
    assert 0.5 < answer.remaining_s <= 1.0


async def test_a_handler_that_overruns_its_callers_deadline_is_ended(echo: Opener) -> None:
    ended = asyncio.Event()

    async def behave(call: Call, request: Any) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with echo(echo_binding(EchoServicer(behave))) as stub:
        seen = await failure(stub.Say(pb.SayRequest(text="x"), timeout=0.05))
        await asyncio.wait_for(ended.wait(), 5)
    assert seen.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_beyond_its_capacity_the_server_refuses_at_once(echo: Opener) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def behave(call: Call, request: Any) -> Any:
        entered.set()
        await leave.wait()
        return pb.SayResponse(text="done")

    async with echo(
        echo_binding(EchoServicer(behave)), Hooks(limiter=Limiter(FixedLimit(1)))
    ) as stub:
        first = asyncio.create_task(say(stub))
        await entered.wait()
        seen = await failure(stub.Say(pb.SayRequest(text="x")))
        leave.set()
        assert (await first).text == "done"
        assert (await stub.Say(pb.SayRequest(text="again"))).text == "done"
    assert seen.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_the_least_important_requests_are_refused_first(echo: Opener) -> None:
    def prioritise(call: Call, request: Any) -> Priority:
        return Priority(request.text)

    limiter = Limiter(FixedLimit(4))
    hooks = Hooks(limiter=limiter, prioritise=prioritise)
    async with echo(echo_binding(EchoServicer()), hooks) as stub:
        limiter.in_flight = 1
        refused = await failure(stub.Say(pb.SayRequest(text="batch")))
        assert (await stub.Say(pb.SayRequest(text="agent"))).text == "agent"
    assert refused.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert limiter.in_flight == 1


async def test_who_may_link_is_told_by_name(echo: Opener) -> None:
    hooks = Hooks(authenticate=by_name({"web"}))
    async with echo(echo_binding(EchoServicer()), hooks) as stub:
        web = await stub.Say(pb.SayRequest(text="x"), metadata=(("x-touchpoint-caller", "web"),))
        ivr = await stub.Say(pb.SayRequest(text="x"), metadata=(("x-touchpoint-caller", "ivr"),))
        nobody = await stub.Say(pb.SayRequest(text="x"))
    assert (web.caller, web.may_link) == ("web", True)
    assert (ivr.caller, ivr.may_link) == ("ivr", False)
    assert (nobody.caller, nobody.may_link) == ("anonymous", False)


async def test_an_unauthenticated_caller_is_refused(echo: Opener) -> None:
    def nobody(call: Call) -> Caller:
        raise errors.Unauthenticated("show a token")

    async with echo(echo_binding(EchoServicer()), Hooks(authenticate=nobody)) as stub:
        seen = await failure(stub.Say(pb.SayRequest(text="x")))
    assert seen.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_each_rpc_leaves_one_line_without_what_was_asked(
    echo: Opener, log_lines: StringIO
) -> None:
    async with echo(echo_binding(EchoServicer())) as stub:
        await stub.Say(pb.SayRequest(text="private words"), metadata=(("x-request-id", "r1"),))
        await failure(stub.Say(pb.SayRequest(), metadata=(("x-request-id", "r2"),)))
        async for _answer in stub.Count(pb.CountRequest(up_to=2)):
            pass
    lines = [json.loads(line) for line in log_lines.getvalue().splitlines()]
    told = [(line["event"], line["code"], line["method"].rpartition("/")[2]) for line in lines]
    assert told == [
        ("rpc_answered", "OK", "Say"),
        ("rpc_answered", "INVALID_ARGUMENT", "Say"),
        ("rpc_answered", "OK", "Count"),
    ]
    assert [line["request_id"] for line in lines[:2]] == ["r1", "r2"]
    assert lines[2]["sent"] == 2
    assert "private words" not in log_lines.getvalue()


async def test_a_meter_counts_refusals_too(echo: Opener) -> None:
    recorded: list[tuple[str, int]] = []

    class Meter:
        def record(self, method: str, code: int, seconds: float) -> None:
            recorded.append((method.rpartition("/")[2], code))

    async with echo(echo_binding(EchoServicer()), Hooks(meter=Meter())) as stub:
        await stub.Say(pb.SayRequest(text="x"))
        await failure(stub.Say(pb.SayRequest()))
    assert recorded == [("Say", 0), ("Say", 3)]


@pytest.mark.parametrize("path", ["exclude_ids[{}]", "Fäld" * 100 + "[{}]"])
async def test_many_violations_do_not_outgrow_what_callers_take_of_an_error(
    echo: Opener, path: str
) -> None:
    violations = [
        FieldViolation(path.format(at), "must have 1 to 128 characters") for at in range(100)
    ]
    async with echo(echo_binding(raising(errors.InvalidArgument(violations)))) as stub:
        error = await failure(say(stub))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    (bad,) = unpacked(status_of(error), error_details_pb2.BadRequest)
    first, told = bad.field_violations[0], len(bad.field_violations)
    assert first.field == violations[0].field
    assert told == 100 or error.details().endswith(("more", "…"))


async def test_a_caller_whose_name_cannot_be_handed_on_is_told_so(echo: Opener) -> None:
    async with echo(echo_binding(EchoServicer())) as stub:
        asked = stub.Say(pb.SayRequest(text="x"), metadata=(("x-touchpoint-caller", "x" * 129),))
        assert (await failure(asked)).code() is grpc.StatusCode.INVALID_ARGUMENT
