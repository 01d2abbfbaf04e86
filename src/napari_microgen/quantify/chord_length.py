"""Chord length: how long straight lines stay in a phase, along each axis.

Chords that a face of the image cuts are dropped, as their length is unknown. That
favours short ones where chords are not much shorter than the image; the stationary
mean in the details does without: length of phase on all lines over number of entries.
"""

from typing import Any

import numpy as np

from ..features import Feature
from ..progress import Steps, finish
from .chunk import Chunk
from .run_lengths import AXES, ChunkRuns, RunLengths, counting_runs, runs_of

NAMES = ("chord_length", "chord_length.plane", "chord_length.row", "chord_length.column")
NEEDS_LENGTH = True
DIMENSIONS = (2, 3)
BYTES_PER_VOXEL = 0.02
UNDEFINED_WHEN = "no chord lies wholly inside the image along an axis"

_METHOD = "mean of the chords with both ends inside"


def chord_lengths(phase: np.ndarray, spacing: tuple[float, ...]) -> tuple[float | None, ...]:
    """Mean chord length of a phase along each axis.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C) or (P, R, C)
        True where the phase is.
    spacing : tuple of float
        Voxel edges, in micrometre.

    Returns
    -------
    tuple of float or None
        In micrometre, in the order of the axes; None where no whole chord exists.

    Examples
    --------
    >>> stripes = np.tile(np.arange(30) % 5 < 3, (4, 1))
    >>> chord_lengths(stripes, (1.0, 2.0))
    (None, 6.0)
    """
    return tuple(_mean(runs, s) for runs, s in zip(finish(counting_runs(phase)), spacing, strict=True))


def _mean(runs: RunLengths, edge: float) -> float | None:
    count = int(runs.whole.sum())
    return float(runs.whole @ np.arange(len(runs.whole)) / count * edge) if count else None


def _stationary_mean(runs: RunLengths, edge: float) -> float | None:
    """Length of phase per number of entries into it, both per place at which they can be seen."""
    every = runs.whole + runs.cut
    voxels = int(every @ np.arange(len(every)))
    # Each run has two ends; those at a face of the image are not ends of a chord.
    at_a_face = int(runs.cut.sum() + runs.cut[-1])
    ends = 2 * int(every.sum()) - at_a_face
    if not ends or runs.length < 2:
        return None
    return float(voxels / runs.length / (ends / 2 / (runs.length - 1)) * edge)


def measure(phase: np.ndarray, spacing: tuple[float, ...] | None) -> Steps[list[Feature]]:
    """Measure the mean chord length along each axis, and its distribution.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C) or (P, R, C)
        True where the phase is.
    spacing : tuple of float or None
        Voxel edges in micrometre.

    Yields
    ------
    Progress
        One tick per plane.

    Returns
    -------
    list of Feature
        ``chord_length``, the mean over the axes, and ``chord_length.<axis>``, in um.
    """
    return features((yield from count(Chunk.whole(phase))), phase.shape, spacing)


def halo(shape: tuple[int, ...], spacing: tuple[float, ...] | None) -> tuple[int, int]:
    """Return how many planes a chunk needs above and below its own: none, as runs go on in the next."""
    return 0, 0


def count(chunk: Chunk, spacing: tuple[float, ...] | None = None) -> Steps[ChunkRuns]:
    """Count the runs of a chunk of planes, or of the whole volume."""
    return runs_of(chunk)


def features(found: ChunkRuns, shape: tuple[int, ...], spacing: tuple[float, ...] | None) -> list[Feature]:
    """Return the features that follow from the runs of the whole volume."""
    axes = AXES[3 - len(shape) :]
    if spacing is None:
        names = (NAMES[0], *(f"{NAMES[0]}.{axis}" for axis in axes))
        return [Feature(name=n, value=None, unit="um", reason="voxel size unknown") for n in names]
    runs = found.closed()[3 - len(shape) :]
    single = [_of_axis(axis, r, edge) for axis, r, edge in zip(axes, runs, spacing, strict=True)]
    missing = [axis for axis, f in zip(axes, single, strict=True) if f.value is None]
    mean: dict[str, Any] = {"name": NAMES[0], "unit": "um", "method": f"{_METHOD}, mean over the axes"}
    if missing:
        reason = f"no whole chord along {', '.join(missing)}"
        return [Feature(value=None, reason=reason, **mean), *single]
    values = [f.value for f in single if f.value is not None]
    details = {"of_axes": dict(zip(axes, values, strict=True))}
    return [Feature(value=sum(values) / len(values), details=details, **mean), *single]


def _of_axis(axis: str, runs: RunLengths, edge: float) -> Feature:
    name: dict[str, Any] = {"name": f"{NAMES[0]}.{axis}", "unit": "um", "method": f"{_METHOD}, along {axis}"}
    value = _mean(runs, edge)
    details: dict[str, Any] = {
        "chords": int(runs.whole.sum()),
        "cut": int(runs.cut.sum()),
        "stationary_mean": _stationary_mean(runs, edge),
    }
    if value is None:
        reason = "the phase is absent" if not details["cut"] else "every chord is cut by a face of the image"
        return Feature(value=None, reason=reason, details=details, **name)
    longest = int(np.flatnonzero(runs.whole)[-1])
    width = -(-longest // 60)
    counts = np.add.reduceat(runs.whole[1 : longest + 1], np.arange(0, longest, width))
    edges = edge * (np.arange(len(counts) + 1) * width + 0.5)
    details["distribution"] = {"edges_um": edges.tolist(), "count": counts.tolist()}
    return Feature(value=value, details=details, **name)
