# mypy: disable-error-code="no-untyped-def"
"""Compiled inner loops of `local_thickness`: which balls matter, and which ball covers a voxel first."""

import numpy as np
from numba import njit

from .lowest_bit import lowest_bit

_ONE, _NONE, _NIBBLE = np.uint64(1), np.uint64(0), np.uint64(15)
_MOST_WORDS = 1 << 21
"""Words kept for the balls of one radius (32 MiB with their places)."""


@njit(cache=True, nogil=True)
def mark_ridge(distance, spacing, tolerance, ridge, first, last):
    """Mark the voxels whose ball is not covered, but for ``tolerance``, by the ball of a neighbour."""
    planes, rows, columns = distance.shape
    near, steps = np.zeros((4, columns + 2), np.float32), np.empty((4, 2), np.float32)
    for q in range(4):
        across = (spacing[0] * (q >> 1)) ** 2 + (spacing[1] * (q & 1)) ** 2
        steps[q, 0] = np.sqrt(across) - tolerance
        steps[q, 1] = np.sqrt(across + spacing[2] ** 2) - tolerance
    for z in range(first, last):
        for y in range(rows):
            own = distance[z, y]
            near[:, 1:-1] = 0
            for dz in range(-1 if z > 0 else 0, 2 if z < planes - 1 else 1):
                for dy in range(-1 if y > 0 else 0, 2 if y < rows - 1 else 1):
                    _raise_to(near[(abs(dz) << 1) + abs(dy)], distance[z + dz, y + dy])
            _compare(own, near[0], near[1], near[2], near[3], steps, ridge[z, y])


@njit(cache=True, nogil=True)
def _raise_to(near, line):
    """Raise a row with one more cell at each end to another where that is higher."""
    for x in range(line.size):
        near[x + 1] = line[x] if line[x] > near[x + 1] else near[x + 1]


@njit(cache=True, nogil=True)
def _compare(own, same, beside, above, across, steps, marks):
    """Mark where no neighbour is larger than the own value by the way to it."""
    a, b, c, d, e, f, g = (
        steps[0, 1], steps[1, 0], steps[1, 1], steps[2, 0], steps[2, 1], steps[3, 0], steps[3, 1]
    )  # fmt: skip
    for x in range(own.size):
        covered = max(same[x], same[x + 2]) >= own[x] + a
        covered |= beside[x + 1] >= own[x] + b
        covered |= max(beside[x], beside[x + 2]) >= own[x] + c
        covered |= above[x + 1] >= own[x] + d
        covered |= max(above[x], above[x + 2]) >= own[x] + e
        covered |= across[x + 1] >= own[x] + f
        covered |= max(across[x], across[x + 2]) >= own[x] + g
        marks[x] = (own[x] > 0) & ~covered


@njit(cache=True, nogil=True)
def cover(phase, spacing, voxels, radii, owner, used, stop, first, last):
    """Give each voxel of the phase the first of the balls that cover it, in planes ``first`` to ``last``.

    Balls come by falling radius, so the first one is the largest. Voxels without an owner yet are
    kept as bits, one word per brick of 4 x 4 x 4 voxels. The words of a ball are made once for all
    balls of its radius that lie at the same place in their brick, so that a ball that finds no free
    voxel is dismissed by one AND per brick. Gives up when ``stop[0]`` is set from outside.

    Parameters
    ----------
    phase : ndarray of bool, shape (P, R, C)
        Where owners are wanted.
    spacing : ndarray of float32, shape (3,)
        Voxel edges.
    voxels, radii : ndarray of int64 and float32, shape (K,)
        Flat numbers of the centres, and the radii.
    owner : ndarray of int32, shape (P, R, C)
        The number of the ball, -1 without one.
    used : ndarray of bool, shape (K,)
        Becomes true for the balls that own a voxel.
    stop : ndarray of uint8, shape (1,)
        See above.
    first, last : int
        Planes to work on.
    """
    rows, columns = phase.shape[1], phase.shape[2]
    reach = np.zeros(3, np.int64)
    for axis in range(3):
        if radii.size:
            reach[axis] = min(np.int64(radii[0] / spacing[axis]), phase.shape[axis] - 1)
    pad_y, pad_x = (reach[1] + 3) >> 2, (reach[2] + 3) >> 2
    layers, tall, wide = (
        (last - first + 3) >> 2,
        ((rows + 3) >> 2) + 2 * pad_y,
        ((columns + 3) >> 2) + 2 * pad_x,
    )
    free = _free_bits(phase, owner, first, last, np.zeros((layers, tall, wide), np.uint64), pad_y, pad_x)
    most = ((reach[0] >> 1) + 2) * ((reach[1] >> 1) + 2) * ((reach[2] >> 1) + 2)
    slots = 64 if 64 * most <= _MOST_WORDS else 1
    words, ways = np.empty((slots, most), np.uint64), np.empty((slots, most), np.int64)
    starts = np.zeros((slots, (reach[0] >> 1) + 3), np.int64)
    made = np.full(slots, -1, np.int64)
    half = np.full((2 * reach[0] + 7, 2 * reach[1] + 7), -1, np.int64)
    flat, radius = free.reshape(-1), np.float32(-1)
    for ball in range(radii.size):
        if stop[0]:
            return
        if radii[ball] != radius:
            radius = radii[ball]
            reach_z = _half_chords(radius, spacing, reach, half)
            made[:] = -1
        z0 = voxels[ball] // (rows * columns)
        if z0 + reach_z < first or z0 - reach_z >= last:
            continue
        y0, x0 = voxels[ball] // columns % rows, voxels[ball] % columns
        inside = ((z0 - first) & 3) << 4 | (y0 & 3) << 2 | (x0 & 3)
        slot = inside if slots == 64 else 0
        if made[slot] != inside:
            made[slot] = inside
            _make_words(half, reach_z, inside, tall, wide, words[slot], ways[slot], starts[slot])
        layer = (z0 - first) >> 2
        lowest = layer + (((z0 - first) & 3) - reach_z >> 2)
        highest = layer + (((z0 - first) & 3) + reach_z >> 2)
        begin = starts[slot, max(0, -lowest)]
        end = starts[slot, min(highest, layers - 1) + 1 - lowest]
        base = (layer * tall + (y0 >> 2) + pad_y) * wide + (x0 >> 2) + pad_x
        if _finds_free(flat, base, words[slot, begin:end], ways[slot, begin:end]):
            used[ball] = True
            for k in range(begin, end):
                hit = flat[base + ways[slot, k]] & words[slot, k]
                if hit:
                    place = base + ways[slot, k]
                    flat[place] ^= hit
                    z, rest = place // (tall * wide), place % (tall * wide)
                    y, x = rest // wide - pad_y, rest % wide - pad_x
                    _own(owner, first + 4 * z, 4 * y, 4 * x, hit, ball)


@njit(cache=True, nogil=True)
def _free_bits(phase, owner, first, last, free, pad_y, pad_x):
    """Set the bits of the voxels of the phase, and give them no owner."""
    for z in range(first, last):
        for y in range(phase.shape[1]):
            line, row = phase[z, y], free[(z - first) >> 2, (y >> 2) + pad_y]
            shift = np.uint64(((z - first) & 3) << 4 | (y & 3) << 2)
            owner[z, y] = -1
            for x in range(line.size):
                row[(x >> 2) + pad_x] |= np.uint64(line[x]) << (shift | np.uint64(x & 3))
    return free


@njit(cache=True, nogil=True)
def _half_chords(radius, spacing, reach, half):
    """Write how far a ball reaches along each row of voxels, or -1; return its reach along planes.

    No ball reaches farther than ``reach``, beyond which the image ends on either side. Row
    ``(z, y)`` seen from the centre is at ``half[reach_z + 3 + z, reach_y + 3 + y]``, so that a rim
    of three rows of -1 is around the ball.
    """
    radius = radius * np.float32(0.999999)
    per_column = np.float32(1) / spacing[2]
    reach_z, reach_y = min(np.int64(radius / spacing[0]), reach[0]), reach[1]
    half[: 2 * reach_z + 7] = -1
    for z in range(reach_z + 1):
        square = radius**2 - (spacing[0] * z) ** 2
        if square < 0:
            continue
        for y in range(min(reach_y, np.int64(np.sqrt(square) / spacing[1])) + 1):
            chord = square - (spacing[1] * y) ** 2
            value = min(np.int64(np.sqrt(max(chord, np.float32(0))) * per_column), reach[2])
            for a in (reach_z + 3 - z, reach_z + 3 + z):
                half[a, reach_y + 3 - y] = half[a, reach_y + 3 + y] = value
    return reach_z


@njit(cache=True, nogil=True)
def _make_words(half, reach_z, inside, tall, wide, words, ways, starts):
    """List the bricks that a ball touches: the bits of its voxels, and the way from the centre's brick."""
    z0, y0, x0 = inside >> 4, inside >> 2 & 3, inside & 3
    reach_y, count = half.shape[1] // 2 - 3, 0
    lowest, highest = (z0 - reach_z) >> 2, (z0 + reach_z) >> 2
    chords = np.empty(16, np.int64)
    for z in range(lowest, highest + 1):
        starts[z - lowest] = count
        for y in range((y0 - reach_y) >> 2, ((y0 + reach_y) >> 2) + 1):
            at_z, at_y, widest = 4 * z - z0 + reach_z + 3, 4 * y - y0 + reach_y + 3, -1
            for n in range(16):
                chords[n] = half[at_z + (n >> 2), at_y + (n & 3)]
                widest = max(widest, chords[n])
            if widest < 0:
                continue
            for x in range((x0 - widest) >> 2, ((x0 + widest) >> 2) + 1):
                word = _NONE
                for n in range(16):
                    low = min(max(x0 - 4 * x - chords[n], 0), 4)
                    high = min(max(x0 - 4 * x + chords[n] + 1, 0), 4)
                    bits = (_NIBBLE << np.uint64(low)) & ~(_NIBBLE << np.uint64(high)) & _NIBBLE
                    word |= bits << np.uint64(4 * n)
                words[count], ways[count] = word, (z * tall + y) * wide + x
                count += 1
    starts[highest - lowest + 1] = count


@njit(cache=True, nogil=True)
def _finds_free(free, base, words, ways):
    """Return whether any bit of a ball is still free."""
    found = _NONE
    for k in range(words.size):
        found |= free[np.uint64(base + ways[k])] & words[k]
    return found != _NONE


@njit(cache=True, nogil=True)
def _own(owner, z, y, x, hit, ball):
    """Give the voxels of the set bits of a brick, which starts at (z, y, x), to a ball."""
    while hit != _NONE:
        bit = np.int64(lowest_bit(hit))
        hit &= hit - _ONE
        owner[z + (bit >> 4), y + (bit >> 2 & 3), x + (bit & 3)] = ball


@njit(cache=True, nogil=True)
def write_diameters(phase, owner, diameter, field, first, last):
    """Turn the distances in ``field`` into the diameters of the owners (without one, of the own ball)."""
    for z in range(first, last):
        for y in range(owner.shape[1]):
            for x in range(owner.shape[2]):
                ball = owner[z, y, x]
                if ball >= 0:
                    field[z, y, x] = diameter[ball]
                else:
                    field[z, y, x] = 2 * field[z, y, x] if phase[z, y, x] else 0
