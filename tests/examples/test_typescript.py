"""The shop in TypeScript: its pages hold offers, and never wait for them."""

from __future__ import annotations

import html
import os
import re
import subprocess
from contextlib import contextmanager

import httpx
import pytest

from tests.examples.busy import busy
from touchpoint.client import Touchpoint

PATIENT = {"TIMEOUT_MS": "5000"}


@contextmanager
def shop_open(program, url, **settings):
    """The shop's address, for a browser that keeps cookies."""
    told = {**os.environ, **PATIENT, "PORT": "0", "TOUCHPOINT_URL": url, **settings}
    with subprocess.Popen(program, env=told, stdout=subprocess.PIPE, text=True) as running:
        try:
            with httpx.Client(base_url=running.stdout.readline().strip(), timeout=30) as browser:
                yield browser
        finally:
            running.terminate()


def told_of(browser, suite):
    """Types of what the edge knows of this visitor, latest first."""
    with Touchpoint(suite.edge, timeout_s=5) as touchpoint:
        view = touchpoint.view(f"visitor:{browser.cookies['visitor']}")
    return [event.type for event in view.recent]


def until_told(browser, suite, kind):
    for _ in range(500):
        if kind in told_of(browser, suite):
            return
    raise AssertionError(f"no {kind} among {told_of(browser, suite)}")


def test_a_visit_is_seen_from_the_first_page_to_the_order(typescript, suite):
    with shop_open(typescript, f"http://{suite.web}") as browser:
        page = browser.get("/").text
        link = re.search(r'href="(/items/\w+\?[^"]*)"', page)[1]
        until_told(browser, suite, "impression")
        assert "Buy" in browser.get(html.unescape(link)).text
        until_told(browser, suite, "view")
        until_told(browser, suite, "click")
        assert "Thank you" in browser.post("/items/lamp/buy").text
        until_told(browser, suite, "purchase")


def test_the_page_shows_its_own_default_where_the_edge_is_away(typescript):
    with shop_open(typescript, "http://127.0.0.1:9") as browser:
        page = browser.get("/")
    assert page.status_code == 200
    assert "Free returns" in page.text


def test_what_is_refused_is_asked_again_when_the_edge_says(typescript):
    with busy(refusals=1) as edge:
        with shop_open(typescript, edge.url) as browser:
            browser.post("/sign-in/c-1")
        assert len(edge.asked["Recommend"]) == 2
        first, second = edge.asked["Track"]
    assert first == second


def test_what_is_refused_longer_than_the_page_may_take_is_left(typescript):
    with busy(refusals=100) as edge:
        with shop_open(typescript, edge.url, TIMEOUT_MS="15") as browser:
            assert "Free returns" in browser.get("/").text
        assert len(edge.asked.get("Recommend", [])) <= 1


@pytest.mark.parametrize("address", ["/nowhere", "/items/%", "/items/lamp/sell"])
def test_an_address_that_is_nothing_is_no_crash(typescript, address):
    with shop_open(typescript, "http://127.0.0.1:9") as browser:
        assert browser.get(address).status_code == 404
        assert browser.get("/").status_code == 200
