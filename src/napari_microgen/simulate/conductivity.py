"""Effective conductivity of a voxel structure between two opposite faces: the Laplace problem, solved.

Each voxel is a node; neighbours are joined by their half voxels in series (finite volumes), the
first and last layer to electrodes at the outer faces by half a voxel, the other faces are
insulated. The network is solved by conjugate gradients with a multigrid cycle as preconditioner.
"""

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import AxesError, InvalidVoxelSizeError, NonFiniteError, ParameterError
from ..io.limits import require_memory
from ..progress import Progress, Steps, finish

MAX_ITERATIONS = 500
BYTES_PER_VOXEL = 76
_SHARED = 200_000
"""Levels with fewer voxels are not worth a second thread."""


@dataclass(frozen=True)
class EffectiveConductivity:
    """Outcome of one solve."""

    value: float
    """Conductivity of the whole over that of the material (or in the unit of the voxel values)."""
    iterations: int
    """Cycles it took; 0 if nothing had to be solved."""
    imbalance: float
    """Current in minus current out over their mean: how far the solution is from steady."""


def effective_conductivity(
    conductivity: np.ndarray,
    spacing: Sequence[float] = (1.0, 1.0, 1.0),
    axis: int = 0,
    *,
    tolerance: float = 1e-7,
) -> EffectiveConductivity:
    """Effective conductivity between the two faces across one axis.

    Parameters
    ----------
    conductivity : ndarray of bool or float, shape (P, R, C)
        A phase (True conducts, the rest does not), or the conductivity of each voxel, 0 or above.
    spacing : sequence of float
        Voxel edge along plane, row and column, in any one unit.
    axis : int
        Axis along which the current flows: 0, 1 or 2.
    tolerance : float
        Size of the residual over that of the right-hand side at which to stop. 1e-7 leaves a relative
        error of 1e-7 to 1e-6 in the value.

    Returns
    -------
    EffectiveConductivity
        Exactly 0 if nothing connects the two faces (through voxel faces).

    Raises
    ------
    AxesError, NonFiniteError, InvalidVoxelSizeError, ParameterError
        If the array is not 3D or empty, holds NaN, infinite or negative values, or an argument is
        out of range.
    MemoryLimitError
        If the network would not fit into memory.

    Notes
    -----
    With one conducting phase the value is D / tau_f, D the volume fraction and tau_f the *diffusive*
    tortuosity factor, which is another quantity than the geodesic tortuosity.

    Examples
    --------
    Half the cross-section conducts: half the conductivity.

    >>> half = np.zeros((8, 4, 4), bool)
    >>> half[:, :2] = True
    >>> round(effective_conductivity(half).value, 9)
    0.5
    """
    return finish(conductivity_steps(conductivity, spacing, axis, tolerance=tolerance))


def conductivity_steps(
    conductivity: np.ndarray,
    spacing: Sequence[float] = (1.0, 1.0, 1.0),
    axis: int = 0,
    *,
    tolerance: float = 1e-7,
) -> Steps[EffectiveConductivity]:
    """Compute `effective_conductivity` in steps, to be watched and stopped."""
    values = _checked(conductivity, spacing, axis, tolerance)
    edges = [float(spacing[a]) for a in (axis, *(a for a in range(3) if a != axis))]
    values = np.moveaxis(values, axis, 0)
    yield Progress(0, 100, "finding what connects the faces")
    kept = _connected(values > 0)
    if not kept.any():
        return EffectiveConductivity(0.0, 0, 0.0)
    network = _network(np.where(kept, values, 0).astype(np.float32), edges)
    area = values.shape[1] * edges[1] * values.shape[2] * edges[2]
    scale = values.shape[0] * edges[0] / area
    into, out_of, iterations = yield from _solve(network, tolerance)
    mean = (into + out_of) / 2
    return EffectiveConductivity(mean * scale, iterations, abs(into - out_of) / mean)


@dataclass
class _Network:
    """One level: conductances between voxels (or blocks), and to the electrodes."""

    down: np.ndarray
    back: np.ndarray
    right: np.ndarray
    own: np.ndarray
    first: np.ndarray  # conductance of the first layer to its electrode, (R, C)
    last: np.ndarray

    @property
    def joints(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.down, self.back, self.right

    @property
    def currents(self) -> tuple[np.ndarray, ...]:
        return *self.joints, self.first, self.last


def _checked(conductivity: np.ndarray, spacing: Sequence[float], axis: int, tolerance: float) -> np.ndarray:
    values = np.asarray(conductivity)
    if values.ndim != 3 or values.size == 0:
        raise AxesError(
            f"The structure has the shape {values.shape}; expected plane, row, column, none empty."
        )
    if axis not in (0, 1, 2) or not 0 < tolerance < 1 or len(spacing) != 3:
        raise ParameterError(
            f"axis is {axis}, tolerance {tolerance} and spacing {spacing}; expected axis 0, 1 or 2, a "
            f"tolerance between 0 and 1, and three voxel edges."
        )
    if not all(math.isfinite(h) and h > 0 for h in spacing):
        raise InvalidVoxelSizeError(f"The voxel edges are {tuple(spacing)}; each must be finite and above 0.")
    if values.dtype != bool:
        bad = ~np.isfinite(values) | (values < 0)
        if bad.any():
            place = tuple(int(i) for i in np.argwhere(bad)[0])
            raise NonFiniteError(
                f"{np.count_nonzero(bad)} voxels have no conductivity (NaN, infinite or below 0), the first "
                f"at {place}. Set them to 0 or to their value."
            )
    require_memory(
        BYTES_PER_VOXEL * values.size, "Solving for the conductivity", "Crop or downsample the structure."
    )
    return values


def _connected(solid: np.ndarray) -> np.ndarray:
    """Return the voxels of clusters that touch both faces of axis 0."""
    from scipy import ndimage as ndi

    labels, count = ndi.label(solid)
    both = np.zeros(count + 1, bool)
    both[np.intersect1d(labels[0], labels[-1])] = True
    both[0] = False
    return np.asarray(both[labels])


def _network(values: np.ndarray, edges: Sequence[float]) -> _Network:
    """Join voxels by the harmonic mean of their conductivities."""
    hz, hy, hx = edges
    joints = [np.zeros_like(values) for _ in range(3)]
    for axis, weight in enumerate((hy * hx / hz, hz * hx / hy, hz * hy / hx)):
        one = tuple(slice(None, -1) if a == axis else slice(None) for a in range(3))
        other = tuple(slice(1, None) if a == axis else slice(None) for a in range(3))
        a, b = values[one], values[other]
        with np.errstate(invalid="ignore", divide="ignore"):
            joints[axis][one] = np.where(a * b > 0, 2 * weight * (a / (a + b)) * b, 0)
    electrode = 2 * hy * hx / hz
    return _with_own(joints, electrode * values[0], electrode * values[-1])


def _with_own(joints: Sequence[np.ndarray], first: np.ndarray, last: np.ndarray) -> _Network:
    own = np.zeros_like(joints[0])
    for axis, joint in enumerate(joints):
        own += joint
        one = tuple(slice(None, -1) if a == axis else slice(None) for a in range(3))
        other = tuple(slice(1, None) if a == axis else slice(None) for a in range(3))
        own[other] += joint[one]
    own[0] += first
    own[-1] += last
    return _Network(joints[0], joints[1], joints[2], own, first, last)


def _coarser(fine: _Network, steps: tuple[int, int, int]) -> _Network:
    """Join blocks by the conductances across their borders, over twice the distance."""
    joints = []
    for axis, joint in enumerate((fine.down, fine.back, fine.right)):
        crossing = joint
        if steps[axis] == 2:
            odd = tuple(slice(1, None, 2) if a == axis else slice(None) for a in range(3))
            short = joint[odd] / 2
            room = [(0, (joint.shape[a] + 1) // 2 - short.shape[a] if a == axis else 0) for a in range(3)]
            crossing = np.pad(short, room)
        for other in range(3):
            if other != axis and steps[other] == 2:
                crossing = np.add.reduceat(crossing, np.arange(0, crossing.shape[other], 2), axis=other)
        joints.append(np.ascontiguousarray(crossing, np.float32))
    ends = []
    for electrode in (fine.first, fine.last):
        for other in (1, 2):
            if steps[other] == 2:
                electrode = np.add.reduceat(
                    electrode, np.arange(0, electrode.shape[other - 1], 2), axis=other - 1
                )
        ends.append(electrode / steps[0])
    return _with_own(joints, ends[0], ends[1])


class _Cycle:
    """Multigrid: a symmetric approximate inverse of the network."""

    def __init__(self, network: _Network, pool: ThreadPoolExecutor) -> None:
        self.levels = [network]
        self.steps: list[tuple[int, int, int]] = []
        self.pool = pool
        while max(self.levels[-1].own.shape) > 4:
            p, r, c = (2 if n > 2 else 1 for n in self.levels[-1].own.shape)
            self.steps.append((p, r, c))
            self.levels.append(_coarser(self.levels[-1], (p, r, c)))
        self.u = [np.zeros(level.own.shape, np.float32) for level in self.levels]
        self.f = [np.zeros(level.own.shape, np.float32) for level in self.levels]
        self.r = [np.zeros(level.own.shape, np.float32) for level in self.levels]

    def apply(self, residual: np.ndarray) -> np.ndarray:
        """Return the approximate solution for a right-hand side."""
        np.copyto(self.f[0], residual, casting="same_kind")
        self.u[0][:] = 0
        self._descend(0)
        return self.u[0]

    def each_plane(self, kernel: Callable[..., Any], planes: int, size: int, *arguments: Any) -> None:
        """Run a kernel over planes, side by side where it pays."""
        threads = self.pool._max_workers if size > _SHARED else 1
        if threads == 1:
            kernel(*arguments, 0, planes)
            return
        bounds = [planes * k // threads for k in range(threads + 1)]
        jobs = [self.pool.submit(kernel, *arguments, a, b) for a, b in pairwise(bounds)]
        for job in jobs:
            job.result()

    def _smooth(self, level: int, colours: Sequence[int]) -> None:
        from .conductivity_kernels import smooth

        network = self.levels[level]
        planes, size, fixed = len(network.own), network.own.size, (*network.joints, network.own)
        for colour in colours:
            self.each_plane(smooth, planes, size, *fixed, self.f[level], self.u[level], colour)

    def _descend(self, level: int) -> None:
        from .conductivity_kernels import gather_blocks, product, spread_blocks

        if level == len(self.levels) - 1:
            self._smooth(level, [0, 1] * 10 + [1, 0] * 10)
            return
        network, steps, r = self.levels[level], self.steps[level], self.r[level]
        planes, size = len(network.own), network.own.size
        self._smooth(level, (0, 1))
        below = level + 1
        self.u[below][:] = 0
        self.each_plane(product, planes, size, *network.currents, self.u[level], r)
        np.subtract(self.f[level], r, out=r)
        self.each_plane(gather_blocks, len(self.f[below]), size, r, *steps, self.f[below])
        self._descend(below)
        self.each_plane(spread_blocks, planes, size, self.u[below], network.own, *steps, self.u[level])
        self._smooth(level, (1, 0))


def _solve(network: _Network, tolerance: float) -> Steps[tuple[float, float, int]]:
    """Return the currents in and out, and the iterations."""
    from .conductivity_kernels import product

    shape = network.own.shape
    with ThreadPoolExecutor(_threads()) as pool:
        cycle = _Cycle(network, pool)

        def times(u: np.ndarray) -> np.ndarray:
            out = np.empty(shape)
            cycle.each_plane(product, shape[0], network.own.size, *network.currents, u, out)
            return out

        supply = np.zeros(shape)
        supply[0] = network.first
        depth = 1 - (np.arange(shape[0]) + 0.5) / shape[0]
        u = np.where(network.own > 0, depth[:, None, None], 0.0)
        residual = supply - times(u)
        goal = tolerance * float(np.linalg.norm(supply))
        direction, before = np.zeros(shape), 1.0
        for iteration in range(MAX_ITERATIONS):
            size = float(np.linalg.norm(residual))
            if size <= goal:
                break
            yield Progress(iteration, MAX_ITERATIONS, f"solving: residual {size / goal * tolerance:.1e}")
            better = cycle.apply(residual)
            product_ = float(np.vdot(residual, better))
            direction *= product_ / before if iteration else 0.0
            direction += better
            ahead = times(direction)
            length = product_ / float(np.vdot(direction, ahead))
            u += length * direction
            residual -= length * ahead
            before = product_
        into = float(np.sum(network.first * (1 - u[0])))
        out_of = float(np.sum(network.last * u[-1]))
    return into, out_of, iteration


def _threads() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1
