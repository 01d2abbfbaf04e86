"""Second-order fast marching inside one phase, from one face of the volume.

Solves |grad T| = 1 in the phase with T = 0 on the outer plane of the source face, so
that the voxel centres of the first layer have T = h / 2 and a block without pores has
T = depth exactly. Memory grows with the front, not with the volume, and a march can
pause and go on, so that several share the processor evenly and Cancel works at once.

References
----------
J. A. Sethian, "A fast marching level set method for monotonically advancing fronts",
PNAS 93 (1996) 1591. S. Kim, "An O(N) level set method for eikonal equations", SIAM J.
Sci. Comput. 22 (2001) 2178 (marching groups of voxels).
"""

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np

from ..progress import Progress, Steps
from . import eikonal_front as fronts
from . import eikonal_kernels as kernels
from .threads import available_threads

AXES = ("plane", "row", "column")
BUCKETS_PER_VOXEL = 64
"""Width of a bucket is the finest voxel edge over this; it keeps tau - 1 within 0.03 % of exact order."""
HISTOGRAM_BINS = 1 << 16
_SLICE = 1_500_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """Arrival times of one march, summed up; times and depths in steps along the source axis."""

    count: np.ndarray
    """Voxels reached in each layer of the source axis, shape (layers,)."""
    mean: np.ndarray
    """Mean of T / depth in each layer; NaN where none was reached."""
    square: np.ndarray
    """Mean of (T / depth)^2 in each layer; NaN where none was reached."""
    histogram: np.ndarray
    """Voxels of the last quarter by depth / T, in `HISTOGRAM_BINS` bins over 0 to 1."""


class March:
    """One march from a face of a phase; call `advance` until it returns True.

    Parameters
    ----------
    phase : ndarray of bool, shape (P, R, C)
        Where the front may go.
    spacing : (float, float, float)
        Voxel edges along plane, row, column, in any unit.
    axis, side : int
        Source face: axis 0 to 2, side 0 (low end) or 1 (high end).
    refine : {1, 2}
        2 repeats each voxel twice along each axis and halves the spacing.
    times : ndarray of float32, shape of ``phase``, optional
        Filled with the arrival times in steps of the source axis (only without refinement).
    """

    def __init__(
        self,
        phase: np.ndarray,
        spacing: Sequence[float],
        axis: int,
        side: int,
        refine: int = 1,
        times: np.ndarray | None = None,
    ) -> None:
        self.axis, self.side, self.refine = axis, side, refine
        shape = tuple(refine * n for n in phase.shape)
        bricks = tuple((n + 7) // 8 for n in shape)
        total = bricks[0] * bricks[1] * bricks[2]
        reserve = min(36 * kernels.BATCH, total) + 1
        face = [*bricks[:axis], 1, *bricks[axis + 1 :]]
        slots = min(total, 12 * face[0] * face[1] * face[2]) + 1 + reserve  # only what is used takes memory
        edges = np.asarray(spacing, np.float64) / spacing[axis]
        width = edges.min() / BUCKETS_PER_VOXEL
        ring = 1 << int(np.ceil(np.log2(2 * edges.max() / width + 4)))
        geometry = np.array([*bricks, refine - 1, axis, side, reserve], np.int64)
        counters = np.zeros(7, np.int64)
        counters[fronts.POOL_FREE] = -1
        counters[fronts.SLOTS_FREE] = slots - 1
        self.front = fronts.Front(
            values=np.empty(slots * 512, np.float32),
            neighbours=np.empty((slots, 6), np.int32),
            brick=np.empty(slots, np.int32),
            todo=np.empty(slots, np.int32),
            waiting=np.empty(slots, np.int32),
            active=np.empty(slots, np.uint8),
            free_slots=np.append(np.arange(slots - 1, 0, -1, dtype=np.int32), np.int32(0)),
            slot_of=np.full(total, fronts.UNSEEN, np.int32),
            heads=np.full(ring, -1, np.int32),
            pool=np.empty((32 * kernels.BATCH + 64 * face[0] * face[1] * face[2], 2), np.int32),
            counters=counters,
            mask=np.ascontiguousarray(phase),
            geometry=geometry,
            steps=np.array([*edges, *edges**-2.0, width], np.float32),
            layers=np.zeros((shape[axis], 3)),
            histogram=np.zeros(HISTOGRAM_BINS, np.int64),
            times=np.empty((0, 0, 0), np.float32) if times is None else times,
        )
        self.front.values[:512] = fronts.WALL
        grid = np.arange(total, dtype=np.int64).reshape(bricks)
        bricks_of_face = np.ascontiguousarray(np.take(grid, -1 if side else 0, axis).ravel())
        kernels.start(self.front, bricks_of_face, np.empty(64 * bricks_of_face.size + 1, np.int32))

    @property
    def done(self) -> int:
        """Voxels whose time is final."""
        return int(self.front.counters[fronts.FROZEN])

    def advance(self, voxels: int = _SLICE) -> bool:
        """March over about ``voxels`` voxels; return True at the end of the march."""
        goal = self.done + voxels
        while (state := kernels.advance(self.front, goal)) == kernels.GROW:
            self._grow()
        if state == kernels.DONE:
            for slot in np.unique(self.front.slot_of[self.front.slot_of > 0]):
                fronts.retire(self.front, int(slot))
        return state == kernels.DONE

    def _grow(self) -> None:
        front, counters = self.front, self.front.counters
        if counters[fronts.SLOTS_FREE] >= front.geometry[6]:
            self.front = front._replace(pool=_longer(front.pool, front.pool.shape[0] // 2))
            return
        old, free = front.brick.size, int(counters[fronts.SLOTS_FREE])
        extra = max(old // 2, int(front.geometry[6]))
        stack = _longer(front.free_slots, extra)
        stack[free : free + extra] = np.arange(old + extra - 1, old - 1, -1)
        counters[fronts.SLOTS_FREE] += extra
        self.front = front._replace(
            values=_longer(front.values, 512 * extra),
            neighbours=_longer(front.neighbours, extra),
            brick=_longer(front.brick, extra),
            todo=_longer(front.todo, extra),
            waiting=_longer(front.waiting, extra),
            active=_longer(front.active, extra),
            free_slots=stack,
        )

    def arrival(self) -> Arrival:
        """Sum up the arrival times of a finished march."""
        count, total, squares = self.front.layers.T
        reached = np.where(count > 0, count, np.nan)
        return Arrival(count.astype(np.int64), total / reached, squares / reached, self.front.histogram)

    @property
    def peak_bytes(self) -> int:
        """Memory the front has taken at its widest."""
        return int(self.front.counters[fronts.SLOTS_PEAK]) * 2100 + self.front.pool.nbytes


def _longer(array: np.ndarray, extra: int) -> np.ndarray:
    longer = np.empty((array.shape[0] + extra, *array.shape[1:]), array.dtype)
    longer[: array.shape[0]] = array
    return longer


def march_all(
    phase: np.ndarray,
    spacing: Sequence[float],
    faces: Sequence[tuple[int, int, int]],
    threads: int | None = None,
) -> Steps[list[Arrival]]:
    """March from several faces on several threads, in slices, so that all threads finish together.

    Parameters
    ----------
    phase : ndarray of bool, shape (P, R, C)
        Where the front may go.
    spacing : (float, float, float)
        Voxel edges along plane, row, column, in any unit.
    faces : sequence of (int, int, int)
        Axis, side and refinement of each march, as in `March`.
    threads : int, optional
        Threads to use; all available ones by default.

    Yields
    ------
    Progress
        In voxels of the unrefined phase; at least twice a second.

    Returns
    -------
    list of Arrival
        In the order of ``faces``.
    """
    threads = threads or available_threads()
    phase = np.ascontiguousarray(phase)
    solid = int(np.count_nonzero(phase))
    total = sum(solid * refine**3 for _, _, refine in faces)
    waiting = sorted(range(len(faces)), key=lambda k: faces[k][2])  # the longest at the end, taken first
    marches: dict[int, March] = {}
    ready: list[int] = []
    running: dict[Future[bool], int] = {}
    arrivals: dict[int, Arrival] = {}
    finished = 0
    with ThreadPoolExecutor(threads) as pool:
        while len(arrivals) < len(faces):
            while waiting and len(marches) <= threads:
                face = waiting.pop()
                axis, side, refine = faces[face]
                marches[face] = March(phase, spacing, axis, side, refine)
                ready.append(face)
            while ready and len(running) < threads:
                face = max(ready, key=lambda k: solid * faces[k][2] ** 3 - marches[k].done)
                ready.remove(face)
                running[pool.submit(marches[face].advance)] = face
            done, _ = wait(running, timeout=0.3, return_when=FIRST_COMPLETED)
            for future in done:
                face = running.pop(future)
                if future.result():
                    march = marches.pop(face)
                    finished += solid * faces[face][2] ** 3
                    arrivals[face] = march.arrival()
                else:
                    ready.append(face)
            step = finished + sum(march.done for march in marches.values())
            yield Progress(min(step, total), total, "geodesic distance")
    return [arrivals[k] for k in range(len(faces))]
