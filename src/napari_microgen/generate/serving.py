"""A generator that stays loaded and answers requests for images, one JSON object per line.

Run as ``python -m napari_microgen.generate.serving MODEL DEVICE``. It ends when its standard input
does, so it cannot outlive the window that asks. Requests on standard input:

``{"ask": {"key": K, "number": N, "rows": [...], "seed": S, "evaluations": E, "urgent": true}}``
    Images for rows of conditions. A newer request with the same key replaces an older one: one
    that waits is dropped, one under way is broken off unless it is ``urgent``. With
    ``"same_noise": true`` all rows share their random numbers; ``"numbers": [...]`` gives each row
    its own. Requests of either kind that are alike are answered together.
``{"drop": [K, ...]}``
    These are not wanted any more.
``{"quit": true}``
    The end.

Answers on standard output: ``{"ready": {...}}`` once, then ``{"answer": {...}}`` with the images
in base64, ``{"progress": {...}}`` for what takes long, ``{"refused": {...}}`` for a request that
cannot be met, and ``{"error": {...}}`` before an early end.
"""

import base64
import contextlib
import inspect
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np

from ..errors import MicrogenError, ParameterError
from ..progress import Steps
from .json_lines import messages, say, talk, told

TOGETHER = 8
"""Images made at once, so that a newer request does not wait long."""
PATIENCE = 0.5
"""Seconds after which an answer under way tells how far it is, and between two such messages."""


OPTIONS = ("evaluations", "sampler", "same_noise", "urgent")
"""What a request may say beside its conditions."""


@dataclass(frozen=True)
class Request:
    """Images that somebody wants."""

    key: str
    """What they are for; a newer request for the same replaces this one."""
    number: int
    """Told with the answer."""
    rows: tuple[dict[str, Any], ...]
    """Conditions, one row per image."""
    seed: int = 0
    numbers: tuple[int, ...] = ()
    """Number of each image, which with the seed tells its random numbers; 0, 1, ... if empty."""
    evaluations: int | None = None
    sampler: str | None = None
    same_noise: bool = False
    urgent: bool = False
    """True if it goes first, and is finished once it is under way."""

    @classmethod
    def of(cls, content: Any) -> "Request":
        """Return the request in a message.

        Raises
        ------
        ParameterError
            If it is none.
        """
        try:
            rows = tuple(dict(row) for row in content["rows"])
            given = {name: content[name] for name in OPTIONS if name in content}
            numbers = tuple(int(n) for n in content.get("numbers") or ())
            request = cls(
                str(content["key"]),
                int(content["number"]),
                rows,
                int(content.get("seed", 0)),
                numbers,
                **given,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ParameterError(f"This is no request for images: {error!r}.") from None
        if not rows or request.seed < 0 or len(numbers) not in (0, len(rows)) or any(n < 0 for n in numbers):
            raise ParameterError("A request needs rows of conditions, a number for each or none, and a seed.")
        return request

    def alike(self, other: "Request") -> bool:
        """Return whether both can be answered together."""
        names = ("seed", "numbered", *OPTIONS)
        alike = all(getattr(self, name) == getattr(other, name) for name in names)
        return alike and (self.same_noise or self.numbered)

    @property
    def numbered(self) -> bool:
        """Whether each image says its number, so that it does not matter what it is made with."""
        return bool(self.numbers)


@dataclass
class Waiting:
    """What is still to be answered, in the order it was asked, shared by a reader and a worker."""

    requests: list[Request] = field(default_factory=list)
    under_way: list[Request] = field(default_factory=list)
    ended: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self, request: Request) -> None:
        """Add a request; it replaces others with its key."""
        with self._changed:
            self._forget({request.key}, broken_off=False)
            self.requests.append(request)
            self._changed.notify_all()

    def drop(self, keys: set[str]) -> None:
        """Forget requests, also those under way."""
        with self._changed:
            self._forget(keys, broken_off=True)

    def end(self) -> None:
        """Answer nothing any more."""
        with self._changed:
            self.ended = True
            self.requests.clear()
            self.under_way.clear()
            self._changed.notify_all()

    def take(self) -> list[Request]:
        """Wait for a request; return it with those that can be answered with it, or none at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self.requests or self.ended)
            if self.ended:
                return []
            first = next((r for r in self.requests if r.urgent), self.requests[0])
            taken, images = [first], len(first.rows)
            for other in self.requests:
                if other is not first and first.alike(other) and images + len(other.rows) <= TOGETHER:
                    taken.append(other)
                    images += len(other.rows)
            self.requests = [r for r in self.requests if r not in taken]
            self.under_way = list(taken)
            return taken

    def wanted(self, request: Request) -> bool:
        """Return whether a request under way is still to be answered."""
        with self._changed:
            return request in self.under_way

    def pressing(self) -> bool:
        """Return whether something urgent waits."""
        with self._changed:
            return any(r.urgent for r in self.requests)

    def put_back(self, requests: list[Request]) -> None:
        """Let requests that were interrupted wait again, unless they were replaced meanwhile."""
        with self._changed:
            newer = {r.key for r in self.requests}
            kept = [r for r in requests if r in self.under_way and r.key not in newer]
            self.requests = kept + self.requests
            self.under_way = []

    def _forget(self, keys: set[str], *, broken_off: bool) -> None:
        self.requests = [r for r in self.requests if r.key not in keys]
        self.under_way = [r for r in self.under_way if r.key not in keys or (r.urgent and not broken_off)]


class Service:
    """Answers requests with one model.

    Parameters
    ----------
    model : str
        A model folder, or ``builtin:NAME``.
    out : text stream
        Where answers are written.
    waiting : Waiting
        What is asked.
    device : str
        Where to compute: ``auto``, ``cpu`` or ``cuda``.
    """

    def __init__(self, model: str, out: IO[str], waiting: Waiting, device: str = "auto") -> None:
        from .images import make_images
        from .model import read_generator

        start = time.monotonic()
        self.model, self._make, self._out = read_generator(model), make_images, out
        self.waiting, self.device = waiting, device
        generator = self.model.generator
        self.say(
            "ready",
            {
                "method": self.model.method,
                "size": self.model.size,
                "evaluations": "evaluations" in inspect.signature(generator.sample).parameters,
                "model_sha256": self.model.sha256,
                "seconds": round(time.monotonic() - start, 3),
            },
        )

    def say(self, kind: str, content: dict[str, Any]) -> None:
        """Write a message; without a reader the process ends."""
        if not say(self._out, kind, content):
            self.waiting.end()

    def refuse(self, key: str, number: int, error: MicrogenError) -> None:
        """Say why a request is not met."""
        about = {"key": key, "number": number}
        self.say("refused", about | told(error))

    def work(self) -> None:
        """Answer until the end."""
        while requests := self.waiting.take():
            try:
                self._answer(requests)
            except MicrogenError as error:
                for request in requests:
                    self.refuse(request.key, request.number, error)

    def _answer(self, requests: list[Request]) -> None:
        start, first = time.monotonic(), requests[0]
        rows = [row for request in requests for row in request.rows]
        numbers = [number for request in requests for number in request.numbers]
        options: dict[str, Any] = {"evaluations": first.evaluations}
        options |= {"sampler": first.sampler} if first.sampler else {}
        steps = self._make(
            self.model,
            rows,
            seed=first.seed,
            same_noise=first.same_noise,
            device=self.device,
            numbers=numbers if first.numbered else None,
            **options,
        )
        images = self._watched(steps, requests)
        if images is None:
            return
        seconds = round(time.monotonic() - start, 4)
        begin = 0
        for request in requests:
            part = images[begin : begin + len(request.rows)]
            begin += len(request.rows)
            if self.waiting.wanted(request):
                self.say("answer", _answer_of(request, part, seconds))

    def _watched(self, steps: Steps[Any], requests: list[Request]) -> np.ndarray | None:
        """Make the images; None if nobody wants them any more, or something urgent came in between."""
        last = time.monotonic()
        with contextlib.closing(steps):
            while True:
                try:
                    tick = next(steps)
                except StopIteration as end:
                    return end.value.images  # type: ignore[no-any-return]
                if not any(self.waiting.wanted(request) for request in requests):
                    return None
                if not requests[0].urgent and self.waiting.pressing():
                    self.waiting.put_back(requests)
                    return None
                if time.monotonic() - last > PATIENCE:
                    last = time.monotonic()
                    about = {"key": requests[0].key, "number": requests[0].number}
                    self.say("progress", about | {"step": tick.step, "total": tick.total})


def _answer_of(request: Request, images: np.ndarray, seconds: float) -> dict[str, Any]:
    return {
        "key": request.key,
        "number": request.number,
        "evaluations": request.evaluations,
        "seconds": seconds,
        "shape": list(images.shape),
        "dtype": images.dtype.str,
        "data": base64.b64encode(images.tobytes()).decode("ascii"),
    }


def hear(lines: Iterable[str], waiting: Waiting) -> None:
    """Take note of requests until there are no more lines; what is no request is left out."""
    for message in messages(lines):
        if "drop" in message:
            waiting.drop({str(key) for key in message["drop"]})
        if "ask" in message:
            waiting.add(Request.of(message["ask"]))


def main(model: str, device: str = "auto") -> int:
    """Serve a model until standard input ends; return the exit status."""
    waiting = Waiting()
    return talk(
        lambda lines: hear(lines, waiting),
        lambda out: Service(model, out, waiting, device).work(),
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
