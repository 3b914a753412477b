"""What leaves over HTTP goes where the operator allows, signed, and waits for nobody for ever."""

import asyncio
import base64
import datetime
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.webhooks import (
    Poster,
    PostError,
    read_address,
    read_hosts,
    read_secrets,
    signature,
)
from tests.receiver import SECRET, Received, Receiver

HEADERS = {"webhook-id": "msg_1"}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "crm.example.com/hook",
        "ftp://crm.example.com/",
        "file:///etc/passwd",
        "gopher://crm.example.com/",
        "http://crm.example.com/",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1.example.com/",
        "https://user:password@crm.example.com/",
        "https://crm.example.com@evil.example/",
        "https://crm.example.com\\@evil.example/",
        "https://crm.example.com/#here",
        "https://crm.example.com:0/",
        "https://crm.example.com:99999/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://127.1/",
        "https://crm..example.com/",
        "https://crm_1.example.com/",
        "https://crm.example.com./",
        "https:///hook",
        "https://crm.example.com/\r\nx: y",
        "https://crm.example.com/a b",
        "https://crм.example.com/",
        "https://[::1",
        "https://crm.example.com/" + "a" * 2000,
    ],
)
def test_a_url_that_could_lead_elsewhere_is_refused(url):
    with pytest.raises(ValueError, match=r"must|is no URL"):
        read_address(url)


def test_a_url_is_read_in_its_one_form():
    address = read_address("https://CRM.Example.com/hook?a=1")
    assert (address.host, address.port, address.target) == ("crm.example.com", 443, "/hook?a=1")
    assert address.authority == "crm.example.com"
    assert read_address("https://[2001:DB8::0:1]:8443").authority == "[2001:db8::1]:8443"


HOSTS = read_hosts("crm.example.com, 10.0.0.7:8443")


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("https://crm.example.com/hook", True),
        ("https://10.0.0.7:8443/hook", True),
        ("https://crm.example.com:8443/hook", False),
        ("https://evil.crm.example.com/hook", False),
        ("https://example.com/hook", False),
        ("https://10.0.0.7/hook", False),
        ("https://169.254.169.254/latest", False),
        ("https://localhost/hook", False),
        ("http://127.0.0.1:9000/hook", False),
        ("http://localhost/hook", False),
    ],
)
def test_in_production_only_hosts_that_are_listed_are_sent_to(url, is_allowed):
    refusal = read_address(url).refusal(HOSTS, development=False)
    assert (not refusal) is is_allowed


def test_in_development_this_machine_may_be_sent_to_without_tls():
    assert not read_address("http://127.0.0.1:9000/").refusal(frozenset(), development=True)
    assert read_address("https://127.0.0.1:9000/").refusal(frozenset(), development=True)


@pytest.mark.parametrize("text", ["https://crm.example.com", "crm.example.com/a", "a b", "127.1"])
def test_a_list_of_hosts_holds_hosts_only(text):
    with pytest.raises(ValueError, match="must"):
        read_hosts(text)


def test_both_keys_of_a_rotation_sign():
    old, new = SECRET, "whsec_" + base64.b64encode(b"n" * 24).decode()
    secrets = read_secrets(f"crm={new}|{old}, other={old}")
    body = '{"name":"Käthe"}'.encode()
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1770000000",
        "webhook-signature": signature(secrets["crm"], "msg_1", 1770000000, body),
    }
    received = Received(headers, body)
    assert received.is_signed_by(new)
    assert received.is_signed_by(old)
    assert not received.is_signed_by("whsec_" + base64.b64encode(b"x" * 24).decode())
    assert not Received(headers, body + b" ").is_signed_by(new)
    assert not Received({**headers, "webhook-timestamp": "1770000001"}, body).is_signed_by(new)


def test_the_signature_is_the_one_that_the_specification_gives_as_its_example():
    key = read_secrets("a=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")["a"]
    body = b'{"test": 2432232314}'
    assert (
        signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


@pytest.mark.parametrize(
    "text",
    [
        "crm",
        f"CRM={SECRET}",
        "crm=abc",
        "crm=whsec_YWJj",
        "crm=whsec_???",
        f"crm={SECRET}|",
        f"crm={SECRET},crm={SECRET}",
        f"crm={SECRET}|{SECRET}|{SECRET}",
    ],
)
def test_a_wrong_key_is_refused_without_being_quoted(text):
    with pytest.raises(ValueError, match=r"must|twice|more than") as caught:
        read_secrets(text)
    assert SECRET not in str(caught.value)


async def posted(url, poster=None, body=b"{}"):
    poster = poster or Poster(connect_s=5, answer_s=5)
    try:
        return await poster.post(read_address(url), HEADERS, body)
    finally:
        await poster.close()


async def test_a_message_arrives_whole_and_a_connection_is_used_again():
    receiver, poster = Receiver(), Poster()
    async with receiver.listening() as url:
        for number in range(3):
            answer = await poster.post(read_address(url), HEADERS, b"%d" % number)
            assert answer.status == 200
        await poster.close()
    assert [each.body for each in receiver.received] == [b"0", b"1", b"2"]
    assert receiver.received[0].headers[":line"] == "POST /hook?key=1 HTTP/1.1"
    assert receiver.received[0].headers["host"] == f"127.0.0.1:{receiver.port}"
    assert receiver.connections == 1


async def test_a_redirect_is_an_answer_and_is_not_followed():
    other = Receiver()
    async with other.listening() as elsewhere:
        said = f"HTTP/1.1 307 Go\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\n\r\n".encode()
        async with Receiver(lambda _: said).listening() as url:
            assert (await posted(url)).status == 307
    assert other.received == []


async def test_a_connection_that_was_closed_meanwhile_is_made_anew():
    receiver, poster = Receiver(), Poster()
    async with receiver.listening() as url:
        await poster.post(read_address(url), HEADERS, b"first")
        for writer in receiver.writers:
            writer.transport.abort()
        assert (await poster.post(read_address(url), HEADERS, b"second")).status == 200
        await poster.close()
    assert [each.body for each in receiver.received] == [b"first", b"second"]


ENDLESS = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n" + b"x" * 40_000
HEADS = b"HTTP/1.1 200 OK\r\n" + b"".join(b"h%d: %b\r\n" % (n, b"x" * 200) for n in range(200))


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (ENDLESS, 200),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 Done\r\n\r\n", 204),
        (b"HTTP/1.0 200 OK\r\n\r\nand so on", 200),
        (b"HTTP/1.1 503 Later\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n", 503),
    ],
)
async def test_only_the_status_of_an_answer_counts_and_its_size_is_bounded(answer, status):
    dying = Receiver(lambda _: answer)
    async with dying.listening() as url:
        asking = asyncio.create_task(posted(url))
        await dying.until(len)
        if b"HTTP/1.0" in answer:
            for writer in dying.writers:
                writer.close()
        found = await asking
    assert (found.status, found.retry_after_s) == (status, 7.0 if status == 503 else 0.0)


@pytest.mark.parametrize(
    ("answer", "told"),
    [(None, "closed the connection"), (b"SSH-2.0\r\n\r\n", "not HTTP"), (HEADS, "not HTTP")],
)
async def test_what_is_no_answer_is_told_as_such(answer, told):
    async with Receiver(lambda _: answer).listening() as url:
        with pytest.raises(PostError, match=told):
            await posted(url)


async def test_nobody_is_waited_for_longer_than_allowed():
    silent = Receiver(lambda _: b"HTTP/1.1 200")
    async with silent.listening() as url:
        with pytest.raises(PostError, match=r"within 0\.05 s"):
            await posted(url, Poster(answer_s=0.05))
    with pytest.raises(PostError, match="refused the connection"):
        await posted(url)


@pytest.fixture
def certificate(tmp_path):
    """Make a certificate for this machine that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "receiver.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


async def test_tls_is_verified_with_the_name_of_the_host(certificate):
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(certificate)
    receiver = Receiver()
    async with receiver.listening(trust=shown) as url:
        vouched = ssl.create_default_context(cafile=certificate)
        by_name = url.replace("127.0.0.1", "localhost")
        assert (await posted(by_name, Poster(trust=vouched))).status == 200
        with pytest.raises(PostError, match="certificate"):
            await posted(url, Poster(trust=vouched))
        with pytest.raises(PostError, match="certificate"):
            await posted(by_name)
    assert len(receiver.received) == 1
