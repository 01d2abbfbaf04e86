"""The command ``microgen``, built from the table of operations."""

import json
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

OK, BROKEN, BAD_INPUT, CANCELLED = 0, 1, 2, 130


def main(words: Sequence[str] | None = None) -> int:
    """Run ``microgen`` and return its exit status.

    0 on success, 2 on bad input with one line on standard error, 130 when stopped,
    1 on a defect of the program.
    """
    from .messages import Messages

    words = list(sys.argv[1:] if words is None else words)
    said = Messages(as_json="--progress-json" in words, quiet="--quiet" in words or not _leads())
    return _guarded(lambda: _run(words, said), said, debug="--debug" in words)


def _run(words: list[str], said: Any) -> int:
    from .parser import command_of, overview

    if not words or words[0] in ("-h", "--help"):
        sys.stdout.write(overview() + "\n")
        return OK
    if words[0] == "--version":
        from .. import __version__

        sys.stdout.write(f"microgen {__version__}\n")
        return OK
    if words[0] == "replay":
        from .replay import replay_command

        return _report(*replay_command(words[1:], said))
    operation, rest = command_of(words)
    from .execution import execute
    from .parser import build, first_input

    parser, description = build(operation)
    options = parser.parse_args(rest)
    files = first_input(description, options)
    if len(files) == 1 and not getattr(options, "scheduler", None):
        return _report(execute(operation, description, options, said), options.json)
    from .many import SomeFilesFailedError, execute_many

    try:
        return _report(execute_many(operation, description, options, said), options.json)
    except SomeFilesFailedError as error:
        _report(error.content, options.json)
        raise


def _leads() -> bool:
    """Return False in all but the first of several processes that train together (``torchrun``)."""
    return os.environ.get("RANK", "0") == "0" or "WORLD_SIZE" not in os.environ


def _report(content: dict[str, Any], as_json: bool) -> int:
    from .execution import summary

    if not _leads():
        return OK
    text = json.dumps(content, allow_nan=False) if as_json else summary(content)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
    return OK


def _guarded(work: Callable[[], int], said: Any, *, debug: bool) -> int:
    from ..errors import MicrogenError
    from .messages import CancelledError

    signal.signal(signal.SIGTERM, lambda *_: _stop(said))
    warnings.showwarning = lambda message, *_rest, **_more: said.warning(str(message))
    try:
        return work()
    except (CancelledError, KeyboardInterrupt) as stop:
        said.error(stop, str(stop) or "Stopped on request; nothing was written.")
        return CANCELLED
    except MicrogenError as error:
        if debug:
            raise
        said.error(error)
        return BAD_INPUT
    except BrokenPipeError:
        return OK
    except MemoryError as error:
        said.error(
            error, "There is not enough memory for this. Crop or downsample first, or close other programs."
        )
        return BAD_INPUT
    except Exception as error:
        if debug:
            raise
        said.error(
            error,
            f"A defect in microgen: {type(error).__name__}: {error}. Run again with --debug to see where.",
        )
        return BROKEN


def _stop(said: Any) -> None:
    """Interrupt the work now; and at its next tick, if the interruption fell into code that swallows it."""
    said.asked_to_stop = True
    raise KeyboardInterrupt("Stopped on request; nothing was written.")
