"""One running job: a generator in a worker thread, its progress, its result, its Cancel.

Light operations are the generator itself; heavy ones are a generator that drives a child
process (`child.run_child`). Either way a tick is a chance to stop, and no error is lost.
"""

import atexit
import platform
import threading
import time
import traceback
import warnings
import weakref
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QObject, Signal

from ..errors import MicrogenError
from ..progress import Steps
from ..recipe import installed_versions

TICK = 0.1
"""Seconds between ticks that reach the window."""
LAST_WAIT = 2.0
"""Seconds a closing window waits for its job."""


@dataclass(frozen=True)
class _Failure:
    error: BaseException
    report: str


_CANCELLED = object()


class Job(QObject):
    """Run a generator of `Progress` off the window's thread.

    Exactly one of ``done``, ``failed`` and ``cancelled`` is emitted, then ``ended``.
    """

    ticked = Signal(object)
    """A `Progress`; curve points are never dropped, plain ticks come at most ten a second."""
    noted = Signal(str)
    """A warning of the operation."""
    done = Signal(object)
    """The result."""
    failed = Signal(str, str)
    """One line for the dock, and the report to copy."""
    cancelled = Signal()
    ended = Signal()
    _over = Signal()

    def __init__(self, steps: Steps[Any], title: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.title = title
        self._steps = steps
        self._stop = threading.Event()
        self._finished = threading.Event()
        self._thread: threading.Thread | None = None
        self._outcome: Any = _CANCELLED
        self._silent = False
        self.failure: BaseException | None = None
        self.destroyed.connect(self._stop.set)  # a job whose dock is gone stops
        self._over.connect(self._finish)

    def start(self) -> None:
        """Start the thread; the generator's first step runs in it.

        A thread of Python, not of Qt: one that outlives its window may find its signals deleted, which in a
        ``QRunnable`` ends the program, and here ends the thread.
        """
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"microgen {self.title}")
        _RUNNING.add(self)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the result is still to come."""
        return self._thread is not None and not self._finished.is_set()

    @property
    def cancelling(self) -> bool:
        """Whether Cancel was pressed."""
        return self._stop.is_set()

    def cancel(self) -> None:
        """Stop at the next tick; a result that comes all the same is dropped."""
        self._stop.set()

    def abandon(self) -> None:
        """Stop, wait a moment, and never call anybody again (the window is closing)."""
        self._silent = True
        self._stop.set()
        if self._thread is not None:
            self._finished.wait(LAST_WAIT)

    def _run(self) -> None:
        """Do the work, then tell the window's thread, if there is still one."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("always")
                warnings.showwarning = lambda message, *_, **__: self._tell("noted", str(message))
                self._work()
        finally:
            self._finished.set()
            self._tell("_over")

    def _work(self) -> None:
        """Step the work and keep its outcome."""
        sent = 0.0
        try:
            while not self._stop.is_set():
                tick = next(self._steps)
                now = time.monotonic()
                if (tick.values or now - sent >= TICK) and not self._stop.is_set():
                    sent = now
                    self._tell("ticked", tick)
        except StopIteration as end:
            self._outcome = end.value
        except BaseException as error:
            self._outcome = _Failure(error, report_of(error, self.title))
        finally:
            self._steps.close()  # its `finally` runs here and now: no temporary file stays

    def _tell(self, signal: str, *content: Any) -> None:
        """Send to the window's thread; a window that is gone ends the work."""
        if self._silent:
            return
        try:
            getattr(self, signal).emit(*content)
        except RuntimeError:
            self._stop.set()

    def _finish(self) -> None:
        if self._silent:
            return
        outcome, self._outcome = self._outcome, _CANCELLED
        if outcome is _CANCELLED or self.cancelling:
            self.cancelled.emit()
        elif isinstance(outcome, _Failure):
            self.failure = outcome.error
            self.failed.emit(first_line(outcome.error), outcome.report)
        else:
            self.done.emit(outcome)
        self.ended.emit()


_RUNNING: "weakref.WeakSet[Job]" = weakref.WeakSet()


@atexit.register
def _stop_all() -> None:
    """Give jobs that are still running a moment to clean up when the program ends."""
    jobs = [job for job in _RUNNING if job.running]
    for job in jobs:
        job.cancel()
    until = time.monotonic() + LAST_WAIT
    for job in jobs:
        job._finished.wait(max(0.0, until - time.monotonic()))


def first_line(error: BaseException) -> str:
    """Return what the dock shows of an error: the message, and its kind where that is not ours."""
    text = str(error) or "no message"
    return text if isinstance(error, MicrogenError) else f"{type(error).__name__}: {text}"


def report_of(error: BaseException, title: str) -> str:
    """Return what a user can copy into a bug report."""
    versions = ", ".join(f"{name} {version}" for name, version in installed_versions().items())
    trace = "".join(traceback.format_exception(error))
    return f"{title}\n{first_line(error)}\n\n{versions}\n{platform.platform()}\n\n{trace}"
