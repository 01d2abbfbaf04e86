"""What a user asks of `prepare`, checked."""

import math
from dataclasses import dataclass
from typing import Literal

from ..errors import LabelTypeError, ParameterError
from ..volume import Volume
from .tilt import require_tilt


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """The options of `prepare`; see there for what they mean."""

    crop_data_bar: Literal["auto"] | int | None
    invert: bool
    register: bool
    max_shift: int
    keep_trend: bool
    register_edges: Literal["crop", "fill"]
    tilt_correction: float | None
    curtaining: Literal["none", "fft", "wavelet"]
    curtain_angle: float
    curtain_longest: float | None
    shading: Literal["none", "additive", "multiplicative"]
    denoise: Literal["none", "gaussian", "median", "nlm", "tv"]
    denoise_strength: float
    clahe: bool
    clahe_block: int
    clahe_bins: int
    clahe_slope: float
    voi: tuple[int, ...] | None
    voi_size: tuple[float, float, float] | None
    voi_position: tuple[float, float, float] | None
    voi_unit: str

    def __post_init__(self) -> None:
        _require_one_of(self, "register_edges", "crop", "fill")
        _require_one_of(self, "curtaining", "none", "fft", "wavelet")
        _require_one_of(self, "shading", "none", "additive", "multiplicative")
        _require_one_of(self, "denoise", "none", "gaussian", "median", "nlm", "tv")
        if isinstance(self.crop_data_bar, str) and self.crop_data_bar != "auto":
            raise ParameterError(
                f"crop_data_bar is {self.crop_data_bar!r}; give auto, or a number of rows (negative: at the "
                f"top)."
            )
        if self.tilt_correction is not None:
            require_tilt(self.tilt_correction)
        _require_range("max_shift", self.max_shift, 1, 1000, "px")
        _require_range("curtain_angle", self.curtain_angle, -180, 180, "degree")
        _require_range("denoise_strength", self.denoise_strength, 0.05, 100, "")
        _require_range("clahe_block", self.clahe_block, 8, 10_000, "px")
        _require_range("clahe_bins", self.clahe_bins, 16, 65_536, "")
        _require_range("clahe_slope", self.clahe_slope, 1, 1000, "")
        if self.curtain_longest is not None:
            _require_range("curtain_longest", self.curtain_longest, 4, 1e6, "px")
        if self.voi is not None and self.voi_size is not None:
            raise ParameterError("Both voi and voi_size were given; give the box by index or by length.")
        if self.voi_position is not None and self.voi_size is None:
            raise ParameterError("voi_position was given without voi_size; give the lengths of the box too.")

    @property
    def grey_steps(self) -> tuple[str, ...]:
        """Names of the steps asked for that change grey values."""
        asked = {
            "invert": self.invert,
            "register": self.register,
            "tilt_correction": self.tilt_correction is not None,
            "curtaining": self.curtaining != "none",
            "shading": self.shading != "none",
            "denoise": self.denoise != "none",
            "clahe": self.clahe,
        }
        return tuple(name for name, is_asked in asked.items() if is_asked)


def _require_one_of(choices: Choices, name: str, *allowed: str) -> None:
    value = getattr(choices, name)
    if value not in allowed:
        raise ParameterError(f"{name} is {value!r}; expected one of {', '.join(allowed)}.")


def _require_range(name: str, value: float, low: float, high: float, unit: str) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        raise ParameterError(f"{name} is {value:g} {unit}".rstrip() + f"; expected {low:g} to {high:g}.")


def refuse_grey_work_on_labels(image: Volume, choices: Choices) -> None:
    """Refuse steps that would change labels.

    Raises
    ------
    LabelTypeError
        If anything but a crop was asked for on labels or a mask.
    """
    if (image.kind == "labels" or image.dtype.kind == "b") and choices.grey_steps:
        raise LabelTypeError(
            f"{image.name or 'The image'} holds labels, and {', '.join(choices.grey_steps)} would change "
            f"them. Labels can be cropped only: prepare the grey image, then segment it."
        )
