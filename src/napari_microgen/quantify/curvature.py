"""Mean and Gaussian curvature of the interface of a phase.

The means over the interface come from integral geometry, which needs no smoothing:
curvature at single points of a voxel image is uncertain by a quarter to a half of its
own spread. Points are sampled too, for the joint distribution of both curvatures and
its quadrants, always with the smoothing they belong to.

Curvature counts positive where the phase is convex: a solid ball of radius r has mean
curvature 1/r, a round pore -1/r; both have Gaussian curvature 1/r^2.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..features import Feature
from ..progress import Progress, Steps, finish, scaled
from .chunk import Chunk
from .integral_geometry import CellCounts, counting_cells, integrals_of, integrating_steps
from .kde import joint_density
from .specific_surface_area import area_of_pairs, counting_pairs_for_surface, specific_surface_area
from .surface_points import SurfacePoints, planes_around, sampling_steps
from .voxel_configurations import Counts

NAMES = ("mean_curvature", "gaussian_curvature")
NEEDS_LENGTH = True
DIMENSIONS = (3,)
BYTES_PER_VOXEL = 7.0
UNDEFINED_WHEN = "there is no interface, or fewer than two voxels along an axis"

UNITS = ("1/um", "1/um^2")
QUADRANTS = ("cap", "cup", "saddle_convex", "saddle_concave")
_LEAST_POINTS = 20


def mean_curvatures(phase: np.ndarray, spacing: tuple[float, ...]) -> tuple[float, float]:
    """Average mean and Gaussian curvature over the interface of a phase.

    Parameters
    ----------
    phase : ndarray of bool, shape (P, R, C)
        True where the phase is; both phases present, at least two voxels along each axis.
    spacing : (float, float, float)
        Voxel edges, in micrometre.

    Returns
    -------
    mean, gaussian : float
        Area-weighted averages in 1/micrometre and 1/micrometre squared.

    Raises
    ------
    AxesError
        If the volume is one voxel thin.
    ZeroDivisionError
        If there is no interface.

    Examples
    --------
    >>> z, y, x = np.ogrid[-24:25, -24:25, -24:25]
    >>> mean, gaussian = mean_curvatures(z**2 + y**2 + x**2 <= 20.3**2, (1.0, 1.0, 1.0))
    >>> bool(abs(20.3 * mean - 1) < 0.08), bool(abs(20.3**2 * gaussian - 1) < 0.08)
    (True, True)
    """
    integrals = finish(integrating_steps(phase, spacing))
    surface = specific_surface_area(phase, spacing)
    return integrals.mean / surface, integrals.gaussian / surface


def quadrants(points: SurfacePoints) -> dict[str, float]:
    """Share of the interface in each quadrant of mean (M) and Gaussian (G) curvature.

    Returns
    -------
    dict of str to float
        ``cap`` (M > 0, G > 0), ``cup`` (M < 0, G > 0), ``saddle_convex`` (M > 0, G < 0)
        and ``saddle_concave`` (M < 0, G < 0), shares of the area.
    """
    convex, elliptic = points.mean > 0, points.gaussian > 0
    masks = (convex & elliptic, ~convex & elliptic, convex & ~elliptic, ~convex & ~elliptic)
    areas = [float(points.area[mask].sum(dtype=np.float64)) for mask in masks]
    return {name: area / sum(areas) for name, area in zip(QUADRANTS, areas, strict=True)}


def measure(
    phase: np.ndarray,
    spacing: tuple[float, ...] | None,
    *,
    smoothing: float | None = None,
    density_bins: int = 64,
) -> Steps[list[Feature]]:
    """Measure mean and Gaussian curvature and their joint distribution.

    Parameters
    ----------
    phase : ndarray of bool, shape (P, R, C)
        True where the phase is.
    spacing : tuple of float or None
        Voxel edges in micrometre.
    smoothing : float or None
        Standard deviation of the Gaussian for curvature at points, in micrometre. None:
        1.5 times the largest voxel edge. The two averages do not depend on it.
    density_bins : int
        Points of the joint density along each curvature. 64 are enough for a picture.

    Yields
    ------
    Progress
        One tick per plane.

    Returns
    -------
    list of Feature
        ``mean_curvature`` in 1/um and ``gaussian_curvature`` in 1/um^2.
    """
    if _undefined(phase.shape, spacing) is not None or spacing is None:
        return features(None, phase.shape, spacing)
    found = yield from count(Chunk.whole(phase), spacing, smoothing=smoothing)
    return features(found, phase.shape, spacing, density_bins=density_bins)


@dataclass(frozen=True)
class CurvatureCounts:
    """What is counted in a chunk; the counts of all chunks add up to those of the whole."""

    cells: CellCounts
    surface: Counts
    points: SurfacePoints

    def __add__(self, other: "CurvatureCounts") -> "CurvatureCounts":
        return CurvatureCounts(
            self.cells + other.cells, self.surface + other.surface, self.points + other.points
        )


def halo(shape: tuple[int, ...], spacing: tuple[float, ...]) -> tuple[int, int]:
    """Return how many planes a chunk needs above and below its own."""
    return planes_around(spacing)


def count(
    chunk: Chunk, spacing: tuple[float, ...], *, smoothing: float | None = None
) -> Steps[CurvatureCounts]:
    """Count cells and sample points in a chunk of planes, or in the whole volume."""
    cells: CellCounts = yield from scaled(counting_cells(chunk), 0, 20, 100)
    surface: Counts = yield from scaled(counting_pairs_for_surface(chunk), 20, 5, 100)
    points: SurfacePoints = yield from scaled(
        sampling_steps(chunk, spacing, smoothing=smoothing), 25, 70, 100
    )
    yield Progress(95, 100, "joint density of the curvatures")
    return CurvatureCounts(cells, surface, points)


def features(
    found: CurvatureCounts | None,
    shape: tuple[int, ...],
    spacing: tuple[float, ...] | None,
    *,
    density_bins: int = 64,
) -> list[Feature]:
    """Return the features that follow from the counts of the whole volume."""
    reason = _undefined(shape, spacing)
    if reason is not None or spacing is None or found is None:
        return _without_value(reason or "voxel size unknown")
    surface = area_of_pairs(found.surface, shape, spacing)
    if surface == 0:
        return _without_value("the volume has one phase only")
    integrals = integrals_of(found.cells, shape, spacing)
    details = _of_points(found.points, density_bins)
    low, high = sorted(value / surface for value in integrals.gaussian_range)
    return [
        Feature(
            name=NAMES[0],
            value=integrals.mean / surface,
            unit=UNITS[0],
            method="plane sections in 13 orientations over Crofton surface",
            details=details,
        ),
        Feature(
            name=NAMES[1],
            value=integrals.gaussian / surface,
            unit=UNITS[1],
            method="Gauss-Bonnet: 4 pi Euler density over Crofton surface",
            details={"connectivity_range": [low, high]} | details,
        ),
    ]


def _undefined(shape: tuple[int, ...], spacing: tuple[float, ...] | None) -> str | None:
    if len(shape) != 3:
        return "curvature of an interface needs a volume"
    if min(shape) < 2:
        return f"fewer than two voxels along an axis (shape {' x '.join(map(str, shape))})"
    return "voxel size unknown" if spacing is None else None


def _without_value(reason: str) -> list[Feature]:
    return [Feature(name=n, value=None, unit=u, reason=reason) for n, u in zip(NAMES, UNITS, strict=True)]


def _of_points(points: SurfacePoints, bins: int) -> dict[str, Any]:
    """Return what is known from single points, as plain values."""
    count = len(points.mean)
    plain: dict[str, Any] = {"smoothing_um": points.smoothing, "points": count}
    if count < _LEAST_POINTS:
        return plain | {"pointwise_reason": "no interface lies three smoothing lengths inside the volume"}
    area = points.area.astype(np.float64)
    averages = {
        "pointwise_mean_curvature": np.average(points.mean, weights=area),
        "pointwise_gaussian_curvature": np.average(points.gaussian, weights=area),
        "unweighted_mean_curvature": points.mean.mean(dtype=np.float64),
        "unweighted_gaussian_curvature": points.gaussian.mean(dtype=np.float64),
        "clipped_share": points.clipped / count,
    }
    plain |= {name: float(value) for name, value in averages.items()}
    plain["quadrants"] = quadrants(points)
    try:
        density = joint_density(points.mean, points.gaussian, weights=area, bins=(bins, bins))
    except ValueError as error:
        return plain | {"joint_density_reason": str(error)}
    plain["joint_density"] = {
        "mean_curvature": [float(f"{v:.6g}") for v in density.x],
        "gaussian_curvature": [float(f"{v:.6g}") for v in density.y],
        "density": [[float(f"{v:.4g}") for v in row] for row in density.density],
    }
    return plain
