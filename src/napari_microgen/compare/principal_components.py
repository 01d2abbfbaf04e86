"""Principal components, fitted on real images only, so that both sides are seen with the same eyes."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class PrincipalComponents:
    """Directions in which a set of vectors varies most."""

    mean: np.ndarray
    """Shape (d,)."""
    directions: np.ndarray
    """Orthonormal rows, most varying first, shape (k, d)."""
    explained: np.ndarray
    """Share of the whole variance of each, shape (k,)."""

    @classmethod
    def fit(cls, vectors: np.ndarray, count: int = 3) -> "PrincipalComponents":
        """Return the first components of some vectors.

        Parameters
        ----------
        vectors : ndarray of float, shape (n, d)
            One vector per image.
        count : int
            How many components; 3 as in the published comparison. Fewer come back if there are
            not as many images or dimensions.

        Examples
        --------
        >>> line = np.outer(np.arange(5.0), [3.0, 4.0])
        >>> components = PrincipalComponents.fit(line, 1)
        >>> components.directions.round(2).tolist(), round(float(components.explained[0]), 6)
        ([[0.6, 0.8]], 1.0)
        """
        mean = vectors.mean(axis=0)
        _, sizes, directions = np.linalg.svd(vectors - mean, full_matrices=False)
        kept = min(count, len(directions))
        directions = directions[:kept]
        # A direction has no sign of its own: its largest entry is made positive.
        largest = np.abs(directions).argmax(axis=1)
        directions = directions * np.where(directions[np.arange(kept), largest] < 0, -1.0, 1.0)[:, None]
        whole = float((sizes**2).sum())
        share = sizes[:kept] ** 2 / whole if whole > 0 else np.zeros(kept)
        return cls(mean, directions, share)

    def apply(self, vectors: np.ndarray) -> np.ndarray:
        """Return the coordinates of vectors, shape (n, k)."""
        coordinates: np.ndarray = (vectors - self.mean) @ self.directions.T
        return coordinates
