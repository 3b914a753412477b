"""Fuzzes rpcs of a suite, so many requests each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import hypothesis
from google.protobuf.message import Message
from hypothesis import Phase, given
from hypothesis import strategies as st

from tests.fuzzing.messages import requests
from tests.fuzzing.methods import Method
from tests.fuzzing.sending import Sender
from tests.fuzzing.wire import spoilt


def fuzzed(
    sender: Sender,
    methods: Sequence[Method],
    known: Mapping[str, Sequence[Message]],
    count: int,
    seed: int,
    tell: Callable[[Method], None] = lambda _: None,
) -> None:
    """Send each rpc its part of so many requests; the sender keeps what came of them."""
    for method in methods:
        good = known.get(method.request.full_name, ())
        drawn = spoilt(method.request, requests(method.request, good))
        _fuzzed(sender, method, drawn, -(-count // len(methods)), seed)
        tell(method)


def _fuzzed(
    sender: Sender, method: Method, drawn: st.SearchStrategy[bytes], count: int, seed: int
) -> None:
    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @given(drawn)
    def send(data: bytes) -> None:
        sender.send(method, data)

    send()
