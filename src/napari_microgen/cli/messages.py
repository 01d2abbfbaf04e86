"""What ``microgen`` says while it works: a bar for people, or JSON lines for a window."""

import base64
import json
import sys
import threading
import time
from typing import Any, TextIO

from ..errors import MicrogenError
from ..progress import Progress

_INTERVAL = 0.1


class Messages:
    """Progress, warnings and errors on standard error."""

    def __init__(self, *, as_json: bool, quiet: bool, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.as_json = as_json
        self.quiet = quiet
        self.asked_to_stop = False
        self._last = 0.0
        self._bar = False

    def progress(self, tick: Progress) -> None:
        """Show one tick, at most ten a second; the last of a stage is always shown."""
        now = time.monotonic()
        final = tick.total is not None and tick.step >= tick.total
        if now - self._last < _INTERVAL and not final and tick.preview is None:
            return
        self._last = now
        if self.as_json:
            self._line({"progress": _as_json(tick)})
        elif not self.quiet and self.stream.isatty():
            share = f"{100 * tick.step / tick.total:3.0f} %" if tick.total else f"{tick.step}"
            values = "  ".join(f"{k} {v:.4g}" for k, v in tick.values.items())
            self.stream.write(f"\r\x1b[K{share}  {tick.message}  {values}")
            self.stream.flush()
            self._bar = True

    def warning(self, text: str) -> None:
        """Show a remark."""
        if self.as_json:
            self._line({"warning": text})
        elif not self.quiet:
            self._end_bar()
            self.stream.write(f"microgen: note: {text}\n")

    def error(self, error: BaseException, text: str | None = None) -> None:
        """Show one line that says what went wrong."""
        message = " ".join((text or str(error)).split())
        if self.as_json:
            self._line({"error": {"type": type(error).__name__, "message": message}})
            return
        self._end_bar()
        self.stream.write(f"microgen: error: {message}\n")
        self.stream.flush()

    def done(self) -> None:
        """Leave the line of the bar."""
        self._end_bar()

    def _end_bar(self) -> None:
        if self._bar:
            self.stream.write("\r\x1b[K")
            self._bar = False

    def _line(self, content: dict[str, Any]) -> None:
        self.stream.write(json.dumps(content) + "\n")
        self.stream.flush()


def _as_json(tick: Progress) -> dict[str, Any]:
    content: dict[str, Any] = {
        "step": tick.step,
        "total": tick.total,
        "message": tick.message,
        "values": tick.values,
    }
    if tick.preview is not None:
        data = base64.b64encode(tick.preview.astype("uint8").tobytes()).decode()
        content["preview"] = {"shape": list(tick.preview.shape), "data": data}
    return content


class CancelledError(MicrogenError, InterruptedError):
    """The user stopped the work."""


class StdinWatch:
    """Notices the line ``cancel``, or the end of standard input, in a thread of its own."""

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        for line in sys.stdin:
            if line.strip() == "cancel":
                break
        self.cancelled.set()
