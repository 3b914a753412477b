"""Computations in a child: what is told when it ends before it has found anything."""

import pytest

from shared.aside import run_aside
from shared.errors import Internal

NO_MEMORY = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


def hear(read):
    if not read.read():
        raise EOFError
    raise AssertionError("a child that dies says nothing")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (NO_MEMORY, "judging ended without a result: it was killed, .* no memory left"),
        ("raise SystemExit(1)", "judging ended without a result$"),
    ],
)
async def test_a_child_that_dies_is_told_by_what_it_did_and_what_to_do(
    tmp_path, monkeypatch, source, told
):
    (tmp_path / "dying.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(Internal, match=told) as failure:
        await run_aside("dying", lambda: b"", hear, what="judging")
    assert failure.value.reason == "JUDGING_FAILED"
