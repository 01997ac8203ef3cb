"""The entry point: answers ``--version`` before importing anything heavy, then runs the command line."""

from __future__ import annotations

import errno
import os
import sys

from zoomcall import __version__


def main() -> None:
    """Run the command line in ``sys.argv`` and exit with its exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        try:
            print(f"zoomcall {__version__}", flush=True)  # noqa: T201 - the whole answer
        except BrokenPipeError:
            sys.stdout = None  # nothing is left to flush at exit
            sys.exit(141)
        except OSError as error:
            sys.stdout = None
            sys.exit(f"error: the answer cannot be written: {error.strerror or error}")
        sys.exit(0)
    try:
        from zoomcall.cli.main import run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        status = 130
    except (ImportError, MemoryError, OSError) as error:
        status = _starved(error)
    sys.exit(status)


def _starved(error: Exception) -> int:
    """Say that the system has no files or memory even to start; raise any other error again."""
    limits = {errno.EMFILE: "ulimit -n", errno.ENFILE: "ulimit -n", errno.ENOMEM: "ulimit -v"}
    code = errno.ENOMEM if isinstance(error, MemoryError) else getattr(error, "errno", None)
    if isinstance(error, ImportError):
        code = next((each for each in limits if os.strerror(each) in str(error)), None)
    if code not in limits:
        raise error
    os.write(2, f"error: zoomcall cannot start: {os.strerror(code)} (raise the limit: {limits[code]})\n".encode())
    return 3


if __name__ == "__main__":
    main()
