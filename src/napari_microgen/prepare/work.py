"""The run of `prepare` over one volume: what is read when, and what is recorded."""

from typing import Any

import numpy as np

from ..errors import ParameterError
from ..io import limits
from ..progress import Progress, Steps, scaled
from ..volume import Volume
from .alignment import align, notes_of, record_of
from .choices import Choices
from .crop import Box, box_by_index, box_by_length, image_shape
from .data_bar import bar_to_crop
from .finishing import Finishing
from .levels import Levels
from .slices import Slices, working_type
from .translation import common_frame, pixels_without_data

WORKING_BYTES = {"register": 70, "curtaining": 120, "clahe": 70, "denoise": 60}
"""Bytes per pixel of a slice that a step takes at its peak, in single precision (other steps: 30).

Measured on 2000 x 2000 pixels: 55; 71 (116 for slanted streaks); 57; 14 to 49; the others 14 to 25.
"""


class Work:
    """What `prepare` does to one volume, with its records and notes.

    Progress runs over four times the slices: grey values, shifts, shading, the rest.
    """

    def __init__(self, image: Volume, choices: Choices) -> None:
        self.image, self.choices = image, choices
        self.records: list[dict[str, Any]] = []
        self.notes: list[str] = list(image.notes)
        self.contrast = (0.0, 0.0)
        self._planes = image.n_planes
        self._total = 4 * image.n_planes
        if choices.grey_steps:
            per_pixel = max(WORKING_BYTES.get(step, 30) for step in choices.grey_steps)
            limits.require_memory(
                image.shape[-2] * image.shape[-1] * per_pixel * working_type(image).itemsize // 4,
                f"Preparing slices of {image.shape[-2]} x {image.shape[-1]} pixels",
                "Crop a VOI first, or leave steps out.",
            )

    def aligned(self) -> Steps[Slices]:
        """Crop the data bar and measure the shifts."""
        bar, record, notes = bar_to_crop(self.image, self.choices.crop_data_bar)
        self.notes += notes
        if record:
            self.records.append(record)
        n_rows = self.image.shape[-2]
        rows = bar.crop(n_rows) if bar else slice(0, n_rows)
        ends, self.contrast = yield from self._grey_ranges(rows)
        slices = Slices(self.image, self.choices, rows, ends)
        if self.choices.invert:
            self.records.append({"step": "invert", "low": ends[0], "high": ends[1]})
            self.contrast = sum(ends) - self.contrast[1], sum(ends) - self.contrast[0]
        if self.choices.register:
            yield from scaled(self._register(slices), self._planes, self._planes, self._total)
        return slices

    def _grey_ranges(self, rows: slice) -> Steps[tuple[tuple[float, float], tuple[float, float]]]:
        """Lowest and highest grey, and the same without the outermost 0.01 % of a slice.

        Both are those of the type for 8 bit, and looked up only where a step needs them.
        """
        if self.image.dtype.kind in "iu" and self.image.dtype.itemsize == 1:
            ends = np.iinfo(self.image.dtype)
            full = float(ends.min), float(ends.max)
            return full, full
        found = []
        for k in range(self._planes if self.choices.invert or self.choices.clahe else 0):
            plane = self.image.plane(k)[rows]
            inner = np.quantile(plane[::2, ::2].astype(np.float64), (0.0001, 0.9999))
            found.append((float(plane.min()), float(plane.max()), float(inner[0]), float(inner[1])))
            yield Progress(k + 1, self._total, "looking at the grey values")
        if not found:
            return (0.0, 0.0), (0.0, 0.0)
        lows, highs, inner_lows, inner_highs = zip(*found, strict=True)
        return (min(lows), max(highs)), (min(inner_lows), max(inner_highs))

    def _register(self, slices: Slices) -> Steps[None]:
        choices = self.choices
        if self._planes == 1:
            self.notes.append("registration was left out: one slice has nothing to be aligned with")
            return
        found = yield from align(
            slices.raw, self._planes, max_shift=choices.max_shift, keep_trend=choices.keep_trend
        )
        if found is None:
            self.notes.append("registration was left out: the shifts are undefined, no slice shows structure")
            return
        path, pairs = found
        slices.shifts = path.shifts
        shape = (slices.rows.stop - slices.rows.start, self.image.shape[-1])
        record = record_of(path, pairs, max_shift=choices.max_shift, keep_trend=choices.keep_trend)
        record["edges"] = choices.register_edges
        if choices.register_edges == "crop":
            slices.frame = common_frame(path.shifts, shape)
            _require_common(slices.frame, path.shifts)
            record["rows"], record["columns"] = ([part.start, part.stop] for part in slices.frame)
        else:
            lacking = pixels_without_data(path.shifts, shape)
            record |= {"no_data_value": 0, "no_data_voxels": lacking}
        self.records.append(record)
        self.notes += notes_of(path, pairs, self.image, keep_trend=choices.keep_trend)

    def finished(self, slices: Slices) -> Steps[Volume]:
        """Do the remaining steps on each slice that is kept."""
        box, voi = self._chosen_box(slices)
        kept, window = range(box.start[0], box.stop[0]), slices.window(box)
        levels = Levels(slices, kept) if self.choices.shading != "none" else None
        if levels:
            yield from scaled(levels.measure(), 2 * self._planes, self._planes, self._total)
        finishing = Finishing(self.image, self.choices, self.contrast)
        shape = (len(kept), window[0].stop - window[0].start, window[1].stop - window[1].start)
        out = limits.allocate(shape, self.image.dtype.newbyteorder("="))
        for index, k in enumerate(kept):
            if self.choices.grey_steps:
                plane = levels.plane(k) if levels else slices.prepared(k)
                plane = yield from scaled(finishing.steps(plane), 3 * self._planes + index, 1, self._total)
                out[index] = finishing.rounded(plane[window])
            else:
                out[index] = self.image.plane(k)[slices.rows][window]
            yield Progress(3 * self._planes + index + 1, self._total, "cleaning slices")
        self.records += [*slices.records(), *(levels.records() if levels else ()), *finishing.records(), *voi]
        self.notes += levels.notes() if levels else []
        if not self.records:
            self.notes.append("no step was done: the image is unchanged")
        facts = {"steps": self.records, "origin": list(box.start), "clipped": finishing.clipped}
        metadata = dict(self.image.metadata)
        if box.stop[1] != self.image.shape[-2] or self.choices.register or self.choices.tilt_correction:
            metadata.pop("data_bar_rows", None)  # no longer at the bottom, or no longer so high
        data = out if self.image.is_stack else out[0]
        return self.image.with_data(data, facts=facts, notes=tuple(self.notes), metadata=metadata)

    def _chosen_box(self, slices: Slices) -> tuple[Box, list[dict[str, Any]]]:
        """Return the voxels of the input that are kept, and the record of a VOI."""
        frame, choices = slices.input_frame, self.choices
        if choices.voi is not None:
            box = box_by_index(choices.voi, image_shape(self.image), frame)
        elif choices.voi_size is not None:
            box = box_by_length(choices.voi_size, choices.voi_unit, self.image, choices.voi_position, frame)
        else:
            return frame, []
        return box, [
            {"step": "voi", "start": list(box.start), "stop": list(box.stop), "size": list(box.shape)}
        ]


def _require_common(frame: tuple[slice, slice], shifts: np.ndarray) -> None:
    if any(part.stop <= part.start for part in frame):
        span = np.ptp(shifts, axis=0)
        raise ParameterError(
            f"The slices wander by {span[0]:.0f} rows and {span[1]:.0f} columns: no pixel is common to "
            f"all. Keep the drift with keep_trend, or the frame with register_edges fill."
        )
