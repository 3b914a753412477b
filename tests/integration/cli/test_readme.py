"""What the README tells people to type works as it stands there, but for the address."""

from __future__ import annotations

import contextlib
import http
import io
import json
import re
import shlex
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from google.protobuf.json_format import Parse

from cli.suite.home import Home
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest

ATTEMPTS = 20
ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.processes


@pytest.fixture
def endpoints(shop):
    return Home(shop.home).endpoints()


def block(language: str, containing: str, readme: str = "README.md") -> str:
    """The one block of code in that language that contains this."""
    text = (ROOT / readme).read_text()
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    (found,) = [code for said, code in blocks if said == language and containing in code]
    return found


def test_the_call_over_http_is_answered(endpoints):
    words = shlex.split(block("", "curl -s").replace("127.0.0.1:7480", endpoints.web))
    headers = dict(words[at + 1].split(": ") for at, word in enumerate(words) if word == "-H")
    body = words[words.index("-d") + 1].encode()
    request = urllib.request.Request(words[2], body, headers)
    assert answered(request)["placements"][0]["placement"] == "web.home.banner"


def answered(request):
    """Return an answer in time; a machine that stalls passes the deadline of 100 ms."""
    for _ in range(ATTEMPTS):
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code != http.HTTPStatus.GATEWAY_TIMEOUT:
                raise
    raise AssertionError(f"no answer in time, {ATTEMPTS} times")


@pytest.mark.parametrize("readme", ["README.md", "client/README.md"])
def test_the_call_from_python_shows_an_offer(endpoints, readme):
    code = block("python", 'with Touchpoint("127.0.0.1:7400")', readme)
    code = code.replace("127.0.0.1:7400", endpoints.edge)
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(compile(code, readme, "exec"), {})
    assert shown.getvalue().strip()


def test_the_call_by_grpcurl_is_a_request_of_the_edge():
    words = shlex.split(block("", "grpcurl"))
    request = Parse(words[words.index("-d") + 1], RecommendRequest())
    assert request.placements[0].placement == "web.home.banner"
    assert words[-1] == "touchpoint.aggregator.v1.AggregatorService/Recommend"
