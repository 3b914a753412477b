"""What becomes of a call-back when the telephony does not simply take it."""

import json
from dataclasses import replace

import pytest

from services.scenario.carriers.outbox import FOLDER
from services.scenario.carriers.telephony import Callee, OutboxTelephony, WebhookTelephony
from services.scenario.config import ScenarioSettings
from services.scenario.desk.ringing import TAKEN, Ringer
from services.scenario.domain.effects import RingBack
from services.scenario.domain.errands import Dispatch, State
from services.scenario.domain.outbound import Fate, Result
from services.scenario.storage.payloads import job_of, payload_of, said_by
from shared.clock import from_us
from shared.config import ConfigError, load
from shared.errors import Unavailable
from shared.testing.clock import FakeClock
from shared.webhooks import Poster, PostError, read_address, read_secrets
from tests.receiver import SECRET, Receiver
from tests.unit.scenario.playing import ADA, MINUTE_US, NOON_US
from tests.unit.scenario.test_config import NEEDED
from touchpoint.common.v1.vocabulary_pb2 import Channel

ASKED = RingBack("task-1", "Asked.", ("sales",), ("pc-1",), NOON_US, NOON_US + 10 * MINUTE_US)
CHAT = replace(ASKED, kind="chat", decision_id="d-1")
CALLEE = Callee(ADA, "+4915123456")
WAITING = Dispatch("errand-1", ADA, ASKED, NOON_US, ASKED.expires_us, journey_id="journey-1")


class Telephone:
    """A telephony that says what it was told to."""

    def __init__(self, *results):
        self.results = list(results)
        self.rung, self.callees = [], []

    async def ring(self, asked, callee, key):
        self.rung.append(key)
        self.callees.append(callee)
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


class Store:
    """A store in which each claim is still whose it was, or nobody's any more."""

    def __init__(self, is_ours=True):
        self.is_ours = is_ours
        self.taken = set()
        self.machine_s = self.frozen_s = 0.0
        self.kept = []

    async def keep(self, step, lease_s, news):
        self.machine_s += self.frozen_s
        self.kept.append(step.dispatch.state)
        return self.is_ours

    async def needs_call(self, task_id, now_us, *, again):
        return task_id not in self.taken


def ringer(telephone, store=None, now_us=NOON_US):
    store = store or Store()
    clock = FakeClock(from_us(now_us))
    told = {"call_back": telephone} if telephone is not None else {}
    return Ringer(store, told, clock, machine_s=lambda: store.machine_s)


async def test_it_is_committed_that_it_rings_before_it_does():
    telephone, store = Telephone(Result(Fate.SENT)), Store()
    step = await ringer(telephone, store).next_step(WAITING, ASKED)
    assert store.kept == [State.SENDING]
    assert (step.dispatch.state, step.dispatch.is_open) == (State.SENT, False)
    assert telephone.rung == ["errand-1"]


@pytest.mark.parametrize("is_known", [True, False])
async def test_the_number_is_told_and_without_one_it_is_rung_all_the_same(is_known):
    class Numbers:
        async def of(self, person_id):
            if not is_known:
                raise Unavailable("profile is away")
            return CALLEE.number

    telephone = Telephone(Result(Fate.SENT))
    told = {"call_back": telephone, "chat": telephone}
    ringing = Ringer(Store(), told, FakeClock(from_us(NOON_US)), Numbers())
    assert (await ringing.next_step(WAITING, ASKED)).dispatch.state is State.SENT
    assert telephone.callees == [CALLEE if is_known else Callee(ADA)]
    telephone.results.append(Result(Fate.SENT))
    await ringing.next_step(WAITING, CHAT)
    assert telephone.callees[1:] == [Callee(ADA)], "who chats is not called"


async def test_what_another_has_taken_meanwhile_does_not_ring():
    telephone = Telephone()
    assert await ringer(telephone, Store(is_ours=False)).next_step(WAITING, ASKED) is None
    assert telephone.rung == []


async def test_a_worker_that_was_frozen_once_it_was_committed_does_not_ring_late():
    telephone, store = Telephone(), Store()
    store.frozen_s = 90.0
    assert await ringer(telephone, store).next_step(WAITING, ASKED) is None
    assert telephone.rung == []


async def test_nobody_is_rung_for_a_task_that_somebody_took():
    telephone, store = Telephone(), Store()
    store.taken.add(ASKED.task_id)
    step = await ringer(telephone, store).next_step(WAITING, ASKED)
    assert (step.dispatch.state, step.dispatch.is_open) == (State.CANCELLED, False)
    assert (step.dispatch.reason, telephone.rung) == (TAKEN, [])


@pytest.mark.parametrize("result", [Result(Fate.UNKNOWN, "no answer"), RuntimeError("broken")])
async def test_what_may_have_rung_is_unknown_and_never_rings_again(result):
    telephone = Telephone(result)
    step = await ringer(telephone).next_step(WAITING, ASKED)
    assert (step.dispatch.state, step.dispatch.is_open) == (State.UNKNOWN, False)
    left = replace(WAITING, state=State.UNKNOWN, reason="the process ended")
    step = await ringer(telephone).next_step(left, ASKED)
    assert (step.dispatch.state, step.dispatch.is_open) == (State.UNKNOWN, False)
    assert len(telephone.rung) == 1


async def test_what_certainly_did_not_ring_rings_again_but_not_for_long():
    busy = Result(Fate.LATER, "the telephony answered 503")
    step = await ringer(Telephone(busy)).next_step(WAITING, ASKED)
    assert (step.dispatch.state, step.pause_s) == (State.WAITING, 1.0)
    late = ringer(Telephone(), now_us=ASKED.expires_us)
    step = await late.next_step(step.dispatch, ASKED)
    assert (step.dispatch.state, step.dispatch.reason) == (State.FAILED, busy.reason)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (ASKED, "no telephony is set up (TOUCHPOINT_CALL_BACK_URL)"),
        (CHAT, "no chat system is set up (TOUCHPOINT_CHAT_URL)"),
    ],
)
async def test_with_nobody_to_tell_it_fails_and_says_what_to_set(asked, reason):
    step = await ringer(None).next_step(WAITING, asked)
    assert (step.dispatch.state, step.dispatch.reason) == (State.FAILED, reason)


async def test_a_chat_leaves_on_its_own_channel():
    telephone, store = Telephone(Result(Fate.SENT)), Store()
    clock = FakeClock(from_us(NOON_US))
    ringing = Ringer(store, {"chat": telephone}, clock, machine_s=lambda: 0.0)
    step = await ringing.next_step(WAITING, CHAT)
    assert (step.dispatch.state, step.dispatch.channel) == (State.SENT, Channel.CHAT)


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        (202, Fate.SENT),
        (429, Fate.LATER),
        (503, Fate.LATER),
        (500, Fate.UNKNOWN),
        (502, Fate.UNKNOWN),
        (504, Fate.UNKNOWN),
        (410, Fate.FAILED),
    ],
)
async def test_the_status_of_the_webhook_says_what_became_of_it(status, fate):
    receiver = Receiver(lambda _: status)
    async with receiver.listening() as url:
        keys = read_secrets(f"call_back={SECRET}")["call_back"]
        poster = Poster(answer_s=5.0)
        telephony = WebhookTelephony(poster, read_address(url), keys)
        assert (await telephony.ring(ASKED, CALLEE, "errand-1")).fate is fate
        await poster.close()
    (heard,) = receiver.received
    assert heard.is_signed_by(SECRET)
    assert (heard.id, heard.told["taskId"]) == ("errand-1", "task-1")
    assert (heard.told["type"], heard.told["to"]) == ("call_back", CALLEE.number)


async def test_a_call_whose_connection_breaks_after_it_was_told_is_not_told_again():
    answers = iter((202, None, 202))
    receiver = Receiver(lambda _: next(answers))
    async with receiver.listening() as url:
        telephony = WebhookTelephony(Poster(answer_s=5.0), read_address(url), (b"k" * 32,))
        rung = [(await telephony.ring(ASKED, CALLEE, f"errand-{n}")).fate for n in (1, 2)]
    assert rung == [Fate.SENT, Fate.UNKNOWN]
    assert [each.id for each in receiver.received] == ["errand-1", "errand-2"]
    assert receiver.connections == 2


@pytest.mark.parametrize(("may_have_arrived", "fate"), [(True, Fate.UNKNOWN), (False, Fate.LATER)])
async def test_a_webhook_that_breaks_off_is_in_doubt_where_it_may_have_arrived(
    may_have_arrived, fate
):
    class Broken:
        async def post(self, *arguments, once):
            raise PostError("broke off", may_have_arrived=may_have_arrived)

    telephony = WebhookTelephony(Broken(), read_address("https://calls.example"), (b"k" * 32,))
    assert (await telephony.ring(ASKED, CALLEE, "errand-1")).fate is fate


async def test_in_development_it_is_a_file_of_the_outbox(tmp_path):
    result = await OutboxTelephony(tmp_path, lambda: NOON_US).ring(ASKED, CALLEE, "errand-1")
    assert result.fate is Fate.SENT
    written = json.loads((tmp_path / FOLDER / "errand-1.json").read_text())
    assert written["channel"] == "CALL_CENTER"
    assert json.loads(written["text"])["taskId"] == "task-1"


async def test_the_chat_system_is_told_of_a_decision_and_of_no_number(tmp_path):
    await OutboxTelephony(tmp_path, lambda: NOON_US).ring(CHAT, Callee(ADA), "errand-1")
    written = json.loads((tmp_path / FOLDER / "errand-1.json").read_text())
    told = json.loads(written["text"])
    assert (written["channel"], written["subject"]) == ("CHAT", "Chat")
    assert (told["type"], told["decisionId"], told["taskId"]) == ("chat", "d-1", "task-1")
    assert "to" not in told


def test_what_is_kept_beside_a_journey_is_read_as_it_was():
    assert job_of("call_back", payload_of(ASKED)) == ASKED
    assert job_of("chat", payload_of(CHAT)) == CHAT
    assert said_by("call_back", payload_of(ASKED))["task_id"] == "task-1"


@pytest.mark.parametrize("kind", ["call_back", "chat"])
def test_a_webhook_that_is_not_signed_is_refused_at_start(kind):
    settings = {**NEEDED, f"TOUCHPOINT_{kind.upper()}_URL": "https://calls.example/hook"}
    with pytest.raises(ConfigError, match=f"add {kind}=whsec_… to TOUCHPOINT_MESSAGE_SECRETS"):
        load(ScenarioSettings, settings)


@pytest.mark.parametrize("kind", ["call_back", "chat"])
def test_a_webhook_that_anybody_could_listen_to_is_refused_in_production(kind):
    settings = {
        **NEEDED,
        f"TOUCHPOINT_{kind.upper()}_URL": "http://127.0.0.1:1/hook",
        "TOUCHPOINT_MESSAGE_SECRETS": f"{kind}={SECRET}",
    }
    assert load(ScenarioSettings, settings).asked_for_urls[kind] is not None
    with pytest.raises(ConfigError, match="give it an https URL"):
        load(ScenarioSettings, {**settings, "TOUCHPOINT_MODE": "production"})
