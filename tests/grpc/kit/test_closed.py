"""A service that is closed: by keys, by TLS, and open to our own services all the same."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any, cast

import grpc.aio
import httpx
import pytest
import yaml

from shared.call import CALLER, own_call
from shared.callers.keys import hash_of, new_key
from shared.client import follow, invoke
from shared.config import ConfigError
from shared.errors import TouchpointError, Unauthenticated
from shared.health_probe import credentials_of, probe
from shared.hosting import Hosted, hosted
from shared.replicas import ReplicaChannel
from shared.runtime import Channels
from shared.tls import ClientTls, channel_credentials
from shared.tls.making import Made, make_authority, make_certificate
from shared.transport import options, web_server
from tests.grpc.kit.echo import SAY, EchoServicer, pb, stubs
from tests.grpc.kit.hosting_kit import FakePlane, ProfileSettings, echo_service, settings

NOW = datetime.now(UTC)
KEY, KEY_ID = new_key()
INNER, INNER_ID = new_key()
HOLDERS = [
    {"name": "web", "id": KEY_ID, "hash": hash_of(KEY), "scopes": ["offers:read"]},
    {"name": "loader", "id": INNER_ID, "hash": hash_of(INNER), "scopes": ["service:rules"]},
]


def keys_file(folder: Path, holders: Any = HOLDERS) -> Path:
    file = folder / "keys.yaml"
    file.write_text(yaml.safe_dump({"callers": holders}))
    return file


def certificates(folder: Path, authority: Made) -> dict[str, str]:
    made = make_certificate(authority, ["rules"], NOW, days=1)
    files = {
        "AUTHORITY": ("authority.pem", authority.certificate),
        "CERTIFICATE": ("certificate.pem", made.certificate),
        "KEY": ("key.pem", made.key),
    }
    for name, data in files.values():
        (folder / name).write_bytes(data)
    return {f"TOUCHPOINT_TLS_{key}": str(folder / name) for key, (name, _) in files.items()}


@asynccontextmanager
async def plain(found: Hosted) -> AsyncIterator[Any]:
    """Lend a stub of somebody from outside, without TLS."""
    async with grpc.aio.insecure_channel(str(found.grpc)) as channel:
        yield stubs.EchoServiceStub(channel)


@asynccontextmanager
async def serving(
    servicer: EchoServicer, *, http: bool = False, watched: Any = None, **told: str
) -> AsyncIterator[Hosted]:
    parts: dict[str, Any] = {"watched": watched or {}}
    parts |= {"needs": {SAY: "offers:read"}} if http else {}
    opened = echo_service(servicer, http=http, **parts)
    openers = FakePlane().openers()
    async with hosted(settings(**told), opened, openers, Channels()) as found:
        await found.health.serving.wait()
        yield found


def calling(found: Hosted, **told: str) -> tuple[Any, Channels]:
    """Return a stub as profile has one of the service that is being served."""
    channels = Channels()
    peer = settings(ProfileSettings, TOUCHPOINT_RULES_TARGETS=str(found.grpc), **told)
    return stubs.EchoServiceStub(channels.to("rules", peer)), channels


async def say(stub: Any, *metadata: tuple[str, str]) -> Any:
    return await stub.Say(pb.SayRequest(text="x"), timeout=2.0, metadata=metadata)


async def code_of(call: Any) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    found: grpc.StatusCode = caught.value.code()
    return found


async def test_a_service_behind_the_edge_is_for_its_scope_and_our_own(tmp_path: Path) -> None:
    told = {"TOUCHPOINT_KEYS": str(keys_file(tmp_path))}
    async with serving(EchoServicer(), **told) as found:
        async with plain(found) as stub:
            assert await code_of(say(stub)) is grpc.StatusCode.UNAUTHENTICATED
            spoofed = ((CALLER, "scenario"),)
            assert await code_of(say(stub, *spoofed)) is grpc.StatusCode.UNAUTHENTICATED
            web = ("authorization", f"Bearer {KEY}")
            assert await code_of(say(stub, web)) is grpc.StatusCode.PERMISSION_DENIED
            answer = await say(stub, ("authorization", f"Bearer {INNER}"), (CALLER, "scenario"))
            assert (answer.caller, answer.may_link) == ("loader", False)
        peer, channels = calling(found, **told)
        answer = await invoke(peer.Say, pb.SayRequest(text="x"), own_call(SAY), 2.0)
        assert answer.text == "x"
        assert [one async for one in follow(peer.Count, pb.CountRequest(up_to=2), own_call(SAY))]
        await channels.close()


async def test_another_deployments_services_are_strangers(tmp_path: Path) -> None:
    told = {"TOUCHPOINT_KEYS": str(keys_file(tmp_path))}
    async with serving(EchoServicer(), **told) as found:
        peer, channels = calling(found, TOUCHPOINT_DEPLOYMENT_KEY="11" * 32, **told)
        with pytest.raises(Unauthenticated):
            await invoke(peer.Say, pb.SayRequest(text="x"), own_call(SAY), 2.0)
        await channels.close()


async def test_a_key_counts_and_ceases_to_while_the_service_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.callers.keeping.LOOK_EVERY_S", 0.0)
    file = keys_file(tmp_path, [])
    shown = ("authorization", f"Bearer {INNER}")
    serves = serving(EchoServicer(), TOUCHPOINT_KEYS=str(file))
    async with serves as found, plain(found) as stub:
        assert await code_of(say(stub, shown)) is grpc.StatusCode.UNAUTHENTICATED
        keys_file(tmp_path)
        assert (await say(stub, shown)).caller == "loader"
        file.write_text("callers: [")  # half written: what was read before stays in force
        assert (await say(stub, shown)).caller == "loader"
        keys_file(tmp_path, [HOLDERS[0], {**HOLDERS[1], "revoked": NOW}])
        assert await code_of(say(stub, shown)) is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize(
    "left", [[HOLDERS[0]], [HOLDERS[0], {**HOLDERS[1], "scopes": ["offers:read"]}]]
)
async def test_a_stream_ends_once_its_key_is_revoked_or_allows_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: Any
) -> None:
    monkeypatch.setattr("shared.callers.keeping.LOOK_EVERY_S", 0.0)

    async def revoked(call: Any, request: Any) -> None:
        keys_file(tmp_path, left)

    shown = (("authorization", f"Bearer {INNER}"),)
    serves = serving(EchoServicer(revoked), TOUCHPOINT_KEYS=str(keys_file(tmp_path)))
    async with serves as found, plain(found) as stub:
        stream = stub.Count(pb.CountRequest(up_to=3), metadata=shown)
        assert (await stream.read()).number == 0
        assert await code_of(stream.read()) is grpc.StatusCode.UNAUTHENTICATED


async def test_health_is_told_to_everybody(tmp_path: Path) -> None:
    async with serving(EchoServicer(), TOUCHPOINT_KEYS=str(keys_file(tmp_path))) as found:
        assert await asyncio.to_thread(probe, found.grpc) == ""


async def test_a_line_in_the_log_names_the_caller_by_their_key(
    tmp_path: Path, log_lines: StringIO
) -> None:
    serves = serving(EchoServicer(), TOUCHPOINT_KEYS=str(keys_file(tmp_path)))
    async with serves as found, plain(found) as stub:
        await say(stub, ("authorization", f"Bearer {INNER}"), (CALLER, "somebody-else"))
    (line,) = [line for line in log_lines.getvalue().splitlines() if "rpc_answered" in line]
    assert '"caller": "loader"' in line or '"caller":"loader"' in line
    assert INNER not in log_lines.getvalue()


async def test_without_keys_it_is_open_and_says_so(log_lines: StringIO) -> None:
    async with serving(EchoServicer()) as found, plain(found) as stub:
        assert (await say(stub, (CALLER, "web"))).caller == "web"
    assert "open_to_everybody" in log_lines.getvalue()


async def test_a_file_of_callers_that_is_wrong_is_refused_with_every_mistake(
    tmp_path: Path,
) -> None:
    wrong = [{**HOLDERS[0], "scopes": ["offers:steal"]}, {**HOLDERS[1], "name": "cli"}]
    with pytest.raises(ConfigError) as caught:
        async with serving(EchoServicer(), TOUCHPOINT_KEYS=str(keys_file(tmp_path, wrong))):
            pass
    assert "callers[0]: scopes: 'offers:steal' is no scope" in str(caught.value)
    assert "callers[1]: the name cli is one of our own services" in str(caught.value)


async def test_services_behind_the_edge_know_one_another_by_certificates(tmp_path: Path) -> None:
    authority = make_authority(NOW)
    told = certificates(tmp_path, authority) | {"TOUCHPOINT_KEYS": str(keys_file(tmp_path))}
    async with serving(EchoServicer(), **told) as found:
        peer, channels = calling(found, **told)
        answer = await invoke(peer.Say, pb.SayRequest(text="x"), own_call(SAY), 2.0)
        assert answer.text == "x"
        await channels.close()
        assert await asyncio.to_thread(probe, found.grpc, 2.0, credentials_of(told)) == ""
        for credentials in (
            channel_credentials(tmp_path / "authority.pem"),  # no certificate of its own
            certified_elsewhere(tmp_path / "elsewhere", tmp_path / "authority.pem"),
        ):
            async with grpc.aio.secure_channel(str(found.grpc), credentials) as channel:
                stub = stubs.EchoServiceStub(channel)
                shown = ("authorization", f"Bearer {INNER}")
                assert await code_of(say(stub, shown)) is grpc.StatusCode.UNAVAILABLE


async def test_who_is_believed_no_more_is_let_go_and_all_others_notice_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.tls.credentials.LOOK_EVERY_S", 0.0)
    monkeypatch.setattr("shared.transport.options.CONNECTION_AGE_MS", 50)
    told = certificates(tmp_path, make_authority(NOW))
    told |= {"TOUCHPOINT_KEYS": str(keys_file(tmp_path))}
    async with serving(EchoServicer(), **told) as found:
        peer, channels = calling(found, **told)
        async with asyncio.timeout(10):
            for _ in range(100):  # over several connections
                await invoke(peer.Say, pb.SayRequest(text="x"), own_call(SAY), 2.0)
                await asyncio.sleep(0.002)
            (tmp_path / "authority.pem").write_bytes(make_authority(NOW).certificate)
            while await is_answered(peer):
                pass
        await channels.close()


async def is_answered(peer: Any) -> bool:
    try:
        await invoke(peer.Say, pb.SayRequest(text="x"), own_call(SAY), 0.3)
    except TouchpointError:
        return False
    return True


def certified_elsewhere(folder: Path, believed: Path) -> grpc.ChannelCredentials:
    folder.mkdir()
    certificates(folder, make_authority(NOW))
    return channel_credentials(believed, folder / "certificate.pem", folder / "key.pem")


async def test_a_renewed_certificate_is_served_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.tls.credentials.LOOK_EVERY_S", 0.0)
    first, second = make_authority(NOW), make_authority(NOW)
    told = certificates(tmp_path, first) | {"TOUCHPOINT_KEYS": str(keys_file(tmp_path))}
    del told["TOUCHPOINT_TLS_AUTHORITY"]
    shown = ("authorization", f"Bearer {INNER}")

    async def asked(found: Hosted, believed: Made) -> Any:
        credentials = grpc.ssl_channel_credentials(believed.certificate)
        options = [("grpc.use_local_subchannel_pool", 1)]
        async with grpc.aio.secure_channel(str(found.grpc), credentials, options) as channel:
            return await say(stubs.EchoServiceStub(channel), shown)

    async with serving(EchoServicer(), **told) as found:
        assert (await asked(found, first)).text == "x"
        certificates(tmp_path, second)
        assert (await asked(found, second)).text == "x"
        (tmp_path / "key.pem").write_text("half")  # what was read before goes on being served
        assert (await asked(found, second)).text == "x"


async def test_certificates_of_both_ends_are_renewed_while_they_call_and_no_call_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by another authority: at first both are believed, then the new one alone."""
    monkeypatch.setattr("shared.tls.credentials.LOOK_EVERY_S", 0.0)
    monkeypatch.setattr("shared.replicas.channel.RENEW_EVERY_S", 0.01)
    first, second = make_authority(NOW), make_authority(NOW)
    told = certificates(tmp_path, first) | {"TOUCHPOINT_KEYS": str(keys_file(tmp_path))}
    believed = tmp_path / "authority.pem"
    async with serving(EchoServicer(), **told) as found:
        peer, channels = calling(found, **told)
        channel = cast("ReplicaChannel", channels.to("rules", settings(ProfileSettings, **told)))

        async def until_renewed() -> None:
            before = channel.replicas
            while channel.replicas == before:
                await asyncio.gather(*(ask(peer) for _ in range(8)))

        await ask(peer)
        going_on = peer.Count(pb.CountRequest(up_to=2))
        assert (await going_on.read()).number == 0
        believed.write_bytes(first.certificate + second.certificate)
        await until_renewed()
        certificates(tmp_path, second)
        await until_renewed()
        believed.write_bytes(second.certificate)
        await until_renewed()
        await ask(peer)
        assert (await going_on.read()).number == 1  # by the connection that it began on
        (tmp_path / "key.pem").write_text("half")
        await ask(peer)
        await channels.close()


def test_what_is_called_by_changes_with_whole_pairs_only(tmp_path: Path) -> None:
    authority = make_authority(NOW)
    certificates(tmp_path, authority)
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    tls = ClientTls(certificate, key, tmp_path / "authority.pem")
    first = tls.credentials()
    assert not tls.has_changed()
    made = make_certificate(authority, ["rules"], NOW, days=1)
    certificate.write_bytes(made.certificate)
    assert not tls.has_changed()  # of the key before
    key.unlink()
    assert not tls.has_changed()
    assert tls.credentials() is first
    key.write_bytes(made.key)
    os.utime(key, ns=(0, 0))  # certainly another time than before
    assert tls.has_changed()
    assert tls.credentials() is not first
    assert not tls.has_changed()


async def ask(peer: Any) -> None:
    answer = await invoke(peer.Say, pb.SayRequest(text="x"), own_call(SAY), 5.0)
    assert answer.text == "x"


async def test_a_connection_by_tls_ends_after_some_minutes_and_no_call_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 1.1 * options.CONNECTION_AGE_MS + options.CONNECTION_GRACE_MS < 600_000
    monkeypatch.setattr(options, "CONNECTION_AGE_MS", 100)
    monkeypatch.setattr(options, "CONNECTION_GRACE_MS", 100)
    told = certificates(tmp_path, make_authority(NOW)) | {
        "TOUCHPOINT_KEYS": str(keys_file(tmp_path))
    }
    blocked = asyncio.Event()

    async def waiting(call: Any, request: Any) -> Any:
        if isinstance(request, pb.CountRequest):
            await blocked.wait()
        return pb.SayResponse(text="x")

    async with serving(EchoServicer(waiting), **told) as found:
        peer, channels = calling(found, **told)
        stream = peer.Count(pb.CountRequest(up_to=2))
        assert (await stream.read()).number == 0
        ending = asyncio.ensure_future(code_of(stream.read()))
        while not ending.done():
            await ask(peer)
        assert await ending is grpc.StatusCode.UNAVAILABLE
        blocked.set()
        await channels.close()


async def test_the_web_face_speaks_tls_with_the_same_files(tmp_path: Path) -> None:
    authority = make_authority(NOW)
    told = certificates(tmp_path, authority) | {"TOUCHPOINT_KEYS": str(keys_file(tmp_path))}
    del told["TOUCHPOINT_TLS_AUTHORITY"]
    context = ssl.create_default_context(cadata=authority.certificate.decode())
    shown = {"Authorization": f"Bearer {INNER}"}
    async with serving(EchoServicer(), http=True, **told) as found:
        assert found.http is not None
        async with httpx.AsyncClient(verify=context) as client:
            url = f"https://127.0.0.1:{found.http.port}"
            assert (await client.get(f"{url}/healthz")).status_code == 200
            refused = await client.post(url + SAY, json={"text": "x"})
            assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
            shown = {"Authorization": f"Bearer {KEY}"}
            answer = await client.post(url + SAY, json={"text": "x"}, headers=shown)
            assert answer.json()["text"] == "x"


HERE = ["127.0.0.1:7480", "[::1]:7480", "LOCALHOST", "shop.localhost:80"]
REBOUND = ["127.0.0.1.nip.example", "localhost.example:7480", "rebound.example", "evillocalhost"]


async def test_an_open_service_answers_no_page_whose_name_was_led_to_this_machine() -> None:
    answered = {}
    async with serving(EchoServicer(), http=True) as found, httpx.AsyncClient() as client:
        for host in (*HERE, *REBOUND):
            asked = {"json": {"text": "x"}, "headers": {"Host": host}}
            answer = await client.post(f"http://{found.http}{SAY}", **asked)
            answered[host] = answer.status_code
        assert answer.json()["details"][0]["debug"]["reason"] == "HOST"
    assert answered == dict.fromkeys(HERE, 200) | dict.fromkeys(REBOUND, 403)


async def test_a_closed_service_is_reached_by_any_name_and_tells_strangers_no_address(
    tmp_path: Path,
) -> None:
    async def away() -> None:
        raise OSError("connect to postgres.internal 10.0.0.5 failed")

    told = {"TOUCHPOINT_KEYS": str(keys_file(tmp_path))}
    shown = {"Host": "shop.example", "Authorization": f"Bearer {KEY}"}
    serves = serving(EchoServicer(), http=True, watched={"lag": away}, **told)
    async with serves as found, httpx.AsyncClient() as client:
        answer = await client.post(f"http://{found.http}{SAY}", json={"text": "x"}, headers=shown)
        ready = await client.get(f"http://{found.http}/readyz")
    assert answer.status_code == 200
    assert (ready.status_code, ready.json()["lag"]) == (200, "fails")


async def test_who_does_not_begin_tls_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_server, "HANDSHAKE_S", 0.05)
    told = certificates(tmp_path, make_authority(NOW)) | {
        "TOUCHPOINT_KEYS": str(keys_file(tmp_path))
    }
    async with serving(EchoServicer(), http=True, **told) as found:
        assert found.http is not None
        for said in (b"", b"\x16\x03\x01\x02\x00\x01"):
            reader, writer = await asyncio.open_connection("127.0.0.1", found.http.port)
            writer.write(said)
            async with asyncio.timeout(10):  # the loop's own patience is a minute
                assert await reader.read() == b""
            writer.close()


async def test_a_certificate_that_cannot_be_used_is_refused_at_the_start(tmp_path: Path) -> None:
    told = certificates(tmp_path, make_authority(NOW))
    (tmp_path / "key.pem").write_bytes(make_authority(NOW).key)
    with pytest.raises(ConfigError, match="TOUCHPOINT_TLS_CERTIFICATE"):
        async with serving(EchoServicer(), **told):
            pass
