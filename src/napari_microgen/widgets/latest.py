"""Short work off the window's thread, of which only the newest result counts."""

import contextlib
import threading
from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject, Signal


class Latest(QObject):
    """Do a piece of work in a thread; a newer piece replaces one that waits, what is outdated is dropped.

    Meant for reading a table or a card after each change of a form: work that takes some
    milliseconds, or seconds from a slow disk, and need not be stopped.
    """

    done = Signal(object)
    """The result."""
    failed = Signal(object)
    """The exception."""
    _came = Signal(int, bool, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._newest = 0
        self._waiting: tuple[int, Callable[[], Any]] | None = None
        self._thread: threading.Thread | None = None
        self._came.connect(self._take)

    @property
    def busy(self) -> bool:
        """Whether a result is still to come."""
        with self._lock:
            return self._thread is not None

    def run(self, work: Callable[[], Any]) -> None:
        """Do this next, and nothing that was asked before."""
        with self._lock:
            self._newest += 1
            self._waiting = (self._newest, work)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True, name="microgen latest")
                self._thread.start()

    def forget(self) -> None:
        """Drop what was asked; nobody is called any more."""
        with self._lock:
            self._newest += 1
            self._waiting = None

    def join(self, seconds: float) -> None:
        """Wait for the thread."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _work(self) -> None:
        while True:
            with self._lock:
                job, self._waiting = self._waiting, None
                if job is None:
                    self._thread = None
                    return
            number, work = job
            outcome: Any
            try:
                outcome, fine = work(), True
            except Exception as error:  # told to whoever asked
                outcome, fine = error, False
            with contextlib.suppress(RuntimeError):  # the window has gone meanwhile
                self._came.emit(number, fine, outcome)

    def _take(self, number: int, fine: bool, outcome: Any) -> None:
        if number == self._newest:
            (self.done if fine else self.failed).emit(outcome)
