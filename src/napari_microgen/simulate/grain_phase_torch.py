"""The multi-phase field on a GPU, or with torch on a processor: the same equations, other rounding."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch

from ..errors import MemoryLimitError, TooManyPhasesError
from ..train.devices import choose_device, out_of_memory
from .grain_phase_field import LOST, PhaseField

_NEAR, _FAR, _MIDDLE = 2 / 3, 1 / 6, -10 / 3
_CELLS = {"cuda": 1 << 20, "cpu": 1 << 15}
"""Cells that are moved at once: what is spread out for them fits into some GB, or into a cache."""
_TICK = 0.25
_AROUND = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)]
"""A cell, the four next to it, and the four at its corners."""


class TorchPhaseField(PhaseField):
    """A `PhaseField` whose state lives on a device.

    Each step lists the cells that are not inside a grain, finds the phases around every one of them, and
    moves these. Cells have the same phases and shares as those of `PhaseField` but for rounding.

    Parameters
    ----------
    labels : ndarray of int, shape (R, C)
        Grain of each cell at the start, numbered from 0.
    device : {"auto", "cpu", "cuda"}
        Where to work; auto takes a GPU if there is one.
    **options
        As for `PhaseField`.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or a GPU is asked for and there is none.
    MemoryLimitError
        If the state does not fit into memory.
    """

    def __init__(self, labels: np.ndarray, *, device: str = "auto", **options: Any) -> None:
        super().__init__(labels, **options)
        self.device = torch.device(choose_device(device))
        self._ids, self._shares = self._moved(self.ids, self.shares)
        self._seen: np.ndarray | None = None

    def _moved(self, ids: np.ndarray, shares: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Return a state on the device; empty places have the share 0."""
        filled = np.cumprod(ids != self.none, axis=0, dtype=bool)
        numbers = torch.from_numpy(np.where(filled, ids, self.none).astype(np.int32))
        return numbers.to(self.device), torch.from_numpy(np.where(filled, shares, np.float32(0))).to(
            self.device
        )

    def _fetch(self) -> None:
        """Bring the state back to the arrays of the base class, unless it is there."""
        if self._seen is None:
            self.ids[:] = self._ids.cpu().numpy()
            self.shares[:] = self._shares.cpu().numpy()
            self._seen = self.ids[0]

    def labels(self) -> np.ndarray:
        """Return the grain with the largest share of each cell, shape (R, C)."""
        return self.seen().copy()

    def seen(self) -> np.ndarray:
        """Return the same, to be looked at only."""
        return self._seen if self._seen is not None else self._ids[0].cpu().numpy().astype(self.ids.dtype)

    def sizes(self) -> np.ndarray:
        """Return how many cells each grain has by its largest share, shape (grains,)."""
        return torch.bincount(self._ids[0].flatten(), minlength=self.grains).cpu().numpy()

    def areas(self) -> np.ndarray:
        """Return the area of each grain as the sum of its shares, shape (grains,)."""
        self._fetch()
        return super().areas()

    def state(self) -> dict[str, np.ndarray]:
        """Return the arrays that a continuation needs; they are those of `PhaseField`."""
        self._fetch()
        return super().state()

    def restore(self, state: dict[str, np.ndarray], steps_done: int) -> None:
        """Go on from the arrays of `state`."""
        super().restore(state, steps_done)
        self._ids, self._shares = self._moved(self.ids, self.shares)
        self._seen = None

    def step(self, pool: ThreadPoolExecutor) -> Iterator[None]:
        """Advance by one time step; yields while it takes longer than a quarter of a second.

        If it is closed on the way, the state is that before the step.

        Raises
        ------
        TooManyPhasesError
            If a cell would have to hold more phases than it has places for.
        MemoryLimitError
            If the device has too little memory.
        """
        tick, lost = time.monotonic(), torch.zeros((), device=self.device)
        self.whole = False
        try:
            filled = int((self._ids != self.none).flatten(1).any(1).sum())
            ids, shares = self._ids.clone(), self._shares.clone()
            cells = self._mixed_cells(self._ids)
            for part in cells.split(_CELLS[self.device.type]):
                numbers, values, out = self._advanced(part, filled)
                ids.flatten(1)[:, part], shares.flatten(1)[:, part] = numbers, values
                lost = torch.maximum(lost, out)
                if time.monotonic() - tick > _TICK:
                    yield
                    tick = time.monotonic()
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            raise MemoryLimitError(
                f"The memory of the device ({self.device.type}) is too small for {self.ids[0].shape[0]} x "
                f"{self.ids[0].shape[1]} cells. Take a smaller domain, or --device cpu."
            ) from None
        if float(lost) > LOST:
            raise TooManyPhasesError(
                f"At step {self.steps_done + 1} a cell would have to hold more than {len(ids)} grains "
                f"({100 * float(lost):.3g} % of it had no place). Start with fewer grains or a finer grid, "
                f"or allow more phases in a cell."
            )
        self._ids, self._shares, self._seen = ids, shares, None
        self.steps_done += 1
        self.whole = True

    def _mixed_cells(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the cells in whose neighbourhood there is more than one phase."""
        mixed = ids[1] != self.none
        for axis in (0, 1):
            mixed = mixed | (ids[0] != ids[0].roll(1, axis))
        for axis in (0, 1):
            mixed = mixed | mixed.roll(1, axis) | mixed.roll(-1, axis)
        return mixed.flatten().nonzero()[:, 0]

    def _neighbourhood(self, cells: torch.Tensor, filled: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the phases in nine cells and their shares, shape (9, filled places, cells)."""
        rows, columns = self._ids.shape[1:]
        y, x = cells // columns, cells % columns
        at = torch.stack([(y + down) % rows * columns + (x + across) % columns for down, across in _AROUND])
        ids, shares = (part[:filled].flatten(1)[:, at].movedim(0, 1) for part in (self._ids, self._shares))
        return ids, shares

    def _phases(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the different phases of each neighbourhood, rising, shape (n, cells)."""
        ordered = ids.flatten(0, 1).sort(0).values
        new = ordered != self.none
        new[1:] &= ordered[1:] != ordered[:-1]
        place = new.cumsum(0)
        most = int(place[-1].max())
        found = torch.full((most + 1, ids.shape[2]), self.none, dtype=ids.dtype, device=ids.device)
        place[~new] = 0  # a row that is thrown away
        return found.scatter_(0, place, ordered)[1:]

    def _advanced(self, cells: torch.Tensor, filled: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the phases and shares of some cells after a step, and the largest share without a place."""
        ids, shares = self._neighbourhood(cells, filled)
        phases = self._phases(ids)
        nine = torch.stack([torch.where(ids == phase, shares, 0.0).sum(1) for phase in phases], 1)
        there = (phases != self.none) & (nine.sum(0) > 0)
        rate = float(self._constants[0])
        force = torch.where(there, self._forces(nine), 0.0)
        mean = force.sum(0) / there.sum(0)
        moved = torch.where(there, (nine[0] + rate * (force - mean)).clamp(0, 1), 0.0)
        moved /= moved.sum(0)
        moved, order = moved.sort(dim=0, descending=True, stable=True)
        phases = phases.gather(0, order)
        places = self._ids.shape[0]
        lost = moved[places:].amax() if len(moved) > places else moved.new_zeros(())
        kept, numbers = moved[:places], phases[:places]
        kept = kept / kept.sum(0) if len(moved) > places else kept
        numbers = torch.where(kept > 0, numbers, self.none)
        missing = (0, 0, 0, places - len(kept))
        return (
            torch.nn.functional.pad(numbers, missing, value=self.none),
            torch.nn.functional.pad(kept, missing),
            lost,
        )

    def _forces(self, nine: torch.Tensor) -> torch.Tensor:
        """Return the force on each phase from its shares in nine cells, shape (9, n, cells)."""
        middle, up, down, left, right = nine[:5]
        laplace = _NEAR * (up + down + left + right) + _FAR * nine[5:].sum(0) + _MIDDLE * middle
        _, obstacle, cubic = (float(value) for value in self._constants)
        if not self.full:
            return laplace + obstacle * middle
        across, along = 0.5 * (right - left), 0.5 * (down - up)
        square, rest = (middle * middle).sum(0), 1 - middle
        slopes = (4 * (across * across + along * along) + 2 * middle * laplace).sum(0)
        pull_x, pull_y = (4 * middle * across).sum(0), (4 * middle * along).sum(0)
        force = 2 * square * laplace - middle * slopes + pull_x * across + pull_y * along
        return force - obstacle * rest - 0.5 * cubic * (rest * rest - square + middle * middle)
