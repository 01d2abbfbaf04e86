# mypy: disable-error-code="no-untyped-def"
"""Compiled drawing of particles on a periodic image."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def draw(particles, waves, phases, value, owner, first, last, number):
    """Draw particles ``first`` to ``last``; where two overlap the brighter one is seen.

    Parameters
    ----------
    particles : ndarray of float64, shape (n, 6)
        Row, column and radius in pixels, ratio of the axes, angle, brightness.
    waves : ndarray of float64, shape (w,)
        Amplitudes of the waves 2, 3, ... of the outlines of irregular particles.
    phases : ndarray of float64, shape (n, w)
        Their phases; NaN in the first column for a plain ellipse.
    value : ndarray of float32, shape (R, C)
        Brightness above the matrix, raised.
    owner : ndarray of int32, shape (R, C)
        Number of the particle seen, set.
    first, last : int
        Which particles.
    number : int
        Number of particle 0 in ``owner``; 0 leaves ``owner`` as it is.
    """
    rows, columns = value.shape
    stretch = 1.0 + np.sum(np.abs(waves))
    for k in range(first, last):
        y, x, radius, ratio, angle, bright = particles[k]
        wavy = not np.isnan(phases[k, 0])
        reach = radius * (stretch if wavy else np.sqrt(ratio))
        sine, cosine = np.sin(angle), np.cos(angle)
        for r in range(int(np.floor(y - reach - 0.5)), int(np.ceil(y + reach + 0.5)) + 1):
            for c in range(int(np.floor(x - reach - 0.5)), int(np.ceil(x + reach + 0.5)) + 1):
                dy, dx = r + 0.5 - y, c + 0.5 - x
                if wavy:
                    theta, limit = np.arctan2(dy, dx), 1.0
                    for w in range(len(waves)):
                        limit += waves[w] * np.cos((w + 2) * theta + phases[k, w])
                    inside = dy * dy + dx * dx <= (radius * limit) ** 2
                else:
                    along, across = cosine * dx + sine * dy, cosine * dy - sine * dx
                    inside = along * along / ratio + across * across * ratio <= radius * radius
                if inside and bright > value[r % rows, c % columns]:
                    value[r % rows, c % columns] = bright
                    if number > 0:
                        owner[r % rows, c % columns] = number + k
