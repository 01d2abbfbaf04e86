"""Find the data bar that microscopes burn into the top or bottom of a micrograph.

The result is a proposal. Nothing is cropped here.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..errors import AxesError

LARGEST_SHARE = 0.3
"""A bar takes at most this share of the rows; a larger one cannot be told from the image."""
MARK = 0.25
"""A pixel this far from the background, as a share of the grey range, is a mark (text or line)."""
LARGEST_FRAME = 3
"""A frame line, or stray rows outside it, are at most this many rows thick."""


LINE = 0.9
"""A row is a line when this share of its pixels has one grey value."""


@dataclass(frozen=True, slots=True)
class Blankness:
    """What a row without text looks like."""

    tolerance: float
    """Largest distance from the background, as a share of the grey range."""
    share: float
    """Least share of pixels that are background."""
    grain: float
    """Largest share of pixels that are neither background nor mark."""


DRAWN = Blankness(0.5 / 255, 0.9, 0.002)
LOSSY = Blankness(12 / 255, 0.9, 0.1)
"""The same after compression with losses, which leaves ripples around the text."""


@dataclass(frozen=True, slots=True)
class DataBar:
    """A proposed data bar."""

    rows: int
    """Height in rows, counted from the edge of the image."""
    edge: Literal["bottom", "top"]
    """The edge of the image it lies on."""

    def crop(self, n_rows: int) -> slice:
        """Return the rows of an image of ``n_rows`` rows that are not data bar.

        Examples
        --------
        >>> DataBar(77, "bottom").crop(768)
        slice(0, 691, None)
        """
        return slice(0, n_rows - self.rows) if self.edge == "bottom" else slice(self.rows, n_rows)


def propose_data_bar(image: np.ndarray) -> int:
    """Return the height in rows of the data bar at the bottom or top; 0 if there is none.

    Parameters
    ----------
    image : ndarray, shape (R, C)
        One grey plane.
    """
    bar = find_data_bar(image)
    return bar.rows if bar else 0


def find_data_bar(image: np.ndarray) -> DataBar | None:
    """Find a data bar at the bottom or, failing that, at the top of a micrograph.

    A bar is a strip over the whole width whose background has one grey value, with
    text in it (short, strong marks) and a straight border. A dark or saturated part of
    the sample has no such marks, and its border is not straight, so it is left alone;
    so is a black margin without text.

    Parameters
    ----------
    image : ndarray, shape (R, C)
        One grey plane of any number type.

    Returns
    -------
    DataBar or None
        None if no bar was found.

    Raises
    ------
    AxesError
        If the image is not 2D.
    """
    if image.ndim != 2:
        raise AxesError(
            f"A data bar is sought in one grey plane of shape (rows, columns); this has shape "
            f"{image.shape}. Give one plane, without colour."
        )
    if min(image.shape) < 32:
        return None
    low, high = float(image.min()), float(image.max())
    if not np.isfinite(high - low) or high <= low:
        return None
    rows = _bar_rows(image[::-1], high - low)
    if rows:
        return DataBar(rows, "bottom")
    rows = _bar_rows(image, high - low)
    return DataBar(rows, "top") if rows else None


def _bar_rows(image: np.ndarray, grey_range: float) -> int:
    """Height of a bar on row 0 of an image, or 0."""
    strip = np.asarray(image[: int(LARGEST_SHARE * image.shape[0]) + LARGEST_FRAME + 2], dtype=np.float64)
    background = _most_common(strip[LARGEST_FRAME : max(8, image.shape[0] // 30)], grey_range)
    distance = np.abs(strip - background) / grey_range
    rows = _bar_rows_at(strip / grey_range, distance, DRAWN)
    if rows and _is_lossy(distance[LARGEST_FRAME : rows - LARGEST_FRAME]):
        rows = 0
    rows = rows or _bar_rows_at(strip / grey_range, distance, LOSSY)
    return rows if rows <= LARGEST_SHARE * image.shape[0] else 0


def _bar_rows_at(strip: np.ndarray, distance: np.ndarray, blankness: Blankness) -> int:
    """Height of a bar on row 0, given how evenly its background is kept."""
    tolerance = blankness.tolerance
    share = (distance <= tolerance).mean(axis=1)
    between = ((distance > tolerance) & (distance < MARK)).mean(axis=1)
    end = _reach(share, _lines(strip, tolerance))
    is_blank = (share >= blankness.share) & (between <= blankness.grain)
    blank = np.flatnonzero(is_blank[:end])
    if blank.size == 0 or blank[0] > LARGEST_FRAME or not _straight_border(share, int(blank[-1])):
        return 0
    rows = _with_border_line(strip, int(blank[-1]) + 1, tolerance)
    return rows if rows >= 8 and _has_text(distance[blank[0] : blank[-1] + 1]) else 0


def _is_lossy(distance: np.ndarray) -> bool:
    """Tell whether the background of a drawn bar shows the ripples that JPEG leaves around text."""
    mark = distance >= MARK
    near = mark.copy()
    for shift in (1, 2):
        near[:, shift:] |= mark[:, :-shift]
        near[:, :-shift] |= mark[:, shift:]
        near[shift:] |= mark[:-shift]
        near[:-shift] |= mark[shift:]
    return bool(np.count_nonzero((distance > DRAWN.tolerance) & ~near) > 0.05 * np.count_nonzero(mark))


def _most_common(strip: np.ndarray, grey_range: float) -> float:
    """Most common grey value, at a resolution of 1/255 of the range of the image."""
    steps = np.rint((strip - strip.min()) * (255 / grey_range)).astype(np.int64)
    value = int(np.bincount(steps.ravel()).argmax())
    return float(np.median(strip[steps == value]))


def _lines(strip: np.ndarray, tolerance: float) -> np.ndarray:
    """Rows of one grey value, whichever it is: frame and separator lines."""
    middle = np.median(strip, axis=1, keepdims=True)
    return (np.abs(strip - middle) <= tolerance).mean(axis=1) >= LINE


def _reach(share: np.ndarray, line: np.ndarray) -> int:
    """Rows from the edge up to where three rows in turn are no part of a bar."""
    inside = (share >= 0.25) | line
    outside = ~inside
    gone = outside[:-2] & outside[1:-1] & outside[2:]
    gone[:LARGEST_FRAME] = False
    return int(np.argmax(gone)) if gone.any() else len(share)


def _straight_border(share: np.ndarray, last: int) -> bool:
    """Tell whether the background ends within a few rows of the last blank one, not bit by bit."""
    beyond = share[last] - share[last + 1 : last + 21]
    return beyond.size > 0 and float(beyond[: LARGEST_FRAME + 1].max()) >= max(
        0.001, 0.6 * float(beyond.max())
    )


def _with_border_line(strip: np.ndarray, rows: int, tolerance: float) -> int:
    """Take the frame line above the bar along, if there is one."""
    line = _lines(strip[rows : rows + LARGEST_FRAME], tolerance)
    return rows if line.all() else rows + int(np.argmin(line))


def _has_text(distance: np.ndarray) -> bool:
    """Tell whether a bar holds short, strong, connected marks that stand side by side in lines."""
    marks = distance > MARK
    marks[:, marks.mean(axis=0) > 0.8] = False  # frame and separators that run through the whole bar
    marks[marks.mean(axis=1) > 0.8] = False
    count = int(marks.sum())
    if not 0.002 * marks.size <= count <= 0.5 * marks.size or marks[-1].mean() > 0.12:
        return False
    padded = np.pad(marks, 1)
    beside = padded[1:-1, :-2] | padded[1:-1, 2:]
    above = padded[:-2, 1:-1] | padded[2:, 1:-1]
    connected = (marks & (beside | above)).sum() / count
    starts = (marks & ~padded[1:-1, :-2]).sum(axis=1)
    starts, lengths = starts[starts > 0], marks.sum(axis=1)[starts > 0]
    short = np.median(lengths / starts) <= max(6.0, 0.02 * marks.shape[1])
    return bool(connected >= 0.8 and short and np.median(starts) >= 4)
