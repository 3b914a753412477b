"""An e-mail leaves once, and what a server does with it is known for what it is."""

from __future__ import annotations

import asyncio
import base64
import email
import email.policy
import ssl
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.scenario.carriers import SmtpCarrier, carriages_of
from services.scenario.carriers.letters import LetterError, ascii_address, message_id
from services.scenario.carriers.mail_server import MailServer, Security, read_mail_server
from services.scenario.config import ScenarioSettings
from services.scenario.domain.outbound import Fate, Message
from shared.config import ConfigError, load
from shared.unsubscribing import Subscription, Unsubscribing
from tests.unit.scenario.test_config import NEEDED

KEY = "0198c2b6-0000-7000-8000-000000000001"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
TOKEN = Unsubscribing(b"k" * 32).token(Subscription(KEY, 4, "marketing"), 0)
LINK = f"https://shop.example/unsubscribe?token={TOKEN}"
MESSAGE = Message(
    4,
    "ada@shop.example",
    subject="Grüße, Ada",
    text="Your cart is waiting.\n.\nBye",
    html="<p>Your cart</p>",
    sender_name="Anna Berg",
    sender_address="hello@bücher.example",
    reply_to="anna@shop.example",
    headers={
        "List-Unsubscribe": f"<{LINK}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    },
    decision_id="d1",
)


class Server:
    """A mail server that answers each step as it is told to."""

    def __init__(self, **answers):
        self.answers = answers
        self.envelopes = []
        self.has_text = asyncio.Event()

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        envelope.mail_from = address
        return self.answers.get("mail", "250 OK")

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        envelope.rcpt_tos.append(address)
        return self.answers.get("rcpt", "250 OK")

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.envelopes.append(envelope)
        self.has_text.set()
        answer = self.answers.get("data", "250 taken as 7")
        if answer == "nothing":
            await asyncio.Event().wait()  # until its connection is closed
        if answer == "gone":
            server.transport.abort()
        return answer

    def read(self):
        """The one message that came, as a reader has it."""
        (envelope,) = self.envelopes
        return email.message_from_bytes(envelope.original_content, policy=email.policy.SMTP)

    @asynccontextmanager
    async def listening(self, **more):
        """Lend the server as a carrier knows it."""
        loop = asyncio.get_running_loop()

        made = []

        def protocol():
            made.append(SMTP(self, hostname="localhost", loop=loop, enable_SMTPUTF8=False, **more))
            return made[-1]

        listening = await loop.create_server(protocol, "127.0.0.1", 0)
        try:
            port = listening.sockets[0].getsockname()[1]
            yield MailServer("127.0.0.1", port, Security.NONE, timeout_s=0.3)
        finally:
            listening.close()
            open_still = [each for each in made if each.transport is not None]
            for each in open_still:
                each.transport.abort()
                each._handler_coroutine.cancel()
            handled = (each._handler_coroutine for each in open_still)
            await asyncio.gather(*handled, return_exceptions=True)


def carrier(server, context=None, **more):
    return SmtpCarrier(replace(server, **more), lambda: NOON, context)


async def test_a_message_arrives_with_all_that_it_says():
    server = Server()
    async with server.listening() as place:
        result = await carrier(place, envelope_from="bounces@shop.example").carry(MESSAGE, KEY)
    assert (result.fate, "250" in result.reason) == (Fate.SENT, True)
    (envelope,) = server.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("bounces@shop.example", ["ada@shop.example"])
    read = server.read()
    assert read["From"] == "Anna Berg <hello@xn--bcher-kva.example>"
    assert (read["To"], read["Reply-To"]) == ("ada@shop.example", "anna@shop.example")
    assert read["Subject"] == "Grüße, Ada"
    assert read["Message-ID"] == f"<{KEY}@xn--bcher-kva.example>"
    assert read["Date"].datetime == NOON
    assert read["List-Unsubscribe"] == f"<{LINK}>"
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    # As it was sent: readers' programs decode nothing in it.
    assert f"\r\nList-Unsubscribe: <{LINK}>\r\n".encode() in envelope.original_content
    text, html = read.iter_parts()
    assert text.get_content().splitlines() == ["Your cart is waiting.", ".", "Bye"]
    assert (html.get_content_type(), html.get_content().strip()) == ("text/html", MESSAGE.html)


@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
@pytest.mark.parametrize(
    ("answer", "fate"),
    [("550 no such ada@shop.example", Fate.FAILED), ("451 later", Fate.LATER)],
)
async def test_what_is_refused_is_known_by_its_code_and_tells_nobodys_address(step, answer, fate):
    server = Server(**{step: answer})
    async with server.listening() as place:
        result = await carrier(place).carry(MESSAGE, KEY)
    assert (result.fate, answer[:3] in result.reason) == (fate, True)
    assert "ada" not in result.reason


@pytest.mark.parametrize("greeting", ["554 no service", "220 hello"])
async def test_a_server_that_refuses_us_refuses_no_letter(greeting):
    async def refuse(reader, writer):
        writer.write(f"{greeting}\r\n".encode())
        while await reader.readline():
            writer.write(b"554 no service\r\n")
        writer.close()

    listening = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        place = MailServer("127.0.0.1", port, Security.NONE, timeout_s=0.3)
        result = await carrier(place).carry(MESSAGE, KEY)
    assert (result.fate, "554" in result.reason) == (Fate.LATER, True)


@pytest.mark.parametrize("step", ["mail", "rcpt"])
async def test_a_server_that_wants_to_know_who_we_are_refuses_no_letter(step):
    server = Server(**{step: "530 5.7.0 Authentication required"})
    async with server.listening() as place:
        result = await carrier(place).carry(MESSAGE, KEY)
    assert (result.fate, "530" in result.reason) == (Fate.LATER, True)


async def test_a_server_that_hangs_before_it_has_the_text_took_nothing():
    async def say_nothing(reader, writer):
        await reader.read()
        writer.close()
        await writer.wait_closed()

    listening = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        place = MailServer("127.0.0.1", port, Security.NONE, timeout_s=0.1)
        result = await carrier(place).carry(MESSAGE, KEY)
    assert (result.fate, result.after_s > 0) == (Fate.LATER, True)


@pytest.mark.parametrize("answer", ["nothing", "gone"])
async def test_a_server_that_says_nothing_once_it_has_the_text_may_have_taken_it(answer):
    server = Server(data=answer)
    async with server.listening() as place:
        result = await carrier(place).carry(MESSAGE, KEY)
        assert server.has_text.is_set()
    assert result.fate is Fate.UNKNOWN, result


async def test_an_answer_that_means_nothing_there_leaves_it_unknown():
    server = Server(data="299 perhaps")
    async with server.listening() as place:
        assert (await carrier(place).carry(MESSAGE, KEY)).fate is Fate.UNKNOWN


async def test_a_server_that_is_not_there_is_tried_later():
    server = Server()
    async with server.listening() as place:
        pass
    assert (await carrier(place).carry(MESSAGE, KEY)).fate is Fate.LATER


async def test_nobody_asks_a_mail_server_what_became_of_a_message():
    assert (await carrier(MailServer("h", 25, Security.NONE)).ask(KEY)).fate is Fate.UNKNOWN


@pytest.fixture(scope="module")
def certified(tmp_path_factory):
    """A certificate for 127.0.0.1, as a server shows it and as whoever trusts it knows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("certificate")
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(file)
    trusting = ssl.create_default_context(
        cadata=made.public_bytes(serialization.Encoding.PEM).decode()
    )
    return shown, trusting


def letting_in(server, session, envelope, mechanism, given):
    return AuthResult(success=given.password == b"secret", handled=False)


async def test_a_name_is_told_only_once_nobody_can_listen(certified):
    shown, trusting = certified
    server = Server()
    async with server.listening(
        tls_context=shown, authenticator=letting_in, auth_required=True, require_starttls=True
    ) as place:
        told = {"host": "localhost", "security": Security.STARTTLS, "user": "touchpoint"}
        right = carrier(place, trusting, password="secret", **told)
        assert (await right.carry(MESSAGE, KEY)).fate is Fate.SENT
        wrong = await carrier(place, trusting, password="wrong", **told).carry(MESSAGE, KEY)
        assert (wrong.fate, "535" in wrong.reason) == (Fate.LATER, True), wrong.reason
        strange = await carrier(place, None, password="secret", **told).carry(MESSAGE, KEY)
        assert strange.fate is Fate.LATER
    assert len(server.envelopes) == 1


async def test_a_server_without_tls_is_sent_nothing_where_tls_is_demanded():
    server = Server()
    async with server.listening() as place:
        result = await carrier(place, security=Security.STARTTLS).carry(MESSAGE, KEY)
    assert (result.fate, server.envelopes) == (Fate.LATER, [])


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"sender_address": ""}, "no address to send from is known"),
        ({"address": "adä@shop.example"}, "its address cannot be written in ASCII"),
        ({"address": "nobody"}, "its address"),
        ({"address": "a@x.de."}, "its address"),
        ({"address": ",b@x.de"}, "its address is no e-mail address"),
        ({"address": "a..b@x.de"}, "its address is no e-mail address"),
        ({"address": "?a-@[,%+"}, "its address is no e-mail address"),
        ({"sender_address": "a b@x.de"}, "its sender is no e-mail address"),
        ({"reply_to": "x y@shop.example"}, "whom it is answered to is no e-mail address"),
        ({"subject": "Hi\r\nBcc: eve@shop.example"}, "it is no e-mail"),
        ({"headers": {"X": "a\r\nBcc: eve@shop.example"}}, "it is no e-mail"),
        ({"headers": {"X": "a" * 998}}, "its header X is too long"),
    ],
)
async def test_what_no_e_mail_can_bear_fails_before_anybody_is_asked(wrong, reason):
    result = await carrier(MailServer("h", 25, Security.NONE)).carry(replace(MESSAGE, **wrong), KEY)
    assert (result.fate, result.reason[: len(reason)]) == (Fate.FAILED, reason)


def test_the_id_of_a_message_is_the_same_each_time():
    assert message_id(KEY, "a@shop.example") == f"<{KEY}@shop.example>"
    assert ascii_address("ada@BÜCHER.example", "") == "ada@xn--bcher-kva.example"
    for plain in ("a.b+c_d'e@x-1.Example.com", "ada@localhost", "1/2@x.de"):
        assert ascii_address(plain, "") == plain
    with pytest.raises(LetterError):
        ascii_address("ada@shop.example\nBcc: eve", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("smtps://smtp.example.com", ("smtp.example.com", 465, Security.TLS, "")),
        ("smtp://me%40x@smtp.example.com:25", ("smtp.example.com", 25, Security.STARTTLS, "me@x")),
        ("smtp+plain://127.0.0.1", ("127.0.0.1", 25, Security.NONE, "")),
    ],
)
def test_a_server_is_named_by_a_url(text, expected):
    found = read_mail_server(text)
    assert (found.host, found.port, found.security, found.user) == expected


@pytest.mark.parametrize(
    "text",
    ["smtp.example.com", "http://x", "smtp://u:p@host", "smtp://", "smtp://h:x", "smtp://h/in"],
)
def test_what_names_no_server_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        read_mail_server(text)


PRODUCTION = {**NEEDED, "TOUCHPOINT_MODE": "production"}


def test_a_mail_server_is_set_up_with_what_it_needs(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hush\n")
    told = {
        "TOUCHPOINT_SMTP_URL": "smtp://me@smtp.example.com",
        "TOUCHPOINT_SMTP_PASSWORD_FILE": str(secret),
        "TOUCHPOINT_SMTP_FROM": "bounces@shop.example",
        "TOUCHPOINT_SMTP_TIMEOUT_S": "7",
    }
    found = load(ScenarioSettings, {**PRODUCTION, **told}).mail_server
    assert (found.password, found.envelope_from, found.timeout_s) == (
        "hush",
        "bounces@shop.example",
        7.0,
    )
    assert "hush" not in repr(found)
    carriages = carriages_of({}, {}, outbox=None, now_us=lambda: 0, mail_server=found)
    assert list(carriages) == [4]
    assert carriages[4].longest_s > 4 * 7.0
    assert not carriages[4].knows_keys


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"TOUCHPOINT_SMTP_URL": "smtp+plain://mail.example.com"}, "smtp\\+plain"),
        ({"TOUCHPOINT_SMTP_URL": "smtp://me@mail.example.com"}, "TOUCHPOINT_SMTP_PASSWORD_FILE"),
        ({"TOUCHPOINT_SMTP_PASSWORD_FILE": "/nowhere"}, "cannot be read"),
        ({"TOUCHPOINT_SMTP_URL": "smtp://h", "TOUCHPOINT_SMTP_TIMEOUT_S": "301"}, "at most 300"),
        (
            {
                "TOUCHPOINT_SMTP_URL": "smtp://h",
                "TOUCHPOINT_MESSAGE_GATEWAYS": "EMAIL=https://mail.example.com",
                "TOUCHPOINT_MESSAGE_SECRETS": "email=whsec_" + base64.b64encode(b"k" * 32).decode(),
            },
            "choose one",
        ),
    ],
)
def test_a_mail_server_that_cannot_be_used_is_refused_at_the_start(told, reason):
    with pytest.raises(ConfigError, match=reason):
        load(ScenarioSettings, {**PRODUCTION, **told})
