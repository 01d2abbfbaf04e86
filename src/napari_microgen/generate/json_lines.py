"""A process that stays loaded and talks with the window: one JSON object per line, each way."""

import json
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any

from ..errors import MicrogenError


def messages(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield what is said until there are no more lines, one is no message, or one says ``quit``.

    Examples
    --------
    >>> list(messages(['{"ask": 1}', '{"ask": 2}', '{"quit": true}', '{"ask": 3}']))
    [{'ask': 1}, {'ask': 2}]
    """
    for line in lines:
        try:
            message = json.loads(line)
        except ValueError:
            return
        if not isinstance(message, dict) or "quit" in message:
            return
        yield message


def say(out: IO[str], kind: str, content: dict[str, Any]) -> bool:
    """Write a message; return whether somebody still reads."""
    try:
        out.write(json.dumps({kind: content}) + "\n")
        out.flush()
    except (OSError, ValueError):
        return False
    return True


def told(error: MicrogenError) -> dict[str, Any]:
    """Return an error as it is sent."""
    return {"type": type(error).__name__, "message": str(error)}


def talk(hear: Callable[[Iterable[str]], None], work: Callable[[IO[str]], None]) -> int:
    """Work until standard input ends, and return the exit status.

    Parameters
    ----------
    hear : callable
        Takes note of the lines of standard input; it runs in a thread. When it returns the process ends.
    work : callable
        Answers on the stream it is given. An error it raises is the last answer.
    """
    out, sys.stdout = sys.stdout, sys.stderr  # nothing but answers on the way back

    def listen() -> None:
        try:
            hear(iter(sys.stdin.readline, ""))
        finally:
            os._exit(0)  # at once, also while loading or in the middle of an image: nobody is waiting

    threading.Thread(target=listen, daemon=True).start()
    try:
        work(out)
    except MicrogenError as error:
        say(out, "error", told(error))
        return 2
    return 0
