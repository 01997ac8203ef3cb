"""The entry point: answers ``--version`` before importing anything heavy, then runs the command line."""

from __future__ import annotations

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
    sys.exit(status)


if __name__ == "__main__":
    main()
