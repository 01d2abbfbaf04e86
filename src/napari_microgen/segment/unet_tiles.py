"""Apply a network to an image in tiles, with the result of the whole image."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

RAMP = 16
"""Width in px over which one tile fades into the next."""

Network = Callable[[Tensor], Tensor]


def tile_starts(length: int, tile: int, overlap: int, stride: int) -> list[int]:
    """Return where the tiles of one axis begin.

    Parameters
    ----------
    length : int
        Pixels of the axis, a multiple of ``stride``.
    tile : int
        Pixels of a tile, a multiple of ``stride``.
    overlap : int
        Pixels at the inner edge of a tile that another tile decides.
    stride : int
        Starts are multiples of this, so that all tiles see the same pooling grid.

    Examples
    --------
    >>> tile_starts(640, 256, 64, 16)
    [0, 128, 256, 384]
    >>> tile_starts(240, 256, 64, 16)
    [0]
    """
    if tile >= length:
        return [0]
    step = max(stride, (tile - 2 * overlap) // stride * stride)
    return [*range(0, length - tile, step), length - tile]


def tile_weight(tile: int, start: int, length: int, overlap: int) -> np.ndarray:
    """Return the weight of a tile along one axis: 0 near inner edges, 1 inside, a raised cosine between.

    Returns
    -------
    ndarray of float32, shape (min(tile, length),)
        Weights; 1 up to the edges of the image itself.
    """
    tile = min(tile, length)
    weight = np.ones(tile)
    half = min(RAMP // 2, overlap)
    inner = np.arange(tile) + 0.5
    for at_edge, distance in ((start == 0, inner), (start + tile == length, inner[::-1])):
        if not at_edge:
            part = np.clip((distance - (overlap - half)) / max(2 * half, 1e-9), 0, 1)
            weight *= 0.5 - 0.5 * np.cos(np.pi * part)
    return np.maximum(weight, 1e-6).astype(np.float32)


def tiled_logits(
    network: Network, image: Tensor, tile: tuple[int, int], overlap: int, stride: int
) -> Iterator[Tensor]:
    """Apply a network tile by tile; yields the logits so far, and last the whole ones.

    With an overlap of the network's reach or more the result is that of the whole image.

    Parameters
    ----------
    network : callable
        Takes images (1, channels, R, C) and returns logits (1, classes, R, C).
    image : Tensor, shape (1, channels, R, C)
        Sides are multiples of ``stride``.
    tile : (int, int)
        Rows and columns of a tile, multiples of ``stride``.
    overlap : int
        Pixels at the inner edges of a tile that are not used.
    stride : int
        See `tile_starts`.

    Yields
    ------
    Tensor, shape (1, classes, R, C)
        Valid once the iterator is exhausted; a chance to stop after each tile.
    """
    sides = image.shape[-2:]
    starts = [tile_starts(n, t, overlap, stride) for n, t in zip(sides, tile, strict=True)]
    if starts == [[0], [0]]:
        yield network(image)
        return
    total: Tensor | None = None
    weights = torch.zeros(sides, device=image.device)
    for row in starts[0]:
        for column in starts[1]:
            here = (slice(row, row + tile[0]), slice(column, column + tile[1]))
            part = image[(..., *here)].contiguous(memory_format=torch.channels_last)
            logits = network(part).float()
            along = [
                tile_weight(t, start, n, overlap)
                for t, start, n in zip(tile, (row, column), sides, strict=True)
            ]
            weight = torch.from_numpy(np.outer(*along)).to(image.device)
            if total is None:
                total = torch.zeros((1, logits.shape[1], *sides), device=image.device)
            total[(..., *here)] += weight * logits
            weights[here] += weight
            yield total
    assert total is not None  # there is at least one tile
    total /= weights
    yield total
