"""What a user may say about any training of a generator."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from ..errors import ParameterError
from ..io.condition_images import ConditionedImages, read_condition_images
from ..io.conditions import Reading


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """The options that every ``train METHOD`` has; their meaning stands in its docstring."""

    images: Path
    conditions: Path
    out: Path
    steps: int | None
    minutes: float | None
    patch_size: int | None
    crop_size: int | None
    pixel_size: float | None
    augment: Literal["none", "flips", "isotropic"]
    batch_size: int | None
    columns: tuple[str, ...] | None
    categorical: tuple[str, ...]
    log: tuple[str, ...]
    log1p: tuple[str, ...]
    where: tuple[str, ...]
    extra_images: Literal["refuse", "leave out"]
    magnification: str | None
    pixel_at_1x: float | None
    seed: int
    resume: bool
    save_every: int
    preview_seconds: float
    device: Literal["auto", "cpu", "cuda"]
    precision: Literal["auto", "fp32", "bf16"]
    threads: int | None
    licence: str

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> "TrainingOptions":
        """Return the shared options among the arguments of an operation.

        Raises
        ------
        ParameterError
            If a number is out of its range.
        """
        options = cls(**{f.name: arguments[f.name] for f in fields(cls)})
        lowest = {"batch_size": 1, "save_every": 1, "threads": 1, "patch_size": 8, "crop_size": 8}
        for name, low in lowest.items():
            value = getattr(options, name)
            if value is not None and value < low:
                raise ParameterError(f"{name} is {value}; it must be at least {low}.")
        if options.patch_size is not None and options.patch_size > 4096:
            raise ParameterError(f"patch_size is {options.patch_size}; it may be 4096 at most.")
        if options.preview_seconds < 0 or not 0 <= options.seed < 2**63:
            raise ParameterError("preview_seconds and seed must not be negative.")
        return options

    def read(self) -> ConditionedImages:
        """Read the table and find the images; see `read_condition_images`."""
        reading = Reading(
            columns=self.columns,
            categorical=self.categorical,
            log=self.log,
            log1p=self.log1p,
            where=self.where,
            magnification=self.magnification,
            pixel_at_1x=self.pixel_at_1x,
        )
        return read_condition_images(self.images, self.conditions, reading, extra=self.extra_images)
