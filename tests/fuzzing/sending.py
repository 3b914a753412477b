"""Sends bytes to an rpc of a running suite, and says what must not have come of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc

from tests.fuzzing.examples import TRUSTED
from tests.fuzzing.methods import Method

ANSWER_S = 5.0
"""For one answer; the edge takes no more than a second for any."""
STREAM_S = 0.15
"""Some streams never end."""
MESSAGES = 3
"""Of a stream are read, then it is left."""
DEFECTS = frozenset({grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS})
"""What no request may lead to, whatever is in it."""
_UNEXPECTED = "rpc_failed_unexpectedly"


@dataclass(frozen=True, slots=True)
class Defect:
    """A request was answered as none may be."""

    method: str
    told: str
    request: bytes

    def __str__(self) -> str:
        return f"{self.method}: {self.told}, asked {self.request!r}"


class Sender:
    """Ways to every service of a suite; counts how its answers ended, and keeps what is wrong."""

    def __init__(self, targets: Mapping[str, Sequence[str]]) -> None:
        self._channels = {
            name: grpc.insecure_channel(addresses[0]) for name, addresses in targets.items()
        }
        self.codes: Counter[str] = Counter()
        self.taken: Counter[str] = Counter()
        """By rpc, what was answered OK."""
        self.defects: dict[str, Defect] = {}
        """By rpc."""

    def close(self) -> None:
        for channel in self._channels.values():
            channel.close()

    def send(self, method: Method, data: bytes) -> None:
        """Call an rpc and note how that ended."""
        try:
            self._call(method, data)
        except grpc.RpcError as error:
            code = error.code()
            if code in DEFECTS:
                self._note(Defect(str(method), f"{code.name} {error.details()}", data))
        else:
            code = grpc.StatusCode.OK
            self.taken[str(method)] += 1
        self.codes[code.name] += 1

    def _note(self, defect: Defect) -> None:
        """Keep the smallest request that fails of each rpc."""
        known = self.defects.get(defect.method)
        if known is None or len(defect.request) < len(known.request):
            self.defects[defect.method] = defect

    def _call(self, method: Method, data: bytes) -> None:
        channel = self._channels[method.service]
        if not method.is_stream:
            channel.unary_unary(method.path)(data, timeout=ANSWER_S, metadata=TRUSTED)
            return
        stream = channel.unary_stream(method.path)(data, timeout=STREAM_S, metadata=TRUSTED)
        try:
            for number, _ in enumerate(stream, 1):
                if number == MESSAGES:
                    break
        finally:
            stream.cancel()


class Logs:
    """What a suite has written down since a moment."""

    def __init__(self, folder: Path) -> None:
        self._read = {file: file.stat().st_size for file in folder.glob("*.log")}

    def unexpected(self) -> list[str]:
        """Return each place that something was raised from which nobody had thought of."""
        found: Counter[str] = Counter()
        for file, begun in self._read.items():
            with file.open("rb") as lines:
                lines.seek(begun)
                for line in lines:
                    if _UNEXPECTED.encode() in line or b"Traceback" in line:
                        found[_told(line)] += 1
        return [f"{count} x {what}" for what, count in found.most_common()]


def _told(line: bytes) -> str:
    text = line.decode("utf-8", "replace").strip()
    try:
        entry = json.loads(text)
    except json.JSONDecodeError:
        return text
    return f"{entry.get('method')} {entry.get('exception')}"
