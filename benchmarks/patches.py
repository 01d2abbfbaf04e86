"""Grey patches on which persistence is timed: a noisy two-phase micrograph, cut into 128 x 128 pixels."""

import numpy as np
from scipy.ndimage import gaussian_filter


def patches(edge: int = 128) -> list[np.ndarray]:
    """Return 32 patches, float64 with values between 0 and 1."""
    random = np.random.default_rng(0)
    shape = (5 * edge, int(8.75 * edge))
    field = gaussian_filter(random.standard_normal(shape).astype(np.float32), 6)
    image = np.clip(0.15 + 0.7 * (field > np.median(field)) + 0.08 * random.standard_normal(shape), 0, 1)
    corners = [(r, c) for r in range(0, 4 * edge, edge) for c in range(0, 8 * edge, edge)]
    return [np.ascontiguousarray(image[r : r + edge, c : c + edge]) for r, c in corners]
