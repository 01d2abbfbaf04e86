"""Marks that say, on top of any map, how far each cell can be believed: one hatch per support flag."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Hatch:
    """How cells of one flag are marked."""

    meaning: str
    """Words for the legend."""
    strokes: tuple[str, ...]
    """``/``, ``\\``, ``-`` or ``.``; none for cells that are left clean."""
    colour: tuple[int, int, int]
    """Red, green, blue."""
    period: int = 16
    """Pixels between two strokes."""


HATCHES = {
    "seen": Hatch("seen in the training", (".",), (0, 158, 115), 12),
    "interpolated": Hatch("interpolated, near training conditions", (), (0, 0, 0)),
    "gap": Hatch("gap: within the training, but far from any of it", ("/",), (230, 159, 0)),
    "extrapolated": Hatch("extrapolated: a guess", ("/", "\\"), (213, 94, 0), 24),
    "unknown": Hatch("support cannot be told", ("-",), (86, 180, 233)),
}
"""By flag. Colours of Okabe and Ito, and strokes that differ without colour too."""


def strokes(flag: str, shape: tuple[int, int], period: int | None = None) -> np.ndarray:
    """Return where a flag draws its marks on a map, bool, shape (R, C); marks run on across cells.

    Examples
    --------
    >>> strokes("gap", (2, 4), period=4).astype(int)
    array([[1, 0, 0, 0],
           [0, 0, 0, 1]])
    """
    period = period or HATCHES[flag].period
    row, column = np.ogrid[: shape[0], : shape[1]]
    marks = {
        "/": (row + column) % period == 0,
        "\\": (row - column) % period == 0,
        "-": (row % period == 0) & (column >= 0),
        ".": ((row - period // 2) % period < 2) & ((column - period // 2) % period < 2),
    }
    drawn = np.zeros(shape, bool)
    for stroke in HATCHES[flag].strokes:
        drawn |= marks[stroke]
    return drawn


INKS = {"dark": (0, 0, 0), "light": (255, 255, 255)}
"""Colours of marks on pictures that are coloured themselves."""
_MIDDLE = 120
_BRIGHTNESS = (0.299, 0.587, 0.114)


def ink_on(picture: np.ndarray) -> str:
    """Return the name of the ink, of `INKS`, that can be seen on a part of a picture, shape (..., 3)."""
    return "dark" if float((picture @ np.array(_BRIGHTNESS)).mean()) > _MIDDLE else "light"


def hatched(picture: np.ndarray, flags: np.ndarray, *, coloured: bool = False) -> np.ndarray:
    """Return a colour picture with the marks of each pixel's flag on it.

    Parameters
    ----------
    picture : ndarray of uint8, shape (R, C, 3)
        Red, green, blue.
    flags : ndarray of str, shape (R, C)
        Flag of each pixel; ``""`` for none.
    coloured : bool
        The picture has colours of its own: marks are then black or white, whichever can be seen.
    """
    drawn = picture.copy()
    for flag in np.unique(flags):
        if flag not in HATCHES or not HATCHES[flag].strokes:
            continue
        marked = (flags == flag) & strokes(str(flag), flags.shape)
        if coloured:
            bright = picture[marked] @ np.array(_BRIGHTNESS) > _MIDDLE
            drawn[marked] = np.where(bright[:, None], INKS["dark"], INKS["light"])
        else:
            drawn[marked] = HATCHES[flag].colour
    return drawn
