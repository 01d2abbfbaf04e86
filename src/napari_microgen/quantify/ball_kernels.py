# mypy: disable-error-code="no-untyped-def"
"""Compiled inner loops of `inscribed_ball`: balls that just fit between the voxels of the rest."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def fit_balls(phase, spacing, voxels, distance, limit, radius, excess, stop, first, last):
    """Largest ball without a voxel centre of the rest, near each given voxel.

    The centre may move up to ``limit`` from the voxel's. It is pushed away from the nearest voxel
    of the rest, in steps that grow shorter, and the best place on the way counts. ``excess`` is by
    how much the ball reaches beyond a flat face of the phase; -1 where it touches no such face.
    Gives up when ``stop[0]`` is set from outside.
    """
    rest, best = np.empty((256, 3)), np.empty(3)
    for k in range(first, last):
        if stop[0]:
            return
        rest, count = _rest_nearby(phase, spacing, voxels[k], distance[k], 2 * limit, rest)
        radius[k], nearest = _fit_ball(rest, count, distance[k], limit, best)
        excess[k] = -1.0
        if nearest >= 0:
            excess[k] = _half_pitch_of_flat_face(phase, spacing, voxels[k], rest[nearest], best, radius[k])


@njit(cache=True, nogil=True)
def _rest_nearby(phase, spacing, voxel, distance, margin, rest):
    """List the voxels of the rest up to ``margin`` farther than the nearest one, relative to the voxel."""
    count, reach = 0, distance + margin
    inner, outer = distance**2 * 0.9999, reach**2
    span = np.empty(3, np.int64)
    for axis in range(3):
        span[axis] = int(reach / spacing[axis])
    for z in range(max(0, voxel[0] - span[0]), min(phase.shape[0], voxel[0] + span[0] + 1)):
        dz = (z - voxel[0]) * spacing[0]
        for y in range(max(0, voxel[1] - span[1]), min(phase.shape[1], voxel[1] + span[1] + 1)):
            dy = (y - voxel[1]) * spacing[1]
            left = outer - dz**2 - dy**2
            if left < 0:
                continue
            wide = int(np.sqrt(left) / spacing[2])
            gap = int(np.ceil(np.sqrt(max(inner - dz**2 - dy**2, 0.0)) / spacing[2]))
            line = phase[z, y]
            for x in range(max(0, voxel[2] - wide), min(phase.shape[2], voxel[2] + wide + 1)):
                if line[x] or abs(x - voxel[2]) < gap:
                    continue
                if count == rest.shape[0]:
                    rest = np.concatenate((rest, np.empty_like(rest)))
                rest[count, 0], rest[count, 1], rest[count, 2] = dz, dy, (x - voxel[2]) * spacing[2]
                count += 1
    return rest, count


@njit(cache=True, nogil=True, fastmath=True)
def _fit_ball(rest, count, radius, limit, best):
    """Return the radius of the best ball and the voxel of the rest it touches; ``best`` is its centre."""
    z = y = x = 0.0
    step, touched = limit / 2, -1
    best[:] = 0.0
    radius = 0.0 if count else radius
    for _ in range(20):
        nearest, square = -1, 1e30
        for i in range(count):
            away = (rest[i, 0] - z) ** 2 + (rest[i, 1] - y) ** 2 + (rest[i, 2] - x) ** 2
            if away < square:
                nearest, square = i, away
        if nearest < 0:
            break
        away = np.sqrt(square)
        if away > radius:
            radius, touched = away, nearest
            best[0], best[1], best[2] = z, y, x
        z += (z - rest[nearest, 0]) / away * step
        y += (y - rest[nearest, 1]) / away * step
        x += (x - rest[nearest, 2]) / away * step
        off = np.sqrt(z * z + y * y + x * x)
        if off > limit:
            z, y, x = z * limit / off, y * limit / off, x * limit / off
        step *= 0.83
    return radius, touched


@njit(cache=True, nogil=True)
def _half_pitch_of_flat_face(phase, spacing, voxel, touched, centre, radius):
    """Half the voxel edge across the face if the touched voxel lies on a flat face, else -1.

    A face counts as flat if it is so for three quarters of the radius to all sides; the
    staircase of a rod along an axis has narrower steps.
    """
    at, wide, axis, most = np.empty(3, np.int64), np.empty(3, np.int64), 0, 0.0
    for a in range(3):
        at[a] = voxel[a] + int(np.rint(touched[a] / spacing[a]))
        wide[a] = max(1, int(np.rint(0.75 * radius / spacing[a])))
        if abs(touched[a] - centre[a]) > most:
            axis, most = a, abs(touched[a] - centre[a])
    inward = 1 if touched[axis] < centre[axis] else -1
    other, third = (axis + 1) % 3, (axis + 2) % 3
    place = np.empty(3, np.int64)
    for i in range(-wide[other], wide[other] + 1):
        for j in range(-wide[third], wide[third] + 1):
            place[other], place[third] = at[other] + i, at[third] + j
            for depth in range(2):
                place[axis] = at[axis] + depth * inward
                if place.min() < 0 or place[0] >= phase.shape[0]:
                    continue
                if place[1] >= phase.shape[1] or place[2] >= phase.shape[2]:
                    continue
                if phase[place[0], place[1], place[2]] != (depth == 1):
                    return -1.0
    return 0.5 * spacing[axis]
