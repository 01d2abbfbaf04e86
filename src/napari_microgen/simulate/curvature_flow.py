"""Volume-conserving motion by mean curvature: necks fill, bumps vanish, small parts feed large ones."""

import math

import numpy as np

from ..progress import Progress, Steps, waited


def curvature_flow(solid: np.ndarray, time: float, spacing: tuple[float, float, float]) -> Steps[np.ndarray]:
    """Relax a solid by the Allen-Cahn equation with constant volume (Brassel and Bretin 2011).

    The interface moves with the sum of its principal curvatures less their mean; the
    interface is about four largest voxel edges wide. Periodic.

    Parameters
    ----------
    solid : ndarray of bool, shape (P, R, C)
        The solid to start from.
    time : float
        How long, in the square of the unit of ``spacing`` (unit mobility): a lone ball of
        radius R without the volume constraint would vanish after R²/4.
    spacing : (float, float, float)
        Voxel edges.

    Returns
    -------
    ndarray of float32, shape (P, R, C)
        Phase field, near 1 in the solid and 0 in the pores; cut it at a level.
    """
    field = solid.astype(np.float32)
    width = 0.8 * max(spacing)
    longest = 0.45 / sum(1 / h**2 for h in spacing)
    steps = max(1, math.ceil(time / min(longest, 0.5 * width**2)))
    for index in range(steps):
        yield from waited(lambda: _step(field, time / steps, width, spacing), index, steps, "sintering")
    yield Progress(steps, steps, "sintering")
    return field


def _step(field: np.ndarray, time: float, width: float, spacing: tuple[float, float, float]) -> None:
    """Advance the field by one explicit step, in place."""
    from scipy import ndimage as ndi

    slope = field * (1 - field)
    force = slope * (1 - 2 * field)
    balance = force.sum(dtype=np.float64) / max(slope.sum(dtype=np.float64), 1e-12)
    change = (np.float32(balance) * slope - force) / np.float32(width**2)
    for axis, h in enumerate(spacing):
        change += ndi.correlate1d(field, [1 / h**2, -2 / h**2, 1 / h**2], axis, mode="wrap")
    field += np.float32(time) * change
