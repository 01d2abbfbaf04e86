# mypy: disable-error-code="no-untyped-def"
"""Compiled inner loops of `distance_transform`: squared distances, one axis after the other."""

import numpy as np
from numba import njit

WIDTH = 64
"""Neighbouring lines that are searched at once."""
FAR = np.float32(1e30)
"""Squared distance where no voxel outside the phase is on the line."""


@njit(cache=True, nogil=True)
def sweep_lines(phase, squares, square_edge, first, last):
    """Squared distance along the last axis: one sweep forth, one back."""
    length = phase.shape[1]
    for line in range(first, last):
        steps = length + 1
        for i in range(length):
            steps = steps + 1 if phase[line, i] else 0
            squares[line, i] = steps
        steps = length + 1
        for i in range(length - 1, -1, -1):
            steps = min(steps + 1, np.int64(squares[line, i]))
            squares[line, i] = FAR if steps > length else np.float32(steps * steps) * square_edge


@njit(cache=True, nogil=True)
def _largest(bits, number):
    """Largest of some floats above 0, which are ordered like their bits (that loop is vectorised)."""
    largest = np.int32(0)
    for x in range(WIDTH):
        largest = max(largest, bits[x])
    number.view(np.int32)[0] = largest
    return number[0]


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def join_lines(squares, outer_stride, line_stride, length, columns, square_edge, first, last):
    """Smallest ``squares(k) + (k - i)^2 h^2`` over k along another axis.

    ``squares`` is flat; voxel i of line x lies at ``outer * outer_stride + i * line_stride + x``.
    Work units ``first`` to ``last`` are blocks of WIDTH lines, counted over all ``outer``.
    """
    blocks = (columns + WIDTH - 1) // WIDTH
    margin = length  # lines of FAR on both sides, so that no step needs a test
    before = np.full((length + 2 * margin) * WIDTH, FAR, np.float32)
    best, number = np.empty(WIDTH, np.float32), np.empty(1, np.float32)
    bits = best.view(np.int32)
    for unit in range(first, last):
        start = (unit // blocks) * outer_stride + (unit % blocks) * WIDTH
        width = min(WIDTH, columns - (unit % blocks) * WIDTH)
        for i in range(length):
            for x in range(width):
                before[(margin + i) * WIDTH + x] = squares[start + i * line_stride + x]
            for x in range(width, WIDTH):
                before[(margin + i) * WIDTH + x] = np.float32(0)
        for i in range(length):
            here = (margin + i) * WIDTH
            for x in range(WIDTH):
                best[x] = before[here + x]
            k, away, largest = 1, square_edge, _largest(bits, number)
            while k < length and away < largest:
                low = before[here - k * WIDTH : here - (k - 1) * WIDTH]
                high = before[here + k * WIDTH : here + (k + 1) * WIDTH]
                for x in range(WIDTH):
                    best[x] = min(best[x], min(low[x], high[x]) + away)
                if k & 3 == 0:
                    largest = _largest(bits, number)
                k += 1
                away = np.float32(k * k) * square_edge
            for x in range(width):
                squares[start + i * line_stride + x] = best[x]


@njit(cache=True, nogil=True, fastmath=True)
def take_roots(squares, edge, first, last):
    """Turn squared distances in units of ``edge`` into distances."""
    for i in range(first, last):
        squares[i] = np.sqrt(squares[i]) * edge
