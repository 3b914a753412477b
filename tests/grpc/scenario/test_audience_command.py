"""`touchpoint report audience` of an offer, as somebody at a terminal sees it."""

import csv
import json
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.protobuf.any_pb2 import Any
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from typer.testing import CliRunner

from cli.main import app
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb
from touchpoint.profile.v1.audience_pb2 import AudiencePreview, PeopleCount
from touchpoint.scenario.v1 import audience_pb2 as pb

EMAIL, SMS = Channel.EMAIL, Channel.SMS
FOUND = [
    pb.OfferAudienceMember(
        person_id=f"p-{place}",
        acceptance_probability=0.25 / place,
        expected_value=5.0 / place,
        contribution_micros=120_000_000,
        channel=SMS if place == 2 else EMAIL,
    )
    for place in range(1, 4)
]
AUDIENCE = pb.OfferAudience(
    offer_id="coupon",
    ways=[pb.OfferAudienceWay(channel=EMAIL, placement="email.body", listed=3)],
    people=1_000_000,
    looked_at=20_000,
    may_be_told=14_000,
    fell_out=[
        pb.FellOut(code="NO_CONSENT", people=5_000),
        pb.FellOut(code="OWNED", rule="owned", people=900),
        pb.FellOut(code="NO_AGENT", rule="calls_per_day", people=100),
    ],
    of_listed=pb.AudienceEstimate(
        people=3, acceptances=0.46, value=9.17, cost=1.5, cost_is_partial=True, later=1
    ),
    of_all=pb.AudienceEstimate(people=14_000, acceptances=700.0, value=14_000.0, cost=7_000.0),
    currency="EUR",
    model="m+7",
)
AUDIENCE.took.FromSeconds(95)


def refusal(reason, message):
    info = Any()
    info.Pack(ErrorInfo(reason=reason, domain="touchpoint"))
    return Status(code=code_pb2.NOT_FOUND, message=message, details=[info])


class Services:
    """The rpcs that the command calls; an offer and a segment are known."""

    def __init__(self):
        self.requests, self.named, self.orders = [], [], []
        self.found = FOUND

    def find(self, request, context):
        self.requests.append(request)
        if request.offer_id != "coupon":
            told = f"there is no offer {request.offer_id}; near are coupon"
            self._refuse(context, refusal("OFFER_NOT_FOUND", told))
        progress = pb.OfferAudienceProgress(done=10_000, total=20_000)
        yield pb.FindAudienceResponse(progress=progress)
        answer = pb.FindAudienceResponse(audience=AUDIENCE)
        answer.audience.campaign = request.campaign or request.template
        answer.audience.of_listed.people = len(self.found)
        if request.campaign:
            answer.audience.told_before.add(state="sent", people=9)
            answer.audience.told_before.add(state="skipped", reason="NO_CONSENT", people=2)
        yield answer
        for begin in range(0, len(self.found), 500):
            yield pb.FindAudienceResponse(people=self.found[begin : begin + 500])

    def tell(self, request, context):
        self.orders.append(request)
        return pb.TellAudienceResponse(ordered=len(request.people) - 1, told_already=1)

    def preview(self, request, context):
        if request.segment != "best":
            told = f"there is no segment {request.segment}; known are best"
            self._refuse(context, refusal("SEGMENT_NOT_FOUND", told))
        count = PeopleCount(people=7, at_least=7, at_most=7, share=0.7)
        shown = AudiencePreview(when="true", people=10, looked_at=10, exact=True, members=count)
        yield profile_pb.PreviewSegmentResponse(preview=shown)

    def name(self, request, context):
        self.named.extend(request.person_ids)
        known = [
            each for each in request.person_ids if not (request.only_sharing and each == "p-3")
        ]
        return profile_pb.NameCustomersResponse(
            customers=[
                profile_pb.NamedCustomer(person_id=each, customer_ids=[f"c{each[2:]}"])
                for each in known
            ]
        )

    def _refuse(self, context, status):
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.NOT_FOUND, status.message)


@pytest.fixture
def services(monkeypatch):
    served = Services()
    streaming, unary = (
        grpc.unary_stream_rpc_method_handler,
        grpc.unary_unary_rpc_method_handler,
    )
    server = grpc.server(ThreadPoolExecutor(2))
    handlers = {}
    for service, name, make, function, request in (
        ("scenario", "FindAudience", streaming, served.find, pb.FindAudienceRequest),
        (
            *("profile", "PreviewSegment", streaming, served.preview),
            profile_pb.PreviewSegmentRequest,
        ),
        ("scenario", "TellAudience", unary, served.tell, pb.TellAudienceRequest),
        ("profile", "NameCustomers", unary, served.name, profile_pb.NameCustomersRequest),
    ):
        made = make(function, request.FromString, lambda answer: answer.SerializeToString())
        full = f"touchpoint.{service}.v1.{service.capitalize()}Service"
        handlers.setdefault(full, {})[name] = made
    for full, made in handlers.items():
        handler = grpc.method_handlers_generic_handler(full, made)
        server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    for service in ("SCENARIO", "PROFILE"):
        monkeypatch.setenv(f"TOUCHPOINT_{service}_TARGETS", f"127.0.0.1:{port}")
    yield served
    server.stop(None).wait()


def audience(*arguments):
    return CliRunner().invoke(app, ["report", "audience", *arguments], env={"COLUMNS": "160"})


def test_the_best_are_shown_with_what_is_expected_and_why_the_others_fell_out(services):
    answer = audience("coupon", "--limit", "3", "--channel", "email", "--look-at", "20000")
    assert answer.exit_code == 0, answer.output
    for part in (
        "20,000 people looked at, a random share of 1,000,000, in 1 min 35 s: 14,000 may be told.",
        "The best 3: 0.5 acceptances, worth 9.17 EUR, at a cost of 1.50 EUR as far as it is known",
        "1 of them when quiet hours are over.",
        "All 14,000: 700.0 acceptances, worth 14,000.00 EUR",
        "NO_CONSENT: did not agree",
        "NO_AGENT: no agent can take it",
        "customer c1  EMAIL  25.00%",
    ):
        assert part in answer.stdout
    [request] = services.requests
    asked = (request.offer_id, request.limit, request.channel, request.look_at)
    assert asked == ("coupon", 3, EMAIL, 20_000)


def test_a_name_is_a_segment_first_and_then_an_offer(services):
    assert "7 people of 10" in audience("best", "--lifts", "0").stdout
    assert not services.requests
    answer = audience("coupon")
    assert (answer.exit_code, "The best 3" in answer.stdout) == (0, True)
    [request] = services.requests
    assert (request.limit, request.channel) == (100, Channel.UNSPECIFIED)


def test_a_name_that_is_neither_is_told_with_the_nearest_of_both(services):
    answer = audience("coupn")
    assert answer.exit_code == 1
    assert answer.stderr.strip() == (
        "coupn is neither a segment nor an offer: there is no segment coupn; known are best; "
        "there is no offer coupn; near are coupon"
    )


def test_machines_get_one_line_of_json_with_everybody(services):
    [line] = audience("coupon", "--json", "--limit", "3").stdout.splitlines()
    told = json.loads(line)
    assert told["audience"]["fellOut"][1] == {"code": "OWNED", "rule": "owned", "people": "900"}
    assert told["audience"]["ofListed"]["costIsPartial"] is True
    assert [each["customerIds"] for each in told["people"]] == [["c1"], ["c2"], ["c3"]]
    assert told["people"][1]["channel"] == "SMS"


@pytest.mark.parametrize(("in_house", "ids"), [(False, ["c1", "c2"]), (True, ["c1", "c2", "c3"])])
def test_a_file_has_those_who_agreed_to_sharing_unless_it_stays_in_the_house(
    services, tmp_path, in_house, ids
):
    path = tmp_path / "tell.csv"
    answer = audience("coupon", "--csv", str(path), *(["--in-house"] if in_house else []))
    assert answer.exit_code == 0, answer.output
    with path.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["customer_ids"] for row in rows] == ids
    assert (rows[1]["channel"], rows[0]["acceptance_probability"]) == ("SMS", "0.250000")
    assert f"{len(ids)} of 3 written" in answer.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--limit", "3"], "Name a segment or an offer"),
        (["coupon", "--limit", "3", "--when", "true"], "--when is about a segment"),
        (["coupon", "--channel", "FAX"], "--channel FAX: must be EMAIL"),
        (["coupon", "--did", "accept"], "--did goes with --alike N"),
        (["best", "--alike", "5", "--limit", "3"], "--limit is about an offer"),
        (["coupon", "--in-house"], "--in-house: goes with --csv FILE"),
        (["coupon", "--send"], "--send goes with --template NAME"),
        (["coupon", "--campaign", "spring"], "--campaign goes with --template NAME"),
        (["coupon", "--template", "hello", "--yes"], "--yes goes with --send"),
        (["coupon", "--template", "hello", "--send", "--json"], "say --yes to send"),
    ],
)
def test_what_cannot_be_meant_is_a_wrong_use(services, arguments, said):
    answer = audience(*arguments)
    assert (answer.exit_code, said in answer.stderr) == (2, True), answer.output
    assert not services.requests


SEND = ("coupon", "--template", "hello", "--send")


def test_a_template_alone_is_a_preview_of_whom_it_would_be_sent_to(services):
    answer = audience("coupon", "--template", "hello", "--campaign", "spring")
    assert answer.exit_code == 0, answer.output
    assert "Told before under spring: 9 sent; 2 skipped (NO_CONSENT)." in answer.stdout
    [request] = services.requests
    assert (request.template, request.campaign) == ("hello", "spring")
    assert not services.orders


def test_a_send_is_ordered_in_parts_of_what_was_listed(services):
    services.found = [
        pb.OfferAudienceMember(person_id=f"p-{place}", channel=EMAIL) for place in range(1_200)
    ]
    answer = audience(*SEND, "--yes", "--campaign", "spring")
    assert answer.exit_code == 0, answer.output
    assert "1,197 messages ordered: each is sent as soon as it may be, 3 were told" in answer.stdout
    assert [len(each.people) for each in services.orders] == [500, 500, 200]
    asked = {(each.offer_id, each.template, each.campaign) for each in services.orders}
    assert asked == {("coupon", "hello", "spring")}
    told = [who.person_id for each in services.orders for who in each.people]
    assert told == [each.person_id for each in services.found]


def test_what_was_sent_is_in_the_line_for_machines(services):
    [line] = audience(*SEND, "--yes", "--json").stdout.splitlines()
    assert json.loads(line)["sent"] == {"ordered": 2, "toldAlready": 1, "gone": 0}


def test_somebody_who_is_asked_and_does_not_confirm_sends_nothing(services):
    command = CliRunner()
    answer = command.invoke(app, ["report", "audience", *SEND], input="n\n")
    assert "Send 3 messages of coupon by template hello, campaign hello?" in answer.stdout
    assert (answer.exit_code, services.orders) == (1, [])
    answer = command.invoke(app, ["report", "audience", *SEND], input="y\n")
    assert (answer.exit_code, len(services.orders)) == (0, 1)


def test_of_nobody_there_is_nothing_to_send(services):
    services.found = []
    answer = audience(*SEND, "--yes")
    assert (answer.exit_code, services.orders) == (0, [])
    assert "Nobody is on the list." in answer.stdout
    assert "Nobody is to be told: nothing was sent." in answer.stdout
