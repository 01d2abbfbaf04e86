"""One slice on its way through the steps of `prepare`, and what the steps have to say of it."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..volume import Volume
from .choices import Choices
from .crop import Box
from .tilt import correct_tilt, stretched_rows
from .translation import translate


def working_type(volume: Volume) -> np.dtype:
    """Return the type to compute in: enough for every grey value of the input."""
    small = volume.dtype.itemsize <= (4 if volume.dtype.kind == "f" else 2)
    return np.dtype(np.float32 if small else np.float64)


@dataclass
class Slices:
    """The slices of a volume after the steps that come before the levelling of brightness."""

    volume: Volume
    choices: Choices
    rows: slice
    """Rows of the input that are not data bar."""
    grey_range: tuple[float, float]
    """Lowest and highest grey, of the type for 8 bit, else of the stack, between which polarity is turned."""
    shifts: np.ndarray | None = None
    """Registration path, shape (P, 2), in px."""
    frame: tuple[slice, slice] | None = None
    """Rows and columns (after the data bar) that all slices cover after their shifts."""
    streaks_rms: dict[int, float] = field(default_factory=dict)
    """Root mean square of the curtains taken from a slice, in grey values."""

    @property
    def input_frame(self) -> Box:
        """Voxels of the input that are left, in the frame of the first slice."""
        first_row, last_row = self.rows.start, self.rows.stop
        first_column, last_column = 0, self.volume.shape[-1]
        if self.frame is not None:
            down, right = self.frame
            first_row, last_row = first_row + down.start, first_row + down.stop
            first_column, last_column = right.start, right.stop
        return Box((0, first_row, first_column), (self.volume.n_planes, last_row, last_column))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a slice as `prepared` gives it."""
        _, rows, columns = self.input_frame.shape
        angle = self.choices.tilt_correction
        return (rows if angle is None else stretched_rows(rows, angle)), columns

    def window(self, box: Box) -> tuple[slice, slice]:
        """Return the rows and columns of a prepared slice that a box of the input stands for."""
        frame = self.input_frame
        angle = self.choices.tilt_correction
        stretch = 1.0 if angle is None else 1 / math.cos(math.radians(angle))
        top = round((box.start[1] - frame.start[1]) * stretch)
        height = min(self.shape[0], max(1, round(box.shape[1] * stretch)))
        top = max(0, min(top, self.shape[0] - height))
        left = box.start[2] - frame.start[2]
        return slice(top, top + height), slice(left, left + box.shape[2])

    def raw(self, index: int) -> np.ndarray:
        """Return a slice without data bar, polarity turned if asked, in the working type."""
        image = np.asarray(self.volume.plane(index)[self.rows], dtype=working_type(self.volume))
        if self.choices.invert:
            low, high = self.grey_range
            image = image.dtype.type(low + high) - image
        return image

    def prepared(self, index: int) -> np.ndarray:
        """Return a slice after registration, tilt correction and removal of curtains."""
        image = self.raw(index)
        if self.shifts is not None:
            image = translate(image, (float(self.shifts[index, 0]), float(self.shifts[index, 1])))
            if self.frame is not None:
                image = image[self.frame]
        if self.choices.tilt_correction is not None:
            image = correct_tilt(image, self.choices.tilt_correction)
        if self.choices.curtaining != "none":
            image = self._without_curtains(index, image)
        return image

    def _without_curtains(self, index: int, image: np.ndarray) -> np.ndarray:
        from .curtaining import streaks_by_fft, streaks_by_wavelet

        find = streaks_by_fft if self.choices.curtaining == "fft" else streaks_by_wavelet
        streaks = find(image, angle=self.choices.curtain_angle, longest=self.choices.curtain_longest)
        self.streaks_rms[index] = float(np.sqrt(np.mean(np.square(streaks, dtype=np.float64))))
        return image - streaks

    def records(self) -> list[dict[str, Any]]:
        """Return what tilt correction and the removal of curtains did, as plain JSON values."""
        done: list[dict[str, Any]] = []
        angle = self.choices.tilt_correction
        if angle is not None:
            factor = 1 / math.cos(math.radians(angle))
            done.append({"step": "tilt_correction", "angle": angle, "factor": factor, "rows": self.shape[0]})
        if self.choices.curtaining != "none":
            removed = [self.streaks_rms[k] for k in sorted(self.streaks_rms)]
            done.append(
                {
                    "step": "curtaining",
                    "method": self.choices.curtaining,
                    "angle": self.choices.curtain_angle,
                    "longest_px": self.choices.curtain_longest,
                    "removed_rms": [round(value, 4) for value in removed],
                    "removed_rms_mean": float(np.mean(removed)),
                }
            )
        return done
