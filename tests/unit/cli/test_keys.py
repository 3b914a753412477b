"""`touchpoint keys`: what is made, kept, shown and refused."""

import json
import ssl
import stat

import pytest
import yaml
from typer.testing import CliRunner

from cli.channels import key_to_show
from cli.main import app
from cli.suite.home import Home
from shared.callers.bearer import service_bearer
from shared.callers.book import read_book
from shared.callers.keys import id_of, matches
from touchpoint.common.v1.vocabulary_pb2 import Channel


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.delenv("TOUCHPOINT_KEYS", raising=False)

    def keys(*words, code=0):
        told = CliRunner().invoke(app, ["keys", *words, "--home", str(tmp_path)])
        assert told.exit_code == code, told.output
        return told.output

    return keys


def test_a_key_is_shown_once_and_kept_as_a_hash(run, tmp_path):
    made = json.loads(run("new", "shop", "--scope", "offers:read", "--json"))
    file = tmp_path / "keys.yaml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert made["key"] not in file.read_text()
    holder = read_book(file).holders[id_of(made["key"])]
    assert (holder.name, holder.ends_s) == ("shop", None)
    assert matches(made["key"], holder.hash)
    assert holder.profile.grants.allow("offers:read")
    assert made["key"] not in run("list")


def test_a_key_of_a_page_may_what_a_page_needs_and_names_its_place(run, tmp_path):
    run("new", "page", "--browser", "--channel", "APP", "--placement", "web.home.banner")
    (holder,) = read_book(tmp_path / "keys.yaml").holders.values()
    profile = holder.profile
    assert (profile.is_browser, profile.channel) == (True, Channel.APP)
    assert profile.placement == "web.home.banner"
    assert profile.grants.allow("events:write", Channel.APP)
    assert not profile.grants.allow("events:write", Channel.WEB)


def test_a_revoked_key_stays_in_the_list_and_ends(run, tmp_path):
    made = json.loads(run("new", "shop", "--scope", "*", "--json"))
    run("revoke", made["id"])
    assert "revoked" in run("list")
    assert read_book(tmp_path / "keys.yaml").holders[made["id"]].ends_s is not None


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["new", "shop"], 2, "--scope"),
        (["new", "shop", "--scope", "offers:steal"], 1, "no scope"),
        (["new", "page", "--browser", "--scope", "customers:read"], 1, "not for browsers"),
        (["new", "cli", "--scope", "*"], 1, "one of our own services"),
        (["new", "shop", "--scope", "*", "--channel", "TELEX"], 2, "--channel"),
        (["revoke", "000000"], 1, "no key 000000"),
    ],
)
def test_what_cannot_be_is_refused_and_writes_nothing(run, tmp_path, words, code, sentence):
    assert sentence in run(*words, code=code).replace("\n", " ")
    assert not (tmp_path / "keys.yaml").exists()


def test_what_people_wrote_into_the_file_is_kept(run, tmp_path):
    issuers = [
        {
            "issuer": "https://shop.example",
            "audience": "touchpoint",
            "for": "customers",
            "keys": [{"kid": "1", "algorithm": "HS256", "key": "s" * 32}],
        }
    ]
    file = tmp_path / "keys.yaml"
    file.write_text(yaml.safe_dump({"issuers": issuers}))
    file.chmod(0o640)
    run("new", "shop", "--scope", "offers:read")
    assert yaml.safe_load(file.read_text())["issuers"] == issuers
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_file_that_is_wrong_is_told_and_left_alone(run, tmp_path):
    file = tmp_path / "keys.yaml"
    file.write_text("callers: [{name: shop}]")
    assert "hash must be a text" in run("list", code=1).replace("\n", " ")
    run("new", "page", "--scope", "*", code=1)
    assert file.read_text() == "callers: [{name: shop}]"


def test_a_certificate_is_made_out_to_the_names_and_its_authority_stays_the_same(tmp_path):
    folder = tmp_path / "callers"

    def make():
        words = ["keys", "certificate", str(folder), "--name", "profile", "--name", "10.0.0.7"]
        told = CliRunner().invoke(app, words)
        assert told.exit_code == 0, told.output

    make()
    authority = (folder / "authority.pem").read_bytes()
    first = (folder / "certificate.pem").read_bytes()
    make()
    assert (folder / "authority.pem").read_bytes() == authority
    assert (folder / "certificate.pem").read_bytes() != first
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    # What every service is handed holds nothing to sign further certificates with.
    assert {file.name for file in folder.iterdir()} == {
        "authority.pem",
        "certificate.pem",
        "key.pem",
    }
    assert stat.S_IMODE((tmp_path / "callers.authority.key.pem").stat().st_mode) == 0o600


KEY = "ab" * 32
OURS = service_bearer(bytes.fromhex(KEY))


@pytest.mark.parametrize(
    ("address", "environ", "shown"),
    [
        ("127.0.0.1:7400", {}, ""),
        ("127.0.0.1:7400", {"TOUCHPOINT_DEPLOYMENT_KEY": KEY}, OURS),
        ("edge.example:7400", {"TOUCHPOINT_DEPLOYMENT_KEY": KEY}, ""),
        ("edge.example:7400", {"TOUCHPOINT_KEY": "tpk_a_b"}, "tpk_a_b"),
        ("127.0.0.1:7400", {"TOUCHPOINT_KEY": "k", "TOUCHPOINT_DEPLOYMENT_KEY": KEY}, "k"),
    ],
)
def test_our_own_secret_is_shown_on_this_machine_only_unless_by_tls(
    tmp_path, address, environ, shown
):
    assert key_to_show(Home(tmp_path), address, environ) == shown


def test_a_home_with_keys_has_the_secret_that_its_services_know(tmp_path):
    home = Home(tmp_path)
    home.prepare()
    (tmp_path / "keys.yaml").write_text("callers: []")
    expected = service_bearer(bytes.fromhex(home.deployment_key()))
    assert key_to_show(home, "127.0.0.1:7400", {}) == expected
