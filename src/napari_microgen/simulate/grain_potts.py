# mypy: disable-error-code="no-untyped-def"
"""Grain growth by the Potts model: random flips of single cells to the grain of a neighbour.

A fast alternative to the phase field. The energy counts unlike pairs among the 24 nearest cells, which
makes boundaries move alike in all directions within a few percent; the heat keeps them from sticking to
the grid and makes them rough, which a few cold sweeps take away.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit

HEAT = 4.0
"""Temperature in units of the energy of an unlike pair."""
_ROWS = 256


class Potts:
    """The state of a Potts model on a periodic domain; a step is one trial per cell on average.

    Parameters
    ----------
    labels : ndarray of int, shape (R, C)
        Grain of each cell at the start, numbered from 0.
    seed : int
        The same seed gives the same steps.
    """

    name, look_every = "potts", 1

    def __init__(self, labels: np.ndarray, *, seed: int = 0) -> None:
        self.grains, self.seed, self.steps_done, self.whole = int(labels.max()) + 1, seed, 0, True
        self.spins = np.array(labels)

    @property
    def time(self) -> float:
        """Steps since the start."""
        return float(self.steps_done)

    def labels(self) -> np.ndarray:
        """Return the grains after three cold sweeps, which smooth the boundaries, shape (R, C)."""
        cold = self.spins.copy()
        for sweep in range(3):
            _sweep(cold, 0.0, self._number(sweep + 1), cold.size)
        return cold

    def seen(self) -> np.ndarray:
        """Return the grains as they are, rough boundaries and all, to be looked at only."""
        return self.spins

    def sizes(self) -> np.ndarray:
        """Return how many cells each grain has, shape (grains,)."""
        return np.bincount(self.spins.ravel(), minlength=self.grains)

    def state(self) -> dict[str, np.ndarray]:
        """Return the arrays that a continuation needs."""
        return {"spins": self.spins}

    def restore(self, state: dict[str, np.ndarray], steps_done: int) -> None:
        """Go on from the arrays of `state`."""
        self.spins[:], self.steps_done = state["spins"], steps_done

    def _number(self, part: int) -> int:
        return int(np.random.SeedSequence([self.seed, self.steps_done, part]).generate_state(1)[0])

    def step(self, pool: ThreadPoolExecutor) -> Iterator[None]:
        """Try as many flips as there are cells; yields a few times in large domains."""
        self.whole, parts = False, -(-self.spins.shape[0] // _ROWS)
        trials = [self.spins.size * k // parts for k in range(parts + 1)]
        for part in range(parts):
            _sweep(self.spins, HEAT, self._number(1000 + part), trials[part + 1] - trials[part])
            if part + 1 < parts:
                yield
        self.steps_done += 1
        self.whole = True


@njit(nogil=True, cache=True)
def _sweep(spins, heat, number, trials):
    """Try flips of random cells to the grain of one of the 8 cells around them."""
    np.random.seed(number)  # noqa: NPY002  (compiled code has this generator only, and its own state of it)
    rows, columns = spins.shape
    for _ in range(trials):
        y, x, q = np.random.randint(rows), np.random.randint(columns), np.random.randint(8)  # noqa: NPY002
        q += 1 if q >= 4 else 0
        up, left = y + q // 3 - 1, x + q % 3 - 1
        up = up + rows if up < 0 else (up - rows if up >= rows else up)
        left = left + columns if left < 0 else (left - columns if left >= columns else left)
        old, new = spins[y, x], spins[up, left]
        if old == new:
            continue
        change = 0
        for i in range(-2, 3):
            at = y + i
            at = at + rows if at < 0 else (at - rows if at >= rows else at)
            for j in range(-2, 3):
                to = x + j
                to = to + columns if to < 0 else (to - columns if to >= columns else to)
                spin = spins[at, to]
                change += (1 if spin == old else 0) - (1 if spin == new else 0)
        change -= 1  # the cell itself is not among its neighbours
        if change <= 0 or (heat > 0 and np.random.random() < np.exp(-change / heat)):  # noqa: NPY002
            spins[y, x] = new
