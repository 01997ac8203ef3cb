"""Runs the program again and again in forks of one process that has the interposing library loaded.

A fork starts in milliseconds, and the fault is armed after the interpreter and the program's modules are there, so
that only the program's own system calls are counted. A job is a connection to a socket, one JSON line there and one
back; each is served by a fork that waits for those of the program. The zygote ends when its stdin does.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn


def main() -> None:
    """Serve jobs at the socket that the command line names, until stdin ends."""
    _warm_up()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who serve a job
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[1])
        listener.listen(100)
        while listener in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    listener.close()
                    _serve(connection)


def _serve(connection: socket.socket) -> NoReturn:
    with connection.makefile("rw") as lines:
        job = json.loads(lines.readline())
        lines.write(json.dumps(_run(job)) + "\n")
    os._exit(0)


def _warm_up() -> None:
    """Import everything that commands use, so that a fork needs no module of its own, nor copies its garbage."""
    import jwt  # noqa: F401
    import secretstorage  # noqa: F401

    import zoomcall

    for module in pkgutil.walk_packages(zoomcall.__path__, "zoomcall."):
        if not module.name.startswith("zoomcall.emulator"):
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def _run(job: dict[str, Any]) -> list[dict[str, Any]]:
    """Run the job's commands at once, a fork each."""
    began = time.monotonic()
    children = []
    for arguments, (stdout, stderr) in zip(job["commands"], job["outputs"], strict=True):
        child = os.fork()
        if child == 0:
            _become(job, arguments, stdout, stderr)
        children.append(child)
    return [_await(child, began, job["limit"]) for child in children]


def _await(child: int, began: float, limit: float) -> dict[str, Any]:
    watch = os.pidfd_open(child)
    ended = bool(select.select([watch], [], [], max(0, began + limit - time.monotonic()))[0])
    os.close(watch)
    if not ended:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    seconds = round(time.monotonic() - began, 2)
    return {"code": os.waitstatus_to_exitcode(status), "seconds": seconds, "is_late": not ended}


def _become(job: dict[str, Any], arguments: list[str], stdout: str, stderr: str) -> NoReturn:
    """Turn this fork into the program; never returns."""
    for target, path in ((0, job["stdin"]), (1, stdout), (2, stderr)):
        flags = os.O_RDONLY if target == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        fd = os.open(path, flags, 0o600)
        os.dup2(fd, target)
        os.close(fd)
    Path(job["pid"]).write_text(str(os.getpid()))
    os.environ.clear()
    os.environ.update(job["environ"])
    sys.argv = ["zoomcall", *arguments]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    library = ctypes.CDLL(None)
    text = ctypes.create_string_buffer(1000)
    arm = job["arm"]
    library.torture_arm(
        job["root"].encode(), arm["kind"].encode(), ctypes.c_long(arm["number"]), arm["error"], arm["mode"]
    )
    code = _main()
    library.torture_counts(text, 1000)
    Path(job["counts"]).write_bytes(text.value)
    os._exit(code)


def _main() -> int:
    """Run the program and end it as the interpreter does, save for tearing down a copy of all its modules."""
    from zoomcall.__main__ import main as run

    code = 0
    try:
        run()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        code = 1
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # what follows is the harness's own
    threading._shutdown()  # type: ignore[attr-defined] # waits for threads, as the interpreter does
    atexit._run_exitfuncs()
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except OSError:
        code = 120
    return code


if __name__ == "__main__":
    main()
