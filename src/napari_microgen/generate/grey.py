"""Grey values of micrographs as the numbers from -1 to 1 that generators work with, and back."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..errors import ModelFileError

TYPES = ("uint8", "uint16", "float32")


@dataclass(frozen=True)
class GreyScale:
    """What -1 and 1 stand for."""

    low: float
    """Value that becomes -1."""
    high: float
    """Value that becomes 1."""
    dtype: str
    """Type of the images: uint8, uint16 or float32."""
    binary: bool = False
    """True if only these two values occur: generated images are then thresholded at 0."""

    def forward(self, values: np.ndarray) -> np.ndarray:
        """Return grey values as float32 from -1 to 1."""
        return ((np.asarray(values, np.float32) - self.low) * (2 / (self.high - self.low)) - 1).astype(
            np.float32
        )

    def inverse(self, values: np.ndarray) -> np.ndarray:
        """Return numbers as grey values in the type of the images; what is beyond the ends is cut off.

        Examples
        --------
        >>> GreyScale(0, 255, "uint8").inverse(np.array([-1.2, 0.0, 1.0])).tolist()
        [0, 128, 255]
        >>> GreyScale(0, 1, "uint8", binary=True).inverse(np.array([-0.2, 0.6])).tolist()
        [0, 1]
        """
        values = np.where(values > 0, 1.0, -1.0) if self.binary else np.clip(values, -1, 1)
        grey = self.low + (values + 1) * ((self.high - self.low) / 2)
        kind = np.dtype(self.dtype)
        return (np.floor(grey + 0.5) if kind.kind == "u" else grey).astype(kind)

    def to_dict(self) -> dict[str, Any]:
        """Return the scale as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Any) -> "GreyScale":
        """Read what `to_dict` gives.

        Raises
        ------
        ModelFileError
            If it is no such scale.
        """
        try:
            scale = cls(float(content["low"]), float(content["high"]), content["dtype"], content["binary"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(f"The grey scale of the model is damaged: {error!r}.") from None
        limit = {"uint8": 255.0, "uint16": 65535.0}.get(str(scale.dtype), 1e30)
        fits = scale.dtype in TYPES and type(scale.binary) is bool
        if (
            not fits
            or not -1e30 < scale.low < scale.high <= limit
            or (scale.dtype != "float32" and scale.low < 0)
        ):
            raise ModelFileError("The grey scale of the model contradicts itself.")
        return scale


def scale_of(low: float, high: float, dtype: np.dtype, values: set[float]) -> GreyScale:
    """Return the scale of a training set.

    Parameters
    ----------
    low, high : float
        Smallest and largest value found.
    dtype : dtype
        Type of the images.
    values : set of float
        The different values, or the first few of them.
    """
    binary = len(values) == 2
    if dtype.kind == "b":
        return GreyScale(0.0, 1.0, "uint8", binary=True)
    if dtype.kind in "iu" and low >= 0 and high <= 65535:
        small = dtype.itemsize == 1 or (dtype.itemsize > 2 and high <= 255)
        name = "uint8" if small else "uint16"
        if not binary:
            return GreyScale(0.0, 255.0, "uint8") if name == "uint8" else GreyScale(low, high, name)
        return GreyScale(low, high, name, binary=True)
    return GreyScale(low, high if high > low else low + 1, "float32", binary=binary)
