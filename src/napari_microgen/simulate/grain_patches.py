"""Random rotated patches of grain structures, as generators are trained on them.

A square of random place and angle is cut from a domain. Distances are interpolated; they were
measured in the whole domain, so that grains beyond the edge of a patch are felt as they are. Labels are
those of the nearest pixel.
"""

import math

import numpy as np

from ..errors import ParameterError
from ..io.limits import allocate
from ..progress import Progress, Steps


def random_patches(
    fields: dict[str, np.ndarray],
    count: int,
    size: int,
    seed: int | list[int],
    *,
    rotate: bool = True,
    step: float = 1.0,
    periodic: bool = True,
) -> Steps[dict[str, np.ndarray]]:
    """Cut patches at random places and angles from maps of one domain.

    Parameters
    ----------
    fields : dict of ndarray, shape (R, C)
        Maps of the same domain; those of whole numbers are taken as labels.
    count : int
        Number of patches.
    size : int
        Side of a patch in px.
    seed : int or list of int
        The same seed gives the same patches.
    rotate : bool
        Turn each patch by a random angle; else all stand straight.
    step : float
        Distance of the pixels of a patch, in px of the domain; above 1 gives coarser patches.
    periodic : bool
        Whether the last row and column touch the first; if not, all corners lie inside.

    Returns
    -------
    dict of ndarray
        For each map its patches, shape (count, size, size), and ``places``, shape (count, 3): row and
        column of the centre and angle in radian.

    Raises
    ------
    ParameterError
        If the box around a turned patch does not fit into the domain.
    """
    shape = next(iter(fields.values())).shape
    box = math.ceil(size * step * (math.sqrt(2) if rotate else 1)) + 2
    if count < 1 or size < 1 or not step > 0 or box > min(shape):
        raise ParameterError(
            f"{count} patches of {size} x {size} px need a domain of at least {box} x {box}; this one has "
            f"{shape[0]} x {shape[1]}. Ask for smaller patches or a larger domain."
        )
    random = np.random.default_rng(seed)
    turn = 2 * math.pi if rotate else 0.0
    if periodic:
        places = random.random((count, 3)) * (shape[0], shape[1], turn)
    else:
        inside = (box / 2, box / 2, 0.0)
        places = inside + random.random((count, 3)) * (shape[0] - box, shape[1] - box, turn)
    patches = {
        name: allocate((count, size, size), field.dtype if field.dtype.kind in "iu" else np.float32)
        for name, field in fields.items()
    }
    for number, (row, column, angle) in enumerate(places):
        at = _places(row, column, angle, size, step)
        for name, field in fields.items():
            patches[name][number] = _nearest(field, *at) if field.dtype.kind in "iu" else _linear(field, *at)
        if number % 8 == 0:
            yield Progress(number, count, "cutting patches")
    return patches | {"places": places}


def _places(row: float, column: float, angle: float, size: int, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Return row and column of each pixel of a turned square."""
    along = (np.arange(size) - (size - 1) / 2) * step
    down, across = along[:, None], along[None]
    turn, lean = math.cos(angle), math.sin(angle)
    return row + turn * down - lean * across, column + lean * down + turn * across


def _nearest(field: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    near = [np.rint(at).astype(np.intp) % n for at, n in zip((rows, columns), field.shape, strict=True)]
    return np.asarray(field[near[0], near[1]])


def _linear(field: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    top, left = np.floor(rows).astype(np.intp), np.floor(columns).astype(np.intp)
    down, across = (rows - top).astype(np.float32), (columns - left).astype(np.float32)
    top, left = top % field.shape[0], left % field.shape[1]
    below, right = (top + 1) % field.shape[0], (left + 1) % field.shape[1]
    upper = field[top, left] * (1 - across) + field[top, right] * across
    lower = field[below, left] * (1 - across) + field[below, right] * across
    return np.asarray(upper * (1 - down) + lower * down)
