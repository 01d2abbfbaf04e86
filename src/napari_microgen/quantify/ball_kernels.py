# mypy: disable-error-code="no-untyped-def"
"""Compiled inner loops of `inscribed_ball`: balls that just fit between the voxels of the rest."""

import numpy as np
from numba import njit

from .lowest_bit import lowest_bit

_ONE, _NONE, _ALL = np.uint64(1), np.uint64(0), np.uint64(0xFFFFFFFFFFFFFFFF)
LANES, FAR, MAX = 16, np.float32(1e15), np.float32(1e38)
"""Balls that are fitted side by side, where a point is that stands for none, and a larger square."""
EIGHT = 8
"""Rows that are looked at side by side."""
Z, Y, X, NEAR, WHICH, RADIUS, TOUCHED, BEST_Z, BEST_Y, BEST_X = (LANES * n for n in range(10))
"""Where the work on a group of balls has the centres, the nearest point of each and the best so far."""
ROUNDS, SHRINK = 20, np.float32(0.83)
"""Steps of a centre, and how much shorter each is than the one before."""


@njit(cache=True, nogil=True)
def pack_rest(phase, pad, bits, first, last):
    """Set the bits of the voxels outside the phase, in planes ``first`` to ``last``.

    Column ``x`` of row ``y`` is bit ``x % 64`` of ``bits[z, x // 64 + pad[0], y + pad[1]]``; the words
    of neighbouring rows lie side by side. Beyond the image no bit is set.
    """
    columns = phase.shape[2]
    for z in range(first, last):
        for y in range(phase.shape[1]):
            line = phase[z, y]
            for w in range((columns + 63) >> 6):
                word = _NONE
                for x in range(64 * w, min(64 * w + 64, columns)):
                    word |= np.uint64(not line[x]) << np.uint64(x & 63)
                bits[z, w + pad[0], y + pad[1]] = word


@njit(cache=True, nogil=True)
def fit_balls(bits, pad, columns, spacing, voxels, distance, limit, radius, excess, stop, first, last):
    """Largest ball without a voxel centre of the rest, near each given voxel.

    The centre may move up to ``limit`` from the voxel's. It is pushed away from the nearest voxel
    of the rest, in steps that grow shorter, and the best place on the way counts. ``excess`` is by
    how much the ball reaches beyond a flat face of the phase; -1 where it touches no such face.
    The work is least where voxels of equal distance follow each other. Gives up when ``stop[0]``
    is set from outside.
    """
    reach, known, longest = np.zeros(3, np.int64), -1.0, 0.0
    extent = (bits.shape[0], bits.shape[2] - 2 * pad[1], columns)
    for k in range(first, last):
        longest = max(longest, distance[k])
    for axis in range(3):
        reach[axis] = min(int((longest + 2 * limit) / spacing[axis]), extent[axis] - 1)
    shell = np.empty((reach[0] + 1, (2 * reach[2] >> 6) + 1, 2 * reach[1] + EIGHT), np.uint64)
    tall, found, rest = (
        np.empty(reach[0] + 1, np.int64),
        np.empty(EIGHT, np.uint64),
        np.empty((3, 256, LANES), np.float32),
    )
    at, wide, counts = np.empty(3, np.int64), np.empty(3, np.int64), np.empty(LANES, np.int64)
    work = np.empty(10 * LANES, np.float32)
    for start in range(first, last, LANES):
        if stop[0]:
            return
        balls = min(LANES, last - start)
        counts[:] = 0
        for lane in range(balls):
            k = start + lane
            if distance[k] != known:
                known = distance[k]
                most = _fill_shell(spacing, extent, known, known + 2 * limit, shell, reach, tall)
                if most > rest.shape[1]:
                    rest = _longer(rest, most)
            counts[lane] = _rest_nearby(bits, pad, spacing, voxels[k], shell, reach, tall, found, rest, lane)
        most = counts.max()
        for lane in range(LANES):
            rest[:, counts[lane] : most, lane] = FAR
        _fit_group(rest, most, np.float32(limit), work)
        for lane in range(balls):
            k = start + lane
            radius[k], excess[k] = distance[k], -1.0
            if counts[lane]:
                radius[k] = work[RADIUS + lane]
                excess[k] = _half_pitch_of_flat_face(
                    bits, pad, columns, spacing, voxels[k], rest, work, lane, at, wide
                )


@njit(cache=True, nogil=True)
def _fill_shell(spacing, extent, distance, outer, shell, reach, tall):
    """Set the bits of the voxels that are at least ``distance`` and at most ``outer`` away.

    ``reach`` becomes that of ``outer``, at most as far as the image; row ``(z, y)`` seen from the centre is
    ``shell[abs(z), :, y + reach[1]]``, from ``reach[2]`` columns before the centre on; plane z
    has bits up to ``tall[abs(z)]`` rows away. Returns a bound of the number of bits.
    """
    inner = distance**2 * 0.9999
    for axis in range(3):
        reach[axis] = min(int(outer / spacing[axis]), extent[axis] - 1)
    count = 0
    shell[: reach[0] + 1] = _NONE
    for z in range(reach[0] + 1):
        tall[z] = 0
        for y in range(reach[1] + 1):
            across = (z * spacing[0]) ** 2 + (y * spacing[1]) ** 2
            wide, gap = -1, -1
            if outer**2 >= across:
                tall[z] = y
                wide = int(np.sqrt(outer**2 - across) / spacing[2])
                gap = int(np.ceil(np.sqrt(max(inner - across, 0.0)) / spacing[2])) - 1
            for w in range((2 * reach[2] >> 6) + 1):
                middle = reach[2] - 64 * w
                word = _span(middle - wide, middle + wide) & ~_span(middle - gap, middle + gap)
                shell[z, w, reach[1] - y] = shell[z, w, reach[1] + y] = word
            count += 8 * (wide - gap)
    return count


@njit(cache=True, nogil=True)
def _span(low, high):
    """Return a word with the bits ``low`` to ``high``, as far as it has them."""
    low, high = max(low, 0), min(high, 63)
    if low > high:
        return _NONE
    return (_ALL << np.uint64(low)) & (_ALL >> np.uint64(63 - high))


@njit(cache=True, nogil=True)
def _rest_nearby(bits, pad, spacing, voxel, shell, reach, tall, found, rest, lane):
    """List the voxels of the rest within the shell around a voxel, relative to it; return how many."""
    start, parts, room = voxel[2] - reach[2] + 64 * pad[0], bits.shape[1], bits.shape[2]
    shift, other = np.uint64(start & 63), np.uint64(63 - (start & 63))
    flat, masks, count = bits.reshape(-1), shell.reshape(-1), 0
    edge_z, edge_y, edge_x = np.float32(spacing[0]), np.float32(spacing[1]), np.float32(spacing[2])
    above, below = max(-reach[0], -voxel[0]), min(reach[0], bits.shape[0] - 1 - voxel[0])
    for z in range(above, below + 1):
        most = tall[abs(z)]
        for w in range((2 * reach[2] >> 6) + 1):
            at = ((voxel[0] + z) * parts + (start >> 6) + w) * room + voxel[1] + pad[1]
            row = (abs(z) * shell.shape[1] + w) * shell.shape[2] + reach[1]
            for block in range((2 * most + EIGHT) // EIGHT):
                top, together = block * EIGHT - most, _NONE
                for n in range(EIGHT):
                    word = flat[at + top + n] >> shift | flat[at + room + top + n] << _ONE << other
                    found[n] = word & masks[row + top + n]
                    together |= found[n]
                if together == _NONE:
                    continue
                for n in range(EIGHT):
                    left = found[n]
                    while left != _NONE:
                        x = 64 * w - reach[2] + np.int64(lowest_bit(left))
                        rest[0, count, lane] = edge_z * np.float32(z)
                        rest[1, count, lane] = edge_y * np.float32(top + n)
                        rest[2, count, lane] = edge_x * np.float32(x)
                        left &= left - _ONE
                        count += 1
    return count


@njit(cache=True, nogil=True)
def _longer(rest, most):
    """Return room for longer lists, with what is in the old ones."""
    longer = np.empty((3, 2 * most, LANES), np.float32)
    longer[:, : rest.shape[1]] = rest
    return longer


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _fit_group(rest, longest, limit, work):
    """Move the centres of `LANES` balls side by side, and note the best place and radius of each.

    ``rest[axis, i, lane]`` is point i around a ball, ``longest`` how many there are at most. What is
    known of each ball is in ``work``, `LANES` numbers each, at the places named above.
    """
    work[:] = 0
    step = limit * np.float32(0.5)
    for _ in range(ROUNDS):
        for lane in range(LANES):
            work[NEAR + lane] = MAX
        for i in range(longest):
            for lane in range(LANES):
                square = (rest[0, i, lane] - work[Z + lane]) ** 2 + (rest[1, i, lane] - work[Y + lane]) ** 2
                square += (rest[2, i, lane] - work[X + lane]) ** 2
                nearer = square < work[NEAR + lane]
                work[WHICH + lane] = np.float32(i) if nearer else work[WHICH + lane]
                work[NEAR + lane] = square if nearer else work[NEAR + lane]
        for lane in range(LANES):
            z, y, x = work[Z + lane], work[Y + lane], work[X + lane]
            away, which = np.sqrt(work[NEAR + lane]), work[WHICH + lane]
            better = away > work[RADIUS + lane]
            work[RADIUS + lane] = away if better else work[RADIUS + lane]
            work[TOUCHED + lane] = which if better else work[TOUCHED + lane]
            work[BEST_Z + lane] = z if better else work[BEST_Z + lane]
            work[BEST_Y + lane] = y if better else work[BEST_Y + lane]
            work[BEST_X + lane] = x if better else work[BEST_X + lane]
            push, nearest = step / away, int(which)
            z += (z - rest[0, nearest, lane]) * push
            y += (y - rest[1, nearest, lane]) * push
            x += (x - rest[2, nearest, lane]) * push
            off = np.sqrt(z * z + y * y + x * x)
            back = limit / off if off > limit else np.float32(1)
            work[Z + lane], work[Y + lane], work[X + lane] = z * back, y * back, x * back
        step *= SHRINK


@njit(cache=True, nogil=True)
def _half_pitch_of_flat_face(bits, pad, columns, spacing, voxel, rest, work, lane, at, wide):
    """Half the voxel edge across the face if the touched voxel lies on a flat face, else -1.

    A face counts as flat if it is so for three quarters of the radius to all sides; the
    staircase of a rod along an axis has narrower steps.
    """
    axis, most, away, touched = 0, 0.0, 0.0, int(work[TOUCHED + lane])
    for a in range(3):
        at[a] = voxel[a] + int(np.rint(rest[a, touched, lane] / spacing[a]))
        wide[a] = max(1, int(np.rint(0.75 * work[RADIUS + lane] / spacing[a])))
        reach = rest[a, touched, lane] - work[BEST_Z + a * LANES + lane]
        if abs(reach) > most:
            axis, most, away = a, abs(reach), reach
    step = 1 if away < 0 else -1
    wide[axis] = 0
    step_z, step_y, step_x = step * (axis == 0), step * (axis == 1), step * (axis == 2)
    for i in range(-wide[0], wide[0] + 1):
        for j in range(-wide[1], wide[1] + 1):
            for k in range(-wide[2], wide[2] + 1):
                z, y, x = at[0] + i, at[1] + j, at[2] + k
                if _differs(bits, pad, columns, z, y, x, _ONE):
                    return -1.0
                if _differs(bits, pad, columns, z + step_z, y + step_y, x + step_x, _NONE):
                    return -1.0
    return 0.5 * spacing[axis]


@njit(cache=True, nogil=True)
def _differs(bits, pad, columns, z, y, x, expected):
    """Return whether a voxel is in the image and its bit not as expected."""
    rows = bits.shape[2] - 2 * pad[1]
    if min(z, y, x) < 0 or z >= bits.shape[0] or y >= rows or x >= columns:
        return False
    return bits[z, (x >> 6) + pad[0], y + pad[1]] >> np.uint64(x & 63) & _ONE != expected
