"""A child process that keeps a generator loaded and answers requests for images.

The window asks for conditions by key: a newer request for a key replaces the older one, so
a slider or a map can ask at every move and never has to wait for what is outdated.
"""

import atexit
import base64
import contextlib
import json
import sys
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from .child import BRIEF, TICK, Child, child_environment
from .jobs import first_line, report_of
from .settings import device, job_environment

LAST_WAIT = 2.0
"""Seconds a closing window waits for the process to end."""
MODULE = "napari_microgen.generate.serving"


@dataclass(frozen=True, eq=False)
class Answer:
    """Images that were asked for."""

    key: str
    """What they are for."""
    number: int
    """Number of the request, as `Sampler.ask` returned it."""
    images: np.ndarray
    """Shape (N, R, C), one per row of conditions."""
    evaluations: int | None
    """Evaluations of the network as asked for; None for as many as the method takes by itself."""
    seconds: float
    """Time it took to make them."""


class Sampler(QObject):
    """A loaded generator in a process of its own.

    Signals come at most ten a second. The process ends with `stop`, with this object, or with
    the window, whichever is first.

    Parameters
    ----------
    model : str
        A model folder, or ``builtin:NAME``.
    where : {"auto", "cpu", "cuda"}, optional
        Where it computes; what the machine's settings say if left out.
    """

    ready = Signal(object)
    """The model is loaded: a dict with ``method``, ``size``, ``evaluations`` (whether there is a choice),
    ``model_sha256`` and ``seconds``."""
    answered = Signal(object)
    """A list of `Answer`, in the order they came."""
    progressed = Signal(str, int, int)
    """Key, images done and images in all, of a request that takes long."""
    refused = Signal(str, int, str)
    """Key, number and reason of a request that cannot be met."""
    failed = Signal(str, str)
    """The process has ended by itself: one line for people, and the report to copy."""

    _numbers = count(1)

    def __init__(self, model: str, where: str | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.model, self.device = str(model), where or device()
        self.about: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._unsent: list[str] = []
        self._child: Child | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="microgen sampler")
        self.destroyed.connect(self._stop.set)
        _RUNNING.add(self)

    def start(self) -> None:
        """Start the process and load the model; requests may come at once."""
        self._environment = child_environment(job_environment())
        self._thread.start()

    @property
    def loaded(self) -> bool:
        """Whether the model is loaded."""
        return bool(self.about)

    @property
    def pid(self) -> int | None:
        """The process, once it has been started."""
        return self._child.process.pid if self._child is not None else None

    def ask(
        self,
        key: str,
        rows: Sequence[Mapping[str, Any]],
        *,
        seed: int = 0,
        numbers: Sequence[int] = (),
        evaluations: int | None = None,
        sampler: str | None = None,
        same_noise: bool = False,
        urgent: bool = False,
    ) -> int:
        """Ask for one image per row of conditions; an older request for this key is outdated.

        Parameters
        ----------
        key : str
            What they are for, such as ``live`` or the place in a map.
        rows : sequence of mapping
            Conditions by name, in the units of the model.
        seed : int
            Image n depends on the seed and on n alone, as in the command ``generate``.
        numbers : sequence of int
            Number of each image; its place among the rows if left out. Requests with numbers that
            are alike otherwise are answered together, a few at a time, which is quicker.
        evaluations : int, optional
            Evaluations of the network per image, for methods that have a choice.
        sampler : str, optional
            How edm goes from noise to image; see the command ``generate``.
        same_noise : bool
            Give all rows the same random numbers; such requests are answered together too.
        urgent : bool
            Goes before all others, and is finished once it is under way; for quick previews.

        Returns
        -------
        int
            The number that the answer will carry.

        Raises
        ------
        ValueError
            If there are no rows, the seed is negative, or there is not a number for each row.
        """
        if not rows or seed < 0 or len(numbers) not in (0, len(rows)) or min(numbers, default=0) < 0:
            raise ValueError("Ask for rows of conditions, with a seed, and a number for each row or none.")
        number = next(self._numbers)
        content = {
            "key": key,
            "number": number,
            "rows": [dict(row) for row in rows],
            "seed": seed,
            "numbers": list(numbers),
            "evaluations": evaluations,
            "sampler": sampler,
            "same_noise": same_noise,
            "urgent": urgent,
        }
        self._send({"ask": content})
        return number

    def drop(self, *keys: str) -> None:
        """Forget requests that are not wanted any more, such as those that left the view."""
        self._send({"drop": list(keys)})

    def stop(self, *, wait: bool = False) -> None:
        """End the process; nobody is called any more.

        Parameters
        ----------
        wait : bool
            Return when it has ended (the window is closing).
        """
        self._stop.set()
        if wait and self._thread.is_alive():
            self._thread.join(LAST_WAIT)

    def _send(self, message: dict[str, Any]) -> None:
        line = json.dumps(message)
        with self._lock:
            if self._child is None:
                self._unsent.append(line)
            else:
                self._child.say(line)

    def _run(self) -> None:
        """Start the process and pass on what it says, in a thread of its own."""
        try:
            child = Child(self._line(), self._environment, BRIEF)
        except OSError as error:
            self._emit("failed", f"The process could not be started: {error}", report_of(error, "Sampling"))
            return
        try:
            with self._lock:
                self._child = child
                for line in self._unsent:
                    child.say(line)
            self._listen(child)
            if not self._stop.is_set():
                reason = child.failure(child.process.wait())
                self._emit("failed", first_line(reason), report_of(reason, "Sampling"))
        finally:
            child.stop()

    def _line(self) -> list[str]:
        """Return the command line of the process."""
        return [sys.executable, "-m", MODULE, self.model, self.device]

    def _answer(self, message: Mapping[str, Any]) -> Any:
        """Return what a message answers; None if it is another one."""
        return _answer(message["answer"]) if "answer" in message else None

    def _listen(self, child: Child) -> None:
        sent, answers = 0.0, []
        while not (child.ended or self._stop.is_set()):
            for name, text in child.lines(TICK):
                message = _message(name, text)
                if message is None:
                    child.stderr.append(text)
                elif (answer := self._answer(message)) is not None:
                    child.at_work = True
                    answers.append(answer)
                    if time.monotonic() - sent >= TICK:
                        sent, answers = self._pass_on(answers)
                else:
                    self._understand(child, message)
                if self._stop.is_set():
                    return
            if answers:
                sent, answers = self._pass_on(answers)

    def _pass_on(self, answers: list[Answer]) -> tuple[float, list[Answer]]:
        self._emit("answered", answers)
        return time.monotonic(), []

    def _understand(self, child: Child, message: dict[str, Any]) -> None:
        if "ready" in message:
            self.about = dict(message["ready"])
            self._emit("ready", self.about)
        elif "progress" in message:
            told = message["progress"]
            self._emit("progressed", str(told["key"]), int(told["step"]), int(told["total"] or 0))
        elif "refused" in message:
            told = message["refused"]
            self._emit("refused", str(told["key"]), int(told["number"]), str(told["message"]))
        elif "error" in message:
            child.error = dict(message["error"])

    def _emit(self, signal: str, *values: Any) -> None:
        if not self._stop.is_set():
            with contextlib.suppress(RuntimeError):  # this object has gone meanwhile
                getattr(self, signal).emit(*values)


_RUNNING: weakref.WeakSet[Sampler] = weakref.WeakSet()


@atexit.register
def _end_all() -> None:
    """End every process before the interpreter goes; napari does not always tell its docks."""
    for sampler in list(_RUNNING):
        sampler.stop(wait=True)


def _message(name: str, text: str) -> dict[str, Any] | None:
    """Return what a line says; None if it is no message."""
    if name != "stdout":
        return None
    with contextlib.suppress(ValueError):
        content = json.loads(text)
        return content if isinstance(content, dict) else None
    return None


def _answer(content: Mapping[str, Any]) -> Answer:
    data = np.frombuffer(base64.b64decode(content["data"]), np.dtype(content["dtype"]))
    return Answer(
        str(content["key"]),
        int(content["number"]),
        data.reshape(content["shape"]).copy(),
        content["evaluations"],
        float(content["seconds"]),
    )
