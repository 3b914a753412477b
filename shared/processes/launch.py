"""Becomes the given program, as the given user, and dies when its parent dies.

Run as a script in front of a program, because what it does (`prctl`, `unshare`, `setuid`) must
happen in the child itself, and doing it between fork and exec is unsafe in a process with threads.
Standard library only: it is started as `python -I -S launch.py ORDER PROGRAM ARGUMENT…`.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000

PYTHON: Sequence[str] = (sys.executable, "-I", "-S")
"""Isolated and without site-packages: these scripts need the standard library only."""
ENVIRONMENT: Mapping[str, str] = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
"""For engines, nothing of the user's: PGPORT, PGDATA and the like would change what we start."""
CANNOT_CHANGE_USER = 125
PARENT_IS_GONE = 124


def order(parent: int | str, death_signal: int, user: Mapping[str, Any] | None = None) -> str:
    """Write down what `launch` is to do, as its first argument.

    `parent` is the pid whose death ends the program by `death_signal` (Linux; ignored elsewhere).
    `user` is None, `{"uid", "gid"}`, or the same with `"namespace": true`: then the program only
    believes to be that user, inside a user namespace, and files stay those of the real one.
    """
    return json.dumps({"parent": parent, "death_signal": death_signal, "user": user})


def main() -> None:
    """Change user, tie the own life to the parent's, and become the program."""
    wanted = json.loads(sys.argv[1])
    program = sys.argv[2:]
    libc = ctypes.CDLL(None, use_errno=True)
    if wanted["user"] is not None:
        try:
            _change_user(libc, wanted["user"])
        except OSError as error:
            print(f"cannot run as another user: {error}", file=sys.stderr)
            sys.exit(CANNOT_CHANGE_USER)
    # After the change of user, which would clear it; before the check, which closes the race.
    if sys.platform == "linux":
        libc.prctl(PR_SET_PDEATHSIG, wanted["death_signal"], 0, 0, 0)
    if os.getppid() != int(wanted["parent"]):
        sys.exit(PARENT_IS_GONE)
    os.execv(program[0], program)  # noqa: S606 - a list, no shell


def _change_user(libc: ctypes.CDLL, user: Mapping[str, Any]) -> None:
    if user.get("namespace"):
        _enter_user_namespace(libc, user["uid"], user["gid"])
        return
    os.setgroups([])
    os.setgid(user["gid"])
    os.setuid(user["uid"])


def _enter_user_namespace(libc: ctypes.CDLL, uid: int, gid: int) -> None:
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    # os.unshare is Python 3.12+.
    if libc.unshare(CLONE_NEWUSER) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "user namespace")
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{uid} {outer_uid} 1")
    _write("/proc/self/gid_map", f"{gid} {outer_gid} 1")


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


if __name__ == "__main__":
    main()
