"""A heavy job as a child process that runs the command line: progress in, Cancel out.

The window never trains, samples or imports torch. A child is started at lower priority
with one core left to the window; it ends by itself when its standard input closes, so it
cannot outlive a window that dies.
"""

import base64
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

from .. import errors
from ..progress import Progress, Steps

TICK = 0.1
"""Seconds between messages that are passed on: at most ten a second."""
PATIENCE = (0.5, 0.2)
"""Seconds from Cancel to terminate, and from there to kill: well under one second together."""
NO_PATIENCE = (0.0, 0.1)
"""The same while a child is still starting: it has nothing to bring to an end."""
LOWEST, BRIEF = 10, 5
"""Niceness of a child that works for hours, and of one that works for seconds."""
PAUSED = {"paused": True}
"""Result of a child that stopped on request and kept its work."""
_END = object()


def command(arguments: Sequence[str]) -> list[str]:
    """Return the command line of a child process that runs ``microgen`` with these arguments."""
    front = [sys.executable, "-m", "napari_microgen.cli"]
    return [*front, *arguments, "--json", "--progress-json", "--watch-stdin"]


def child_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a child: all cores but one, UTF-8, nothing of a display needed."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = str(max(1, cores - 1))
    fixed = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), threads)
    return dict(os.environ) | fixed | {"PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"} | dict(extra or {})


def run_child(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    program: Sequence[str] = (),
    niceness: int = LOWEST,
    pause: threading.Event | None = None,
) -> Steps[dict[str, Any]]:
    """Run ``microgen`` in a child process and pass on its progress.

    Closing the generator cancels the child: "cancel" on its standard input, then
    terminate, then kill, in less than one second together.

    Parameters
    ----------
    arguments : sequence of str
        What follows ``microgen``, without ``--json``.
    environment : mapping, optional
        Variables set for the child beside those of `child_environment`.
    program : sequence of str, optional
        The whole command line, instead of ``microgen`` (for tests).
    niceness : int
        How far the child steps back where there is no idle core (Unix): `LOWEST` for training,
        `BRIEF` for what somebody is waiting for.
    pause : Event, optional
        Once set, the child is asked to stop and has all the time it needs to save its work.

    Yields
    ------
    Progress
        At most ten a second, and at least one; all curve points between two are kept
        in the order they came (``values`` of the last, ``earlier`` of the others).

    Returns
    -------
    dict
        The JSON object the child printed, or `PAUSED` if it stopped because of ``pause``.

    Raises
    ------
    MicrogenError
        The leaf the child named, or `JobError` if it ended without a result.
    """
    asked = False
    child = Child(list(program) or command(arguments), child_environment(environment), niceness)
    try:
        while True:
            ticks, ended = child.messages(TICK)
            if ticks:
                yield from _thin(ticks)
            elif not ended:
                yield Progress(0, None, "")
            if pause is not None and pause.is_set():
                if not asked:
                    child.say("cancel")
                asked = True
                if ended and child.error and child.error.get("type") == "CancelledError":
                    return dict(PAUSED)
            if ended:
                return child.result()
    finally:
        child.stop()


def _thin(ticks: list[Progress]) -> list[Progress]:
    """Keep what a curve needs: each tick with values, and the last of all."""
    kept = [t for t in ticks[:-1] if t.values]
    return [*kept[-200:], ticks[-1]]


class Child:
    """The process, its two reading threads, and what it has said so far."""

    def __init__(self, line: list[str], environment: Mapping[str, str], niceness: int) -> None:
        self.line = line
        self.error: dict[str, str] | None = None
        self.at_work = False
        self.warnings: list[str] = []
        self.stderr: deque[str] = deque(maxlen=200)
        self.stdout: list[str] = []
        self._queue: SimpleQueue[Any] = SimpleQueue()
        self._open_streams = 2
        hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0) if os.name == "nt" else 0
        self.process = subprocess.Popen(
            line,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            text=True,
            encoding="utf-8",
            errors="replace",
            bufsize=1,
            creationflags=hidden,
        )
        _lower_priority(self.process.pid, niceness)
        self._threads = [
            threading.Thread(target=self._pump, args=(name,), daemon=True, name=f"microgen child {name}")
            for name in ("stdout", "stderr")
        ]
        for thread in self._threads:
            thread.start()

    def _pump(self, name: str) -> None:
        with contextlib.suppress(ValueError, OSError):  # the stream was closed under us
            for text in getattr(self.process, name):
                self._queue.put((name, text))
        self._queue.put((name, _END))

    def messages(self, seconds: float) -> tuple[list[Progress], bool]:
        """Collect what comes within ``seconds``; return the ticks, and whether the child has ended."""
        ticks: list[Progress] = []
        for name, text in self.lines(seconds):
            if name == "stdout":
                self.stdout.append(text)
            else:
                tick = self._understand(text)
                ticks += [tick] if tick else []
        return ticks, self.ended

    def lines(self, seconds: float) -> Iterator[tuple[str, str]]:
        """Yield each line that comes within ``seconds``, with the name of its stream."""
        until = time.monotonic() + seconds
        while self._open_streams:
            try:
                name, text = self._queue.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                return
            if text is _END:
                self._open_streams -= 1
            else:
                yield name, text

    @property
    def ended(self) -> bool:
        """Whether nothing more can come."""
        return not self._open_streams

    def say(self, line: str) -> None:
        """Write a line to its standard input, if it still listens."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            self.process.stdin.write(f"{line}\n")
            self.process.stdin.flush()

    def _understand(self, text: str) -> Progress | None:
        try:
            message = json.loads(text)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            self.stderr.append(text)
            return None
        self.at_work = True
        if "progress" in message:
            return _progress(message["progress"])
        if "warning" in message:
            self.warnings.append(str(message["warning"]))
            return Progress(0, None, f"Note: {message['warning']}")
        if "error" in message:
            self.error = dict(message["error"])
        return None

    def result(self) -> dict[str, Any]:
        """Return what the ended child printed, or raise what it said.

        Raises
        ------
        MicrogenError
            See `run_child`.
        """
        code = self.process.wait()
        if code == 0:
            with contextlib.suppress(ValueError, IndexError):
                return dict(json.loads("".join(self.stdout))) | (
                    {"warnings": self.warnings} if self.warnings else {}
                )
        raise self.failure(code)

    def failure(self, code: int) -> errors.MicrogenError:
        """Return the error of a child that ended without a result."""
        if self.error:
            kind = getattr(errors, str(self.error.get("type")), None)
            leaf = (
                kind if isinstance(kind, type) and issubclass(kind, errors.MicrogenError) else errors.JobError
            )
            error = leaf(str(self.error.get("message") or "The job failed without a message."))
        else:
            last = "".join(self.stderr).strip().splitlines()[-1:]
            why = f": {last[0]}" if last else "."
            error = errors.JobError(f"The job ended without a result (exit status {code}){why}")
        error.add_note(f"Command: {subprocess.list2cmdline(self.line)}\nExit status: {code}")
        if self.stderr:
            error.add_note("What it wrote last:\n" + "".join(self.stderr).rstrip())
        return error

    def stop(self) -> None:
        """End the process within a second, whatever it does, and close its streams."""
        process = self.process
        if process.poll() is None:
            self.say("cancel")
            waits = PATIENCE if self.at_work else NO_PATIENCE
            for patience, end in zip(waits, (process.terminate, process.kill), strict=True):
                try:
                    process.wait(patience)
                    break
                except subprocess.TimeoutExpired:
                    end()
        process.wait()
        for thread in self._threads:
            thread.join(1.0)
        for stream in (process.stdin, process.stdout, process.stderr):
            with contextlib.suppress(OSError, ValueError):
                if stream is not None:
                    stream.close()


def _progress(entry: Mapping[str, Any]) -> Progress:
    return Progress(
        int(entry.get("step") or 0),
        entry.get("total"),
        str(entry.get("message") or ""),
        {str(k): float(v) for k, v in (entry.get("values") or {}).items()},
        _preview(entry.get("preview")),
    )


def _preview(entry: Mapping[str, Any] | None) -> np.ndarray | None:
    """Decode a small uint8 picture; one that does not fit its shape is left out."""
    if not entry:
        return None
    content = np.frombuffer(base64.b64decode(entry["data"]), np.uint8)
    rows, columns = entry["shape"]
    return content.reshape(rows, columns) if content.size == rows * columns else None


def _lower_priority(pid: int, niceness: int) -> None:
    import psutil

    with contextlib.suppress(psutil.Error, OSError):
        lower = getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", niceness)
        psutil.Process(pid).nice(lower)
