"""Integrals of curvature over an interface, from counts of 2 x 2 x 2 voxel configurations.

Plane sections through a body know its mean curvature: their Euler number, averaged over
all planes, is the integral of the mean curvature over 2 pi. The integral of the Gaussian
curvature is 4 pi times the Euler number of the body (Gauss and Bonnet). Neither needs a
mesh or a smoothing, and both hold where the curvature at a point cannot be measured.

Everything is counted in the cells between voxel centres, so a voxel on a face of the
volume counts half. Faces of the volume are then no interface, and the numbers of a
window are unbiased for the material it was cut from.

References
----------
Ohser, Schladitz, 3D Images of Materials Structures, Wiley 2009, chapter 5.
Legland, Kieu, Devaux, Image Anal. Stereol. 26 (2007) 83, doi 10.5566/ias.v26.p83-92.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from ..errors import AxesError
from ..progress import Progress, Steps, finish, scaled
from .chunk import Chunk
from .euler_number import CELL_SIGNS, CELLS
from .lattice_directions import direction_weights, lattice_directions
from .voxel_configurations import Configuration, Counts


@dataclass(frozen=True, kw_only=True)
class CurvatureIntegrals:
    """Integrals over the interface per volume of the sample; convex bodies of the phase count positive."""

    mean: float
    """Integral of the mean curvature, in 1/micrometre squared."""
    gaussian: float
    """Integral of the Gaussian curvature, in 1/micrometre cubed; 4 pi times the Euler density."""
    gaussian_range: tuple[float, float]
    """The same with only voxels that share a face connected, and with all that touch."""

    @property
    def euler_density(self) -> float:
        """Euler number per volume, mean of both connectivities, in 1/micrometre cubed."""
        return self.gaussian / (4 * np.pi)


@dataclass(frozen=True)
class _Plane:
    """A family of lattice planes: cells of its lattice, and where they stand among the counts."""

    edges: tuple[Configuration, ...]
    faces: tuple[Configuration, ...]
    basis: np.ndarray


def curvature_integrals(phase: np.ndarray, spacing: tuple[float, ...]) -> CurvatureIntegrals:
    """Integrate mean and Gaussian curvature over the interface of a phase.

    Parameters
    ----------
    phase : ndarray of bool, shape (P, R, C)
        True where the phase is; at least two voxels along each axis.
    spacing : (float, float, float)
        Voxel edges along plane, row and column, in micrometre.

    Returns
    -------
    CurvatureIntegrals
        Integrals per volume between the outermost voxel centres.

    Raises
    ------
    AxesError
        If the volume is one voxel thin.

    Examples
    --------
    A ball: 4 pi r and 4 pi.

    >>> z, y, x = np.ogrid[-12:13, -12:13, -12:13]
    >>> found = curvature_integrals(z**2 + y**2 + x**2 <= 9.6**2, (1.0, 1.0, 1.0))
    >>> volume = 24**3
    >>> round(found.mean * volume / (4 * np.pi * 9.6), 2), round(found.gaussian * volume / (4 * np.pi), 6)
    (0.99, 1.0)
    """
    return finish(integrating_steps(phase, spacing))


def integrating_steps(phase: np.ndarray, spacing: tuple[float, ...]) -> Steps[CurvatureIntegrals]:
    """Run `curvature_integrals` with progress."""
    if phase.ndim != 3 or min(phase.shape) < 2:
        raise AxesError(
            f"Curvature needs at least two voxels along each axis; this volume is "
            f"{' x '.join(map(str, phase.shape))}. Give a thicker volume."
        )
    found = yield from counting_cells(Chunk.whole(phase))
    return integrals_of(found, phase.shape, spacing)


@dataclass(frozen=True)
class CellCounts:
    """Weighted counts of cells; those of chunks add up to those of the whole."""

    inside: np.ndarray
    """Cells with all voxels in the phase, float64 in eighths, shape (n,)."""
    outside: np.ndarray
    """Cells with none."""

    def __add__(self, other: "CellCounts") -> "CellCounts":
        return CellCounts(self.inside + other.inside, self.outside + other.outside)


def counting_cells(chunk: Chunk) -> Steps[CellCounts]:
    """Count the cells of a chunk of planes, or of the whole volume; a chunk needs one plane above."""
    families = _families()
    return _cell_counts(chunk, CELLS[3] + tuple(c for f in families for c in (*f.edges, *f.faces)))


def integrals_of(found: CellCounts, shape: tuple[int, ...], spacing: tuple[float, ...]) -> CurvatureIntegrals:
    """Return the integrals that follow from the counts of a whole volume."""
    families = _families()
    per_cell = np.stack([found.inside, found.outside]) / np.prod(np.array(shape) - 1)
    edges = np.asarray(spacing, float)
    with_faces, touching = 4 * np.pi * (per_cell[:, : len(CELLS[3])] @ CELL_SIGNS[3]) / np.prod(edges)
    weights = direction_weights(lattice_directions(3), tuple(1 / edges))
    sections = _section_euler_densities(per_cell, families, edges)
    mean = np.pi * weights @ (sections[:, 0] - sections[:, 1])
    return CurvatureIntegrals(
        mean=float(mean),
        gaussian=float((with_faces + touching) / 2),
        gaussian_range=(float(with_faces), float(touching)),
    )


def _families() -> list[_Plane]:
    """Planes of Miller indices 0 and +-1: rectangles, or triangles on the cube's diagonals."""
    unit = np.eye(3, dtype=int)
    families = []
    for indices in lattice_directions(3):
        along = [axis for axis in range(3) if indices[axis]]
        across = [axis for axis in range(3) if not indices[axis]]
        signed = [unit[axis] * indices[axis] for axis in along]
        if len(along) == 3:
            a, b, c = signed
            edges = [a - b, a - c, b - c]
            faces = [(a, b, c), (a + b, a + c, b + c)]
        else:
            first = unit[across[0]]
            second = unit[across[1]] if len(along) == 1 else signed[0] - signed[1]
            edges = [first, second]
            faces = [(0 * first, first, second, first + second)]  # type: ignore[list-item]
        zero = np.zeros(3, int)
        families.append(
            _Plane(
                tuple(_configuration(zero, edge) for edge in edges),
                tuple(_configuration(*face) for face in faces),
                np.array(edges[:2]),
            )
        )
    return families


def _configuration(*offsets: np.ndarray) -> Configuration:
    return tuple((int(z), int(y), int(x)) for z, y, x in offsets)


def _section_euler_densities(per_cell: np.ndarray, families: list[_Plane], spacing: np.ndarray) -> np.ndarray:
    """Euler number per area of the plane sections, for the phase and for the rest, shape (13, 2)."""
    densities = []
    start = len(CELLS[3])
    for family in families:
        middle = start + len(family.edges)
        stop = middle + len(family.faces)
        area = np.linalg.norm(np.cross(*(family.basis * spacing)))
        euler = per_cell[:, 0] - per_cell[:, start:middle].sum(1) + per_cell[:, middle:stop].sum(1)
        densities.append(euler / area)
        start = stop
    return np.array(densities)


def _cell_counts(chunk: Chunk, configurations: tuple[Configuration, ...]) -> Steps[CellCounts]:
    """Count configurations with weight 1/2 for each face of the volume in which they lie flat."""
    flat = np.array([np.ptp(c, axis=0) == 0 for c in configurations])
    inside, outside = np.zeros(len(configurations)), np.zeros(len(configurations))
    for weight, part, chosen, share in _parts(chunk, flat):
        some = tuple(c for c, keep in zip(configurations, chosen, strict=True) if keep)
        counts: Counts = yield from scaled(part.counted(some, 1), *share, 100)
        inside[chosen] += weight * counts.inside
        outside[chosen] += weight * counts.outside
    yield Progress(100, 100, "curvature integrated")
    return CellCounts(inside, outside)


def _parts(chunk: Chunk, flat: np.ndarray) -> Iterator[tuple[float, Chunk, np.ndarray, tuple[int, int]]]:
    """Yield the volume, its faces, edges and corners; each weighs -1/2 per axis in which it is thin."""
    ranges = (slice(None), slice(0, 1), slice(-1, None))
    for which in product(range(3), repeat=3):
        if (which[0] == 1 and not chunk.is_first) or (which[0] == 2 and not chunk.is_last):
            continue
        thin = np.array(which) > 0
        chosen = np.asarray(flat[:, thin].all(axis=1))
        sides = tuple(ranges[w] for w in which[1:])
        part = Chunk.whole(chunk.core[(ranges[which[0]], *sides)])
        if not thin[0]:
            part = replace(chunk, phase=chunk.phase[(slice(None), *sides)])
        yield (-0.5) ** int(thin.sum()), part, chosen, (0, 80) if not thin.any() else (80, 15)
