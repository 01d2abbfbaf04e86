"""Simulated FIB-SEM faces of a solid: an optical surrogate with exact labels.

Not a Monte Carlo of electrons. Each face is seen along a tilted ray; pores show the wall
behind them, dimmed by its depth (shine-through). The ion beam comes from the first row,
so the ray into the block runs towards higher rows and higher planes, and curtains run
along the rows.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..errors import ParameterError

SOLID, PORE, SHINE_THROUGH = 1, 2, 3
MAX_DEPTH_PLANES = 80
"""A wall farther behind the face than this many planes is not seen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Optics:
    """How a face turns into grey values (solid = 1 before edges, texture and noise)."""

    tilt: float = 36.0
    """Angle between the electron beam and the normal of the face, in degree."""
    background: float = 0.12
    """Grey of a pore with nothing behind it."""
    contrast: float = 0.90
    """Grey added by a wall directly behind the face."""
    decay: float = 223.2
    """Depth at which that is down to 1/e, in nm."""
    edge_glow: float = 0.25
    """Extra grey of the solid at the rim of a pore."""
    edge_decay: float = 1.5
    """Distance at which the glow is down to 1/e, in px."""
    texture: float = 0.05
    """Standard deviation of the grain of the solid, as a factor."""
    texture_smoothing: float = 4.0
    """Smoothing length of that grain, in px."""
    curtain: float = 0.04
    """Standard deviation of the stripes along the milling direction."""
    curtain_smoothing: float = 1.5
    """Smoothing length of the stripes across them, in px."""
    shadow: float = 0.12
    """Share of the signal lost from the first to the last row."""
    blur: float = 0.6
    """Standard deviation of the beam, in px."""
    noise: float = 0.05
    """Standard deviation of the detector noise."""
    electrons: float = 0.0
    """Mean electron count of a pixel of grey 1, for Poisson noise; 0 for none."""
    drift: float = 0.0
    """Standard deviation of the brightness step from slice to slice, as a factor."""
    misalignment: float = 0.0
    """Standard deviation of the shift from slice to slice, in px."""
    redeposition: float = 0.0
    """Extra grey of pores above their lower rim."""
    charging: float = 0.0
    """Extra grey of streaks along scan lines."""
    gain: float = 150.0
    """Steps of the 8-bit image per unit of grey."""
    offset: float = 10.0
    """8-bit value of grey 0."""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ParameterError(f"{name} is {value:g}; it must be a finite number, 0 or above.")
        if self.tilt >= 80:
            raise ParameterError(f"tilt is {self.tilt:g} degrees; it must be below 80.")
        if self.decay == 0 or self.gain == 0:
            raise ParameterError("decay and gain must be above 0.")


PAPER_LIKE = Optics()
"""The calibrated point for cubic voxels of 18.6 nm: decay 12 planes, Otsu scores as in Table 1 of
Wijaya et al. 2024 (accuracy 0.87, pore Jaccard 0.69; simulated 0.869 and 0.689 on a level-cut field of
porosity 0.424 and smoothing 74.4 nm, four volumes)."""

PAPER_LIKE_PITCH = replace(PAPER_LIKE, decay=235.0)
"""The same for the slice pitch of that work, 25 nm on pixels of 18.6 nm, where 9.4 planes are needed
(240 nm gives 0.868 and 0.685, 223 nm 0.873 and 0.696, 200 nm 0.880 and 0.714)."""


@dataclass(frozen=True, slots=True)
class Face:
    """One simulated slice and its truth."""

    grey: np.ndarray
    """uint8, shape (R, C)."""
    labels: np.ndarray
    """uint8: 1 solid, 2 pore, 3 shine-through (a pore seen brighter than midway to the solid)."""
    depth: np.ndarray
    """float32, nm: depth of the wall seen; 0 on solid, inf for no wall, nan where the ray left the volume."""
    shift: tuple[float, float]
    """Rows and columns by which the grey image was displaced."""
    brightness: float
    """Factor on the grey of the whole slice."""


def image_stack(
    solid: np.ndarray,
    *,
    seed: int = 0,
    voxel_size: tuple[float, float, float] = (18.6, 18.6, 18.6),
    margin: tuple[int, int] = (0, 0),
    optics: Optics = PAPER_LIKE,
    **changes: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulate the FIB-SEM stack of a solid, with its exact labels.

    Parameters
    ----------
    solid : ndarray of bool, shape (P, R, C)
        True where the solid is. Axes are plane (milling goes to higher planes), row, column.
    seed : int
        The same seed gives the same images; labels do not depend on it.
    voxel_size : (float, float, float)
        Voxel edge along plane, row and column, in nm.
    margin : (int, int)
        Planes at the end and rows at the bottom that rays may reach but that are not imaged.
    optics : Optics
        Contrast and artefacts.
    **changes : float
        Fields of `Optics` that differ from ``optics``, such as ``decay=100.0``.

    Returns
    -------
    grey : ndarray of uint8, shape (P - margin[0], R - margin[1], C)
    labels : ndarray of uint8, the same shape
        1 solid, 2 pore, 3 shine-through.
    depth : ndarray of float32, the same shape
        Depth of the wall seen, in nm; 0 on solid, inf for no wall, nan where the ray left
        the volume before it met a wall.

    Raises
    ------
    ParameterError
        If the shape, the margin or a parameter makes no sense.
    """
    rows = solid.shape[1] - margin[1]
    planes = solid.shape[0] - margin[0]
    grey = np.empty((max(planes, 0), max(rows, 0), solid.shape[2]), np.uint8)
    labels, depth = np.empty_like(grey), np.empty(grey.shape, np.float32)
    faces = image_faces(
        solid, seed=seed, voxel_size=voxel_size, margin=margin, optics=replace(optics, **changes)
    )
    for index, face in enumerate(faces):
        grey[index], labels[index], depth[index] = face.grey, face.labels, face.depth
    return grey, labels, depth


def image_faces(
    solid: np.ndarray,
    *,
    seed: int,
    voxel_size: tuple[float, float, float],
    margin: tuple[int, int],
    optics: Optics,
) -> Iterator[Face]:
    """Yield the simulated slices of a solid one by one; see `image_stack`."""
    planes, rows = solid.shape[0] - margin[0], solid.shape[1] - margin[1]
    if solid.ndim != 3 or min(planes, rows, *margin, 0) < 0 or min(planes, rows, solid.shape[2]) < 1:
        raise ParameterError(
            f"A solid of shape {solid.shape} with a margin of {margin[0]} planes and {margin[1]} rows leaves "
            f"nothing to image; give three axes and a smaller margin."
        )
    shift, brightness = np.zeros(2), 1.0
    for plane in range(planes):
        random = np.random.default_rng([seed, plane])
        depth = wall_depth(solid, plane, rows, voxel_size, optics.tilt)
        back = back_wall_grey(depth, optics)
        labels = np.where(depth == 0, SOLID, PORE).astype(np.uint8)
        labels[(depth != 0) & (back > (optics.background + 1) / 2)] = SHINE_THROUGH
        if plane:  # the first slice is the reference
            shift = shift + optics.misalignment * random.standard_normal(2)
            brightness *= math.exp(optics.drift * random.standard_normal())
        image = _artefacts(back, depth == 0, random, optics) * brightness
        image = _detect(image, shift, random, optics)
        yield Face(image, labels, depth, (float(shift[0]), float(shift[1])), brightness)


def wall_depth(
    solid: np.ndarray, plane: int, rows: int, voxel_size: tuple[float, float, float], tilt: float
) -> np.ndarray:
    """Depth below one face of the first solid voxel along the tilted ray of each pixel.

    Parameters
    ----------
    solid : ndarray of bool, shape (P, R, C)
        True where the solid is.
    plane : int
        The face.
    rows : int
        Rows that are imaged, from the first on.
    voxel_size : (float, float, float)
        Voxel edge along plane, row and column, in nm.
    tilt : float
        Angle between ray and face normal, in degree; the ray runs to higher rows.

    Returns
    -------
    ndarray of float32, shape (rows, C)
        Depth along the face normal in nm; 0 on solid, inf if there is no wall within
        80 planes, nan where the ray leaves the volume before it meets one.
    """
    face = np.asarray(solid[plane, :rows], bool)
    columns = face.shape[1]
    depth = np.where(face, np.float32(0), np.float32(np.inf))
    flat = depth.ravel()
    open_rays = np.flatnonzero(~face)
    slope = math.tan(math.radians(tilt)) * voxel_size[0] / voxel_size[1]
    for step in range(1, MAX_DEPTH_PLANES + 1):
        if not open_rays.size:
            break
        seen = open_rays + round(step * slope) * columns
        inside = seen < solid.shape[1] * columns
        if plane + step >= solid.shape[0]:
            inside[:] = False
        flat[open_rays[~inside]] = np.nan
        open_rays, seen = open_rays[inside], seen[inside]
        if not open_rays.size:
            break
        hit = np.asarray(solid[plane + step], bool).ravel()[seen]
        flat[open_rays[hit]] = step * voxel_size[0]
        open_rays = open_rays[~hit]
    return depth


def back_wall_grey(depth: np.ndarray, optics: Optics) -> np.ndarray:
    """Noise-free grey of a face from the depth of what is seen; solid 1, nothing seen = background."""
    known = np.where(np.isnan(depth), np.inf, depth)
    grey = optics.background + optics.contrast * np.exp(-known / np.float32(optics.decay))
    return np.where(depth == 0, 1.0, grey)


def _artefacts(
    image: np.ndarray, solid: np.ndarray, random: np.random.Generator, optics: Optics
) -> np.ndarray:
    """Edge glow, redeposition, texture, curtains, charging and shadow on a noise-free face."""
    from scipy import ndimage as ndi

    rows, columns = image.shape
    if optics.edge_glow and not solid.all():
        image = (
            image + optics.edge_glow * np.exp(-ndi.distance_transform_edt(solid) / optics.edge_decay) * solid
        )
    if optics.redeposition:
        image = image + optics.redeposition * np.exp(-_rows_to_floor(solid) / 3.0) * ~solid
    if optics.texture:
        image = image * (1 + optics.texture * _unit_noise(random, (rows, columns), optics.texture_smoothing))
    if optics.curtain:
        image = image + optics.curtain * _unit_noise(random, (columns,), optics.curtain_smoothing)
    if optics.charging:
        image = image + optics.charging * _streaks(random, rows, columns)
    return np.asarray(image * (1 - optics.shadow * np.linspace(0, 1, rows))[:, None])


def _detect(image: np.ndarray, shift: np.ndarray, random: np.random.Generator, optics: Optics) -> np.ndarray:
    """Blur, displacement, counting noise, detector noise and 8-bit steps."""
    from scipy import ndimage as ndi

    if shift.any():
        image = ndi.shift(image, shift, order=1, mode="nearest")
    if optics.blur:
        image = ndi.gaussian_filter(image, optics.blur)
    if optics.electrons:
        image = random.poisson(np.maximum(image, 0) * optics.electrons) / optics.electrons
    if optics.noise:
        image = image + optics.noise * random.standard_normal(image.shape)
    return np.clip(np.rint(image * optics.gain + optics.offset), 0, 255).astype(np.uint8)


def _unit_noise(random: np.random.Generator, shape: tuple[int, ...], smoothing: float) -> np.ndarray:
    """Smoothed noise of mean 0 and standard deviation 1; 0 where there is one pixel only."""
    from scipy import ndimage as ndi

    noise = ndi.gaussian_filter(random.standard_normal(shape), smoothing, mode="wrap")
    noise -= noise.mean()
    spread = noise.std()
    return np.asarray(noise / spread if spread > 1e-12 else noise)


def _rows_to_floor(solid: np.ndarray) -> np.ndarray:
    """Rows from each pixel down to the next solid pixel; inf where there is none."""
    distance = np.full(solid.shape, np.inf)
    below = np.full(solid.shape[1], np.inf)
    for row in range(solid.shape[0] - 1, -1, -1):
        below = np.where(solid[row], 0.0, below + 1)
        distance[row] = below
    return distance


def _streaks(random: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Bright tails along some scan lines, each from a random column on."""
    tails = np.zeros((rows, columns))
    for row in np.flatnonzero(random.random(rows) < 0.03):
        start = int(random.integers(columns))
        tails[row, start:] = np.exp(-np.arange(columns - start) / 40.0)
    return tails
