"""Surfaces of facetted crystallites: exact cells, heights and slopes, periodic."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import ParameterError
from ..io.limits import require_memory
from ..progress import Progress, Steps
from .film_kernels import caliper_extent, envelope, thinned
from .film_rule import FilmLaw

SPACING = 0.6
"""Least distance of seeds, in units of the square root of the area per seed."""
FERET_OF_SPACING = (1.627, 1.491, 0.035)
"""Mean Feret diameter in those units for three facets and for four, and what full order takes from the first.

Measured on surfaces of 1800 x 1800 pixels, features of 80 pixels, calipers midway between pixel corners and
centres; standard errors 0.005."""
DIRECTIONS = 60
"""Calipers between 0 and 180 degree; the largest is missed by 0.03 % at most."""
LEAST_WIDTH = 4.0
"""A box is at least this many mean Feret diameters wide."""


@dataclass(frozen=True, eq=False)
class FilmSurface:
    """A periodic surface and all that is known of it exactly."""

    height: np.ndarray
    """Heights in nm, shape (R, C)."""
    facetted: np.ndarray
    """Heights before rounding and roughness, in nm."""
    cells: np.ndarray
    """Crystallite of each pixel, from 1, shape (R, C)."""
    seeds: np.ndarray
    """Tip of each crystallite (row, column), in nm."""
    azimuths: np.ndarray
    """Azimuth of the first facet of each crystallite, in radian."""
    sides: np.ndarray
    """Facets of each crystallite, 3 or 4."""
    slope: np.ndarray
    """Slope of the facet under each pixel, in degree; 0 on plateaus."""
    pixel: float
    """Edge of a pixel, in nm."""

    @cached_property
    def calipers(self) -> np.ndarray:
        """Calipers of the visible crystallites over the corners of their pixels, in nm, shape (n, d)."""
        angles = np.arange(DIRECTIONS) * np.pi / DIRECTIONS
        directions = np.stack([np.sin(angles), np.cos(angles)], axis=1)
        widths = caliper_extent(self.cells - 1, self.seeds, self.pixel, len(self.seeds), directions)
        own = self.pixel * np.abs(directions).sum(axis=1)
        return np.asarray(widths[widths[:, 0] >= 0] + own)

    @cached_property
    def ferets(self) -> np.ndarray:
        """Feret diameter (largest caliper) of each visible crystallite, in nm."""
        return np.asarray(self.calipers.max(axis=1))

    @cached_property
    def areas(self) -> np.ndarray:
        """Area of each visible crystallite, in nm²."""
        counts = np.bincount(self.cells.ravel(), minlength=len(self.seeds) + 1)[1:]
        return counts[counts > 0] * self.pixel**2

    @property
    def azimuth_order(self) -> float:
        """Length of the mean of exp(i m azimuth), m facets: 1 if all agree, near 0 if none do.

        Crystallites of three and of four facets are summed apart: their azimuths have no common phase.
        """
        phases = np.exp(1j * self.sides * self.azimuths)
        sums = [abs(phases[self.sides == m].sum()) for m in (3, 4)]
        return float(sum(sums) / len(self.sides))


def film_surface(
    law: FilmLaw, shape: tuple[int, int], pixel: float, seed: int | list[int]
) -> Steps[FilmSurface]:
    """Grow a surface with the features that a law asks for.

    Every crystallite is a pyramid of three or four facets around a random tip; the surface is the
    highest of all of them, so that cells meet in grooves. Ions round it by a Gaussian; the roughness is
    a stationary Edwards-Wilkinson surface.

    Parameters
    ----------
    law : FilmLaw
        Size, slope and orientation.
    shape : (int, int)
        Rows and columns; periodic along both.
    pixel : float
        Edge of a pixel, in nm.
    seed : int or list of int
        The same seed gives the same surface.

    Yields
    ------
    Progress
        A tick per strip of rows.

    Returns
    -------
    FilmSurface
        The surface.

    Raises
    ------
    ParameterError
        If the box is narrower than four features.
    """
    box = np.array(shape, float) * pixel
    if box.min() < LEAST_WIDTH * law.feret:
        raise ParameterError(
            f"The box is {box.min():.0f} nm wide and a feature {law.feret:.0f} nm; it must be at least "
            f"{LEAST_WIDTH:g} times that: {math.ceil(LEAST_WIDTH * law.feret / pixel)} pixels."
        )
    require_memory(80 * shape[0] * shape[1], f"A film of {shape} pixels", "Ask for a smaller shape.")
    rng = np.random.default_rng(seed)
    tips, spacing = _tips(law, box, rng)
    sides = np.where(rng.random(len(tips)) < law.four_sided, 4, 3)
    azimuths = _azimuths(law.order, sides, rng)
    tangent = math.tan(math.radians(law.slope)) * np.exp(0.1 * rng.standard_normal(len(tips)))
    facets = _facets(sides, azimuths, tangent, 0.3 * law.order)
    apex = 0.12 * spacing * math.tan(math.radians(law.slope)) * rng.standard_normal(len(tips))
    height, owner, facet = np.empty(shape), np.empty(shape, np.int32), np.empty(shape, np.int8)
    fill = _filler(tips, spacing, apex, facets, shape, pixel, (height, owner, facet))
    step = max(1, 60_000 // shape[1])
    for first in range(0, shape[0], step):
        fill(first, min(shape[0], first + step))
        yield Progress(min(shape[0], first + step), shape[0] + 1, "growing crystallites")
    slope = np.degrees(np.arctan(np.linalg.norm(facets, axis=2)))[owner, facet]
    if law.plateau > 0.01:
        depth = law.plateau * 0.5 * spacing * tangent
        flat = height > (apex - depth)[owner]
        height, slope = np.minimum(height, (apex - depth)[owner]), np.where(flat, 0.0, slope)
    final = _rounded(height, law, shape, pixel, rng)
    yield Progress(shape[0] + 1, shape[0] + 1, "rounding")
    return FilmSurface(final, height, owner + 1, tips, azimuths, sides, slope, pixel)


def _tips(law: FilmLaw, box: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Return tips that keep a distance, and the square root of the area of each."""
    three, four, less = FERET_OF_SPACING
    mean = three + (four - three) * law.four_sided - less * law.order**4 * (1 - law.four_sided)
    spacing = law.feret / mean
    count = max(4, round(float(box.prod()) / spacing**2))
    spacing = math.sqrt(float(box.prod()) / count)
    candidates = rng.random((30 * count + 200, 2)) * box
    taken = thinned(candidates, box, SPACING * spacing, count)
    return candidates[taken], spacing


def _azimuths(order: float, sides: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return azimuths whose m-fold order is ``order``: a wrapped normal distribution, or uniform."""
    if order <= 0:
        return rng.random(len(sides)) * 2 * np.pi
    deviation = math.sqrt(-2 * math.log(order))
    preferred = rng.random() * 2 * np.pi
    return preferred + deviation * rng.standard_normal(len(sides)) / sides


def _facets(sides: np.ndarray, azimuths: np.ndarray, tangent: np.ndarray, tilt: float) -> np.ndarray:
    """Return the slopes of the facets along rows and columns; a tilt makes the first facet the steepest."""
    turn = 2 * np.pi * (np.arange(4)[None, :] % sides[:, None]) / sides[:, None]
    angle = azimuths[:, None] + turn
    steep = tangent[:, None] * (1 + tilt * np.cos(turn))
    return np.stack([steep * np.sin(angle), steep * np.cos(angle)], axis=2)


def _filler(
    tips: np.ndarray,
    spacing: float,
    apex: np.ndarray,
    facets: np.ndarray,
    shape: tuple[int, int],
    pixel: float,
    results: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> Callable[[int, int], None]:
    """Return a function that fills rows of the envelope, the tips sorted into bins."""
    box = np.array(shape, float) * pixel
    rows, columns = (max(1, int(edge / spacing)) for edge in box)
    index = (tips[:, 0] / box[0] * rows).astype(int) % rows * columns
    index += (tips[:, 1] / box[1] * columns).astype(int) % columns
    order = np.argsort(index, kind="stable")
    starts = np.searchsorted(index[order], np.arange(rows * columns + 1))
    reach = (min(3, (rows - 1) // 2), min(3, (columns - 1) // 2))

    def fill(first: int, last: int) -> None:
        envelope(
            tips, order, starts, (rows, columns), reach, apex, facets, shape, pixel, first, last, *results
        )

    return fill


def _rounded(
    height: np.ndarray, law: FilmLaw, shape: tuple[int, int], pixel: float, rng: np.random.Generator
) -> np.ndarray:
    """Return heights rounded by ions, with roughness on top."""
    from scipy import fft, ndimage

    smooth = ndimage.gaussian_filter(height, law.rounding / pixel, mode="wrap")
    if not law.roughness:
        return np.asarray(smooth)
    rows, columns = (fft.fftfreq(shape[0])[:, None] / pixel, fft.rfftfreq(shape[1])[None, :] / pixel)
    squared = rows**2 + columns**2
    damping = 1 / np.sqrt(squared + (3 / law.feret) ** 2) * np.exp(-2 * (np.pi * pixel) ** 2 * squared)
    noise = fft.irfft2(fft.rfft2(rng.standard_normal(shape)) * damping, shape)
    return np.asarray(smooth + law.roughness / noise.std() * (noise - noise.mean()))
