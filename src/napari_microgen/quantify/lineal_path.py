"""Lineal path: the chance that a segment of given length lies wholly in a phase.

Segments along the axes are counted at all their places inside the image. Unlike the
two-point correlation, which asks for the ends only, it knows of connection along lines.

References
----------
Lu, Torquato, Phys. Rev. A 45 (1992) 922, doi 10.1103/PhysRevA.45.922.
"""

from typing import Any

import numpy as np

from ..features import Feature
from ..progress import Steps, finish
from .chunk import Chunk
from .run_lengths import AXES, ChunkRuns, RunLengths, counting_runs, runs_of

NAMES = ("lineal_path",)
NEEDS_LENGTH = True
DIMENSIONS = (2, 3)
BYTES_PER_VOXEL = 0.02
UNDEFINED_WHEN = "the phase is absent, or the chance never falls below 5 % of the phase fraction"

LEVEL = 0.05
_MOST_POINTS = 200


def lineal_paths(phase: np.ndarray) -> tuple[np.ndarray, ...]:
    """Chance that k + 1 voxels in a row are all of the phase, along each axis.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C) or (P, R, C)
        True where the phase is.

    Returns
    -------
    tuple of ndarray of float64, each of shape (n,)
        One per axis, n its length in voxels; index k belongs to a segment of k voxel
        edges. The first value is the phase fraction.

    Examples
    --------
    >>> (row, column) = lineal_paths(np.array([[True, True, False, True]]))
    >>> column.round(3).tolist()
    [0.75, 0.333, 0.0, 0.0]
    """
    return tuple(_path(runs) for runs in finish(counting_runs(phase)))


def _path(runs: RunLengths) -> np.ndarray:
    """Return the chances by length; a run of m voxels holds m - k segments over k edges."""
    every = runs.whole + runs.cut
    longer = np.cumsum(every[::-1])[::-1]  # runs of at least m voxels
    segments = np.cumsum(longer[::-1])[::-1][1:]
    places = runs.lines * (runs.length - np.arange(runs.length))
    path: np.ndarray = segments / places
    return path


def measure(phase: np.ndarray, spacing: tuple[float, ...] | None) -> Steps[list[Feature]]:
    """Measure the lineal path and the length over which it fades.

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
        ``lineal_path``: the length, in um, at which the chance, averaged over the axes,
        has fallen to 5 % of the phase fraction; the curves are in the details.
    """
    return features((yield from count(Chunk.whole(phase))), phase.shape, spacing)


def halo(shape: tuple[int, ...], spacing: tuple[float, ...] | None) -> tuple[int, int]:
    """Return how many planes a chunk needs above and below its own: none, as runs go on in the next."""
    return 0, 0


def count(chunk: Chunk, spacing: tuple[float, ...] | None = None) -> Steps[ChunkRuns]:
    """Count the runs of a chunk of planes, or of the whole volume."""
    return runs_of(chunk)


def features(found: ChunkRuns, shape: tuple[int, ...], spacing: tuple[float, ...] | None) -> list[Feature]:
    """Return the feature that follows from the runs of the whole volume."""
    name: dict[str, Any] = {
        "name": NAMES[0],
        "unit": "um",
        "method": "segments along the axes, length at 5 % of the phase fraction",
    }
    if spacing is None:
        return [Feature(value=None, reason="voxel size unknown", **name)]
    paths = [_path(runs) for runs in found.closed()[3 - len(shape) :]]
    if not paths[0][0]:
        return [Feature(value=None, reason="the phase is absent", **name)]
    axes = AXES[3 - len(shape) :]
    lengths = [s * np.arange(len(path)) for s, path in zip(spacing, paths, strict=True)]
    details: dict[str, Any] = {
        "curves": {
            axis: {"length_um": x[:_MOST_POINTS].tolist(), "chance": p[:_MOST_POINTS].tolist()}
            for axis, x, p in zip(axes, lengths, paths, strict=True)
        }
    }
    usable = [(x, p) for x, p in zip(lengths, paths, strict=True) if len(p) > 1]
    reach = min((x[-1] for x, _ in usable), default=0.0)
    common = np.arange(0, reach + 1e-9, min(spacing))
    mean = np.mean([np.interp(common, x, p) for x, p in usable], axis=0) if usable else np.ones(1)
    below = np.flatnonzero(mean < LEVEL * paths[0][0])
    if not len(below):
        reason = f"no fall below 5 % up to {reach:.4g} um"
        return [Feature(value=None, reason=reason, details=details, **name)]
    end = below[0]
    share = (mean[end - 1] - LEVEL * paths[0][0]) / (mean[end - 1] - mean[end])
    value = float(common[end - 1] + share * min(spacing))
    return [Feature(value=value, details=details, **name)]
