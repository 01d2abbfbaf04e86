"""Grain growth by the multi-phase field (Steinbach, Nestler), with only the phases present in a cell kept.

Lengths are in cells, times in units of cell^2 times the kinetic factor over the boundary energy, so that a
boundary moves by its curvature, a lone disk loses ``2 pi`` of area per time and a grain of ``n`` sides
gains ``pi / 3 (n - 6)``.
"""

from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import cached_property
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..errors import ParameterError, TooManyPhasesError
from ..io.limits import require_memory
from .grain_start import number_type

Model = Literal["pairs-and-triples", "plain"]
EPSILON, TIME_STEP, TRIPLE_WEIGHT, PLACES = 3.0, 0.2, 10.0, 12
"""Defaults: boundaries of 7.4 cells; 72 bytes for each cell, of which most are never touched."""
_STRIP = 64
_DRIVERS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg", "C:/Windows/System32/nvcuda.dll")
LOST = 1e-3
"""Largest share that may be left out because a cell has no place for it."""


class PhaseField:
    """The state of a multi-phase field on a periodic domain, and its steps.

    Parameters
    ----------
    labels : ndarray of int, shape (R, C)
        Grain of each cell at the start, numbered from 0.
    model : {"pairs-and-triples", "plain"}
        Energy of Ji et al. 2024, equations 1 to 3 (gradients by pairs of phases, obstacle and a cubic
        term against third phases), or the plain obstacle potential.
    epsilon : float
        Sets the width of a boundary, ``pi^2 / 4`` of it: 7.4 cells at 3.
    time_step : float
        In the time unit above; steps over 0.35 are not stable.
    triple_weight : float
        Weight of the cubic term over the boundary energy.
    places : int
        Phases that one cell can hold, at least the three of a triple point.

    Raises
    ------
    ParameterError
        If a parameter is out of range.
    MemoryLimitError
        If the state does not fit into memory.
    """

    name, look_every = "phase-field", 10

    def __init__(
        self,
        labels: np.ndarray,
        *,
        model: Model = "pairs-and-triples",
        epsilon: float = EPSILON,
        time_step: float = TIME_STEP,
        triple_weight: float = TRIPLE_WEIGHT,
        places: int = PLACES,
    ) -> None:
        if labels.ndim != 2 or min(labels.shape) < 3:
            raise ParameterError(f"The domain has shape {labels.shape}; give at least 3 rows and 3 columns.")
        if not (1.5 <= epsilon <= 50 and 0 < time_step <= 0.35 and 3 <= places <= 64):
            raise ParameterError(
                f"epsilon is {epsilon:g}, time_step {time_step:g} and places {places}; expected 1.5 to 50, "
                f"above 0 to 0.35, and 3 to 64."
            )
        self.grains = int(labels.max()) + 1
        kind = np.dtype(number_type(self.grains))
        require_memory(
            labels.size * places * (kind.itemsize + 4),
            f"A phase field of {labels.shape[0]} x {labels.shape[1]} cells with {places} phases each",
            "Ask for a smaller domain or fewer phases in a cell.",
        )
        self.none = self.grains
        self.ids = np.full((places, *labels.shape), self.none, kind)
        self.ids[0] = labels
        self.shares = np.zeros((places, *labels.shape), np.float32)
        self.shares[0] = 1
        self.full = model == "pairs-and-triples"
        self.epsilon, self.time_step, self.triple_weight = epsilon, time_step, triple_weight
        self.steps_done, self.whole = 0, True
        self._room: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def time(self) -> float:
        """Time since the start."""
        return self.steps_done * self.time_step

    def labels(self) -> np.ndarray:
        """Return the grain with the largest share of each cell, shape (R, C)."""
        return self.ids[0].copy()

    def seen(self) -> np.ndarray:
        """Return the same without a copy, to be looked at only."""
        return self.ids[0]

    def sizes(self) -> np.ndarray:
        """Return how many cells each grain has by its largest share, shape (grains,)."""
        return np.bincount(self.ids[0].ravel(), minlength=self.grains)

    def areas(self) -> np.ndarray:
        """Return the area of each grain as the sum of its shares, shape (grains,)."""
        from .grain_phase_kernels import add_shares

        areas = np.zeros(self.grains)
        add_shares(self.ids, self.shares, self.none, areas)
        return areas

    def state(self) -> dict[str, np.ndarray]:
        """Return the arrays that a continuation needs."""
        return {"ids": self.ids, "shares": self.shares}

    def restore(self, state: dict[str, np.ndarray], steps_done: int) -> None:
        """Go on from the arrays of `state`."""
        self.ids[:], self.shares[:] = state["ids"], state["shares"]
        self.ids[2][self.ids[1] == self.none] = self.none  # states of older versions
        self.steps_done = steps_done

    @cached_property
    def _constants(self) -> tuple[np.float32, np.float32, np.float32]:
        """Time step and weights of the potential, in cells.

        Nine points see the curvature of a boundary of this width too small by a known factor,
        ``1 - obstacle / 6`` (its profile is a sine, whose fourth derivative is known): the time step
        takes it back.
        """
        from .grain_phase_forces import OBSTACLE

        obstacle = OBSTACLE / self.epsilon**2
        rate = self.time_step / (1 - obstacle / 6)
        return np.float32(rate), np.float32(obstacle), np.float32(self.triple_weight / self.epsilon**2)

    def _halos(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return room for the rows around the strips as they were before a step; it is used again."""
        if self._room is None:
            shape = (len(self.ids), count, self.ids.shape[2])
            self._room = np.empty(shape, self.ids.dtype), np.empty(shape, np.float32)
        return self._room

    def step(self, pool: ThreadPoolExecutor) -> Iterator[None]:
        """Advance by one time step; yields while it takes longer than a quarter of a second.

        The result does not depend on the number of threads. If it is closed on the way, the state is no
        longer ``whole``.

        Raises
        ------
        TooManyPhasesError
            If a cell would have to hold more phases than it has places for.
        """
        from .grain_phase_kernels import keep_rows, step_rows

        rows = self.ids.shape[1]
        bounds = [*range(0, rows, _STRIP), rows]
        room: list[np.ndarray] = []
        lost = np.zeros((len(bounds) - 1, 1), np.float32)
        around = np.array([((first - 1) % rows, last % rows) for first, last in pairwise(bounds)])
        halo_ids, halos = self._halos(around.size)
        keep_rows(self.ids, self.shares, around.ravel(), self.none, halo_ids, halos)

        def strip(number: int) -> None:
            place = room.pop() if room else np.full(self.grains + 1, -1, np.int32)
            first, last, own = bounds[number], bounds[number + 1], slice(2 * number, 2 * number + 2)
            step_rows(
                self.ids, self.shares, halo_ids[:, own], halos[:, own], first, last, self.none,
                *self._constants, self.full, place, lost[number],
            )  # fmt: skip
            room.append(place)

        self.whole = False
        waiting = {pool.submit(strip, number) for number in range(len(around))}
        everything = set(waiting)
        try:
            while waiting:
                waiting = wait(waiting, 0.25, return_when=FIRST_EXCEPTION).not_done
                if waiting:
                    yield
            for future in everything:
                future.result()
        finally:
            for future in waiting:
                future.cancel()
            wait(waiting)
        if lost.max() > LOST:
            raise TooManyPhasesError(
                f"At step {self.steps_done + 1} a cell would have to hold more than {self.ids.shape[0]} "
                f"grains ({100 * lost.max():.3g} % of it had no place). Start with fewer grains or a "
                f"finer grid, or allow more phases in a cell."
            )
        self.steps_done += 1
        self.whole = True


def phase_field(labels: np.ndarray, *, device: str = "auto", **options: Any) -> PhaseField:
    """Return a phase field on a GPU if one can be used and may be, else on the processor.

    Parameters
    ----------
    labels : ndarray of int, shape (R, C)
        Grain of each cell at the start, numbered from 0.
    device : {"auto", "cpu", "cuda"}
        ``auto`` takes a GPU that torch can use; torch is only loaded where a driver is.
    **options
        As for `PhaseField`.

    Raises
    ------
    ParameterError
        If a GPU is asked for and there is none.
    """
    if device == "cuda" and find_spec("torch") is None:
        raise ParameterError("device is cuda, but torch is not installed. Take --device cpu or auto.")
    if device == "cuda" or (device == "auto" and _has_driver() and find_spec("torch") is not None):
        from ..train.devices import choose_device

        if choose_device(device) == "cuda":
            from .grain_phase_torch import TorchPhaseField

            return TorchPhaseField(labels, device="cuda", **options)
    return PhaseField(labels, **options)


def _has_driver() -> bool:
    """Tell whether there may be a GPU, without the seconds that torch takes to load."""
    return any(Path(name).exists() for name in _DRIVERS)
