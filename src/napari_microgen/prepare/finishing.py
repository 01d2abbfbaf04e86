"""The last steps of `prepare` on one slice: denoise, CLAHE, and back to the type of the input."""

from typing import Any

import numpy as np

from ..progress import Progress, Steps
from ..volume import Volume
from .choices import Choices


class Finishing:
    """Denoises, evens out contrast and rounds slices, and counts what it did."""

    def __init__(self, image: Volume, choices: Choices, grey_range: tuple[float, float]) -> None:
        self._type = image.dtype
        self._choices = choices
        self._grey_range = grey_range
        self._noise: list[float | None] = []
        self.clipped = {"below": 0, "above": 0}

    def steps(self, image: np.ndarray) -> Steps[np.ndarray]:
        """Denoise a slice and even out its contrast, as asked."""
        choices = self._choices
        if choices.denoise != "none":
            from .denoise import denoise_steps

            found = yield from denoise_steps(image, choices.denoise, choices.denoise_strength)
            self._noise.append(found.noise)
            image = found.image
        if choices.clahe:
            from .clahe import clahe

            yield Progress(1, 1, "evening out contrast")
            image = clahe(
                image,
                self._grey_range,
                block=choices.clahe_block,
                bins=choices.clahe_bins,
                slope=choices.clahe_slope,
            )
        return image

    def rounded(self, image: np.ndarray) -> np.ndarray:
        """Return a slice in the type of the input; what does not fit is cut and counted."""
        if self._type.kind == "f":
            return image.astype(self._type)
        ends = np.iinfo(self._type)
        whole = np.rint(image)
        self.clipped["below"] += int(np.count_nonzero(whole < ends.min))
        self.clipped["above"] += int(np.count_nonzero(whole > ends.max))
        return np.clip(whole, ends.min, ends.max).astype(self._type)

    def records(self) -> list[dict[str, Any]]:
        """Return what was done, as plain JSON values."""
        choices = self._choices
        done: list[dict[str, Any]] = []
        if choices.denoise != "none":
            record: dict[str, Any] = {"step": "denoise", "method": choices.denoise}
            record["strength"] = choices.denoise_strength
            if any(noise is not None for noise in self._noise):
                record["noise"] = [None if noise is None else round(noise, 4) for noise in self._noise]
            done.append(record)
        if choices.clahe:
            done.append(
                {
                    "step": "clahe",
                    "block_px": choices.clahe_block,
                    "bins": choices.clahe_bins,
                    "slope": choices.clahe_slope,
                    "grey_range": list(self._grey_range),
                }
            )
        return done
