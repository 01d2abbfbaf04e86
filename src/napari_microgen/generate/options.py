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
    """The options that every ``train METHOD`` has.

    Parameters
    ----------
    images : Path
        Folder with the micrographs; patches are cut from them at random during the training.
    conditions : Path
        CSV with one row per image: its name and the processing conditions, units in the head.
    out : Path
        Folder for the model; it must not exist yet, except with ``resume``. Checkpoints lie
        beside it, in ``OUT.training``.
    steps : int, optional
        Updates to make.
    minutes : float, optional
        Time limit. A run under a time limit cannot be repeated bit for bit.
    patch_size : int, optional
        Side of the generated images, in px.
    crop_size : int, optional
        Side of the piece of a micrograph that becomes one patch, in px; twice the patch size
        halves the resolution. Left out: the patch size.
    pixel_size : float, optional
        Pixel edge that all micrographs are brought to first, in um; needed where they were
        taken at different magnifications.
    augment : {"none", "flips", "isotropic"}
        Whether mirrored (flips) and turned (isotropic) patches count as real ones too; only
        where the structure has no preferred direction.
    batch_size : int, optional
        Images per step.
    columns : tuple of str, optional
        Columns that are conditions. Left out: all that are nothing else.
    categorical : tuple of str
        Columns whose numbers are labels.
    log : tuple of str
        Conditions on a logarithmic scale, such as a time.
    log1p : tuple of str
        Conditions on the scale log(1 + x), such as an energy that may be 0.
    where : tuple of str
        Rows to use: NAME=VALUE, NAME=LOW:HIGH or NAME!=VALUE; those left out can judge the
        model later.
    extra_images : {"refuse", "leave out"}
        What to do with images that no row names.
    magnification : str, optional
        Column with the magnification, for rows without a pixel size.
    pixel_at_1x : float, optional
        Pixel size at a magnification of 1, in um.
    seed : int
        Start of all random numbers.
    resume : bool
        Go on with the training that was interrupted in ``OUT.training``.
    save_every : int
        Steps between checkpoints; at most this much, or 5 minutes, is lost when the machine stops.
    snapshots : int
        Models to keep of the second part of the training, evenly spread, the end included; they lie
        in ``OUT.snapshots``, each as large as the model, and ``choose`` finds the best of them. 0 for
        none.
    preview_seconds : float
        Time between two pictures of generated patches, in s; 0 for none.
    device : {"auto", "cpu", "cuda"}
        Where to compute; auto takes the GPU if there is one. Several processes are started
        by ``torchrun``.
    precision : {"auto", "fp32", "bf16"}
        Number format of the networks; auto takes bf16 where the device multiplies it fast and the
        method allows it.
    threads : int, optional
        Processor threads. Left out: all cores or one, whichever is faster.
    licence : str
        Terms under which model and images may be used, for the card.
    """

    images: Path
    conditions: Path
    out: Path
    steps: int | None = None
    minutes: float | None = None
    patch_size: int | None = None
    crop_size: int | None = None
    pixel_size: float | None = None
    augment: Literal["none", "flips", "isotropic"] = "none"
    batch_size: int | None = None
    columns: tuple[str, ...] | None = None
    categorical: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    log1p: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    extra_images: Literal["refuse", "leave out"] = "refuse"
    magnification: str | None = None
    pixel_at_1x: float | None = None
    seed: int = 0
    resume: bool = False
    save_every: int = 500
    snapshots: int = 0
    preview_seconds: float = 10.0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    threads: int | None = None
    licence: str = ""

    def __post_init__(self) -> None:
        lowest = {"batch_size": 1, "save_every": 1, "threads": 1, "patch_size": 8, "crop_size": 8}
        for name, low in lowest.items():
            value = getattr(self, name)
            if value is not None and value < low:
                raise ParameterError(f"{name} is {value}; it must be at least {low}.")
        if self.patch_size is not None and self.patch_size > 4096:
            raise ParameterError(f"patch_size is {self.patch_size}; it may be 4096 at most.")
        if not 0 <= self.snapshots <= 1000:
            raise ParameterError(f"snapshots is {self.snapshots}; it must lie between 0 and 1000.")
        if self.preview_seconds < 0 or not 0 <= self.seed < 2**63:
            raise ParameterError("preview_seconds and seed must not be negative.")

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> "TrainingOptions":
        """Return the shared options among the arguments of an operation.

        Raises
        ------
        ParameterError
            If a number is out of its range.
        """
        return cls(**{f.name: arguments[f.name] for f in fields(cls) if f.name in arguments})

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
