"""Segment an image with a trained network, plane by plane, also when it is larger than memory."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ..errors import MemoryLimitError, ParameterError, ShapeMismatchError
from ..io.limits import allocate, memory_budget, readable_bytes
from ..progress import Progress, Steps
from ..train.devices import choose_device, out_of_memory, threads_kept
from ..train.timing import available_cores, fastest
from ..units import convert_length
from ..volume import Volume, require_grey
from .unet_data import neighbours
from .unet_fused import fused
from .unet_model import SegmentationModel, load_segmenter
from .unet_tiles import tiled_logits

LARGEST_TILE = 1536
"""Side in px up to which a plane is done at once; larger ones would leave no chance to stop."""
WORTH_TIMING = 4
"""Planes from which on number format and threads are chosen by timing."""
SAME = 0.999
"""Share of equal labels that bf16 must reach on the first plane to be used."""

Output = Literal["phases", "classes", "confidence"]


def predict_steps(
    image: Volume,
    model: Path,
    *,
    output: Output = "phases",
    tile: int | None = None,
    overlap: int | None = None,
    precision: Literal["auto", "fp32", "bf16"] = "auto",
    threads: int | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> Steps[Volume]:
    """Apply a trained network to an image or stack.

    Parameters
    ----------
    image : Volume
        Grey image or stack with the detector channels the network was trained on.
    model : Path
        Folder written by ``train unet``.
    output : {"phases", "classes", "confidence"}
        A phase map (0 pore, 1 solid), the label values of the training, or how much
        likelier the best class is than the second, 0 to 1.
    tile : int, optional
        Side of the tiles in px. Left out: the whole plane up to 1536 px and as far as
        memory allows.
    overlap : int, optional
        Pixels at the inner edges of a tile that its neighbour decides. Left out: the
        reach of the network, so that tiles change nothing; 64 is nearly as good.
    precision : {"auto", "fp32", "bf16"}
        Number format; auto takes bf16 if it is faster and gives the same labels.
    threads : int, optional
        Processor threads. Left out: all cores or one, whichever is faster.
    device : {"auto", "cpu", "cuda"}
        Where to compute; auto takes the GPU if there is one.

    Returns
    -------
    Volume
        uint8 labels, or float32 confidence. Facts: ``phase_fraction`` or
        ``class_fraction``, ``precision``, ``tile``, ``overlap``, ``threads``, ``device``.

    Raises
    ------
    ModelFileError
        If the model cannot be read.
    ShapeMismatchError
        If the image has other detector channels than the model.
    MemoryLimitError
        If not even the smallest tile fits into memory.
    """
    yield Progress(0, None, "reading the model")
    trained = load_segmenter(model)
    require_grey(image, "segmentation with a U-Net", channels=True)
    _require_channels(image, trained)
    job = _Job(image, trained, choose_device(device), tile, overlap)
    with threads_kept():
        yield from job.choose(precision, threads)
        return (yield from job.run(output))


@dataclass
class _Plan:
    """How the work is done; changed when memory runs short."""

    tile: tuple[int, int]
    overlap: int
    precision: str = "fp32"
    threads: int = 1


class _Job:
    """One image and one network."""

    def __init__(
        self, image: Volume, trained: SegmentationModel, device: str, tile: int | None, overlap: int | None
    ) -> None:
        self.image, self.trained, self.device = image, trained, device
        self.stride = int(trained.network.stride)
        self.sides = tuple(-(-n // self.stride) * self.stride for n in image.shape[-2:])
        self.plan = self._first_plan(tile, overlap)
        self.networks: dict[str, torch.nn.Module] = {}
        self.planes: dict[tuple[int, str], np.ndarray] = {}
        self.notes: list[str] = []

    def _first_plan(self, tile: int | None, overlap: int | None) -> _Plan:
        stride = self.stride
        reach = int(self.trained.network.margin) if overlap is None else overlap
        if (tile is not None and tile < 4 * stride) or reach < 0:
            raise ParameterError(
                f"tile is {tile} and overlap {reach}; take a tile of {4 * stride} px or more."
            )
        side = LARGEST_TILE if tile is None else -(-tile // stride) * stride
        plan = _Plan((min(side, self.sides[0]), min(side, self.sides[1])), reach)
        while self.needed(plan.tile) > memory_budget():
            plan = self.smaller(plan)
        if overlap is None:
            plan.overlap = min(reach, max(0, min(plan.tile) - stride) // 3)
        return plan

    def needed(self, tile: tuple[int, int]) -> int:
        """Bytes one tile takes at its peak, the input of the whole plane and its logits included."""
        trained = self.trained
        layers = trained.channels * (2 * trained.context + 1)
        whole = self.sides[0] * self.sides[1] * 4 * (layers + len(trained.classes) + 2)
        return whole + tile[0] * tile[1] * int(trained.network.bytes_per_pixel)

    def smaller(self, plan: _Plan) -> _Plan:
        """Return a plan of half the tile.

        Raises
        ------
        MemoryLimitError
            If it would be too small to be of use.
        """
        side = -(-max(plan.tile) // (2 * self.stride)) * self.stride
        if side < 4 * self.stride:
            raise MemoryLimitError(
                f"Segmenting planes of {self.sides[0]} x {self.sides[1]} px needs "
                f"{readable_bytes(self.needed(plan.tile))} even in tiles of {max(plan.tile)} px, and "
                f"{readable_bytes(memory_budget())} may be used. Crop the image first."
            )
        return replace(plan, tile=(min(side, self.sides[0]), min(side, self.sides[1])))

    def choose(self, precision: str, threads: int | None) -> Steps[None]:
        """Fix number format and threads, by timing the first plane where that pays."""
        while True:
            try:
                best = yield from self._timed(precision, threads)
                break
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
                self.halve(0)
        self.plan.threads, self.plan.precision = best
        torch.set_num_threads(best[0])

    def _timed(self, precision: str, threads: int | None) -> Steps[tuple[int, str]]:
        cores = threads or available_cores()
        pays = self.image.n_planes >= WORTH_TIMING
        formats = ["fp32", "bf16"] if precision == "auto" and pays else ["fp32"]
        formats = formats if precision == "auto" else [precision]
        rows, columns = self.plan.tile
        found: dict[str, np.ndarray] = {}

        def work(choice: tuple[int, str]) -> None:
            torch.set_num_threads(choice[0])
            self.plan.threads, self.plan.precision = choice
            part = self.window(0)[..., :rows, :columns]
            with torch.inference_mode():
                found[choice[1]] = self.network()(part).argmax(1).cpu().numpy()

        best = yield from fastest([(cores, each) for each in formats], work, gain=1.25)
        if best[1] == "bf16" and "fp32" in found and np.mean(found["fp32"] == found["bf16"]) < SAME:
            self.notes.append("bf16 changed more than 0.1 % of the labels of the first plane; fp32 was used")
            best = (cores, "fp32")
        if threads is None and cores > 1 and pays and self.device == "cpu":
            best = yield from fastest([best, (1, best[1])], work)
        return best

    def run(self, output: Output) -> Steps[Volume]:
        """Segment all planes; the next plane is read while one is computed."""
        image = self.image
        spatial = tuple(n for n, axis in zip(image.shape, image.axes, strict=True) if axis != "C")
        result = allocate(spatial, np.float32 if output == "confidence" else np.uint8)
        stack = result if image.is_stack else result[None]
        values = self.values(output)
        written = [] if values is None else values.unique().tolist()
        counts = np.zeros(256, np.int64)
        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(self.window, 0)
            for index in range(image.n_planes):
                window = coming.result()
                if index + 1 < image.n_planes:
                    coming = reader.submit(self.window, index + 1)
                logits = yield from self.logits(window, index)
                stack[index] = decided(logits[..., : spatial[-2], : spatial[-1]], values)
                if values is not None:
                    for value in written:
                        counts[value] += np.count_nonzero(stack[index] == value)
        return self.labelled(result, output, counts)

    def logits(self, window: Tensor, index: int) -> Steps[Tensor]:
        """Return the logits of one plane; when memory runs short the tile is halved."""
        while True:
            try:
                return (yield from self._tiles(window, index))
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
            self.halve(index)

    def _tiles(self, window: Tensor, index: int) -> Steps[Tensor]:
        plan, total = self.plan, self.image.n_planes
        parts = tiled_logits(self.network(), window, plan.tile, plan.overlap, self.stride)
        last = None
        while True:
            with torch.inference_mode():
                logits = next(parts, None)
            if logits is None:
                assert last is not None  # there is at least one tile
                return last
            last = logits
            yield Progress(index, total, f"segmenting plane {index + 1} of {total}")

    def halve(self, index: int) -> None:
        """Go on with tiles of half the side."""
        self.plan = self.smaller(self.plan)
        side = max(self.plan.tile)
        self.notes.append(f"memory was short: tiles of {side} px were used from plane {index} on")

    def network(self) -> torch.nn.Module:
        """Return the network in the chosen number format, made fast once."""
        precision = self.plan.precision
        if precision not in self.networks:
            dtype = torch.bfloat16 if precision == "bf16" else torch.float32
            self.networks[precision] = fused(self.trained.network, dtype).to(self.device)
        return self.networks[precision]

    def window(self, index: int) -> Tensor:
        """Return a plane with its neighbours as the network wants them, shape (1, layers, R, C)."""
        where = neighbours(index, self.trained.context, self.image.n_planes)
        precision = self.plan.precision
        for key in [key for key in self.planes if key[0] < where[0] or key[1] != precision]:
            del self.planes[key]
        for z in where:
            if (z, precision) not in self.planes:
                self.planes[z, precision] = self.padded(z, precision)
        layers = [layer for z in where for layer in self.planes[z, precision]]
        last = np.stack(layers, axis=-1)
        tensor = (
            torch.from_numpy(last) if precision == "fp32" else torch.from_numpy(last).view(torch.bfloat16)
        )
        return tensor.permute(2, 0, 1)[None].to(self.device)

    def padded(self, index: int, precision: str) -> np.ndarray:
        """Return one plane on the scale of the training, mirrored up to whole strides.

        float32, or the bits of bfloat16 as int16.
        """
        plane = self.trained.scale(self.image.plane(index))
        plane = plane.reshape(-1, *plane.shape[-2:])
        plane = plane if precision == "fp32" else bfloat16_bits(plane)
        more = [(0, n - m) for n, m in zip(self.sides, plane.shape[-2:], strict=True)]
        return np.pad(plane, ((0, 0), *more), mode="symmetric") if any(map(any, more)) else plane

    def values(self, output: Output) -> Tensor | None:
        """Return what to write for each class number; None for the confidence."""
        if output == "confidence":
            return None
        trained = self.trained
        if output == "phases":
            written = [int(value in trained.solid) for value in trained.classes]
        else:
            written = trained.classes
        return torch.tensor(written, dtype=torch.uint8, device=self.device)

    def labelled(self, result: np.ndarray, output: Output, counts: np.ndarray) -> Volume:
        """Return the result as a volume with what is to be said of it."""
        image, plan = self.image, self.plan
        facts: dict[str, Any] = {
            "precision": plan.precision,
            "threads": plan.threads,
            "device": self.device,
            "tile": list(plan.tile),
            "overlap": plan.overlap,
        }
        if output != "confidence":
            named = (0, 1) if output == "phases" else self.trained.classes
            name = "phase_fraction" if output == "phases" else "class_fraction"
            facts = {name: {str(value): float(counts[value] / counts.sum()) for value in named}} | facts
        return image.with_data(
            result,
            axes=image.axes.replace("C", ""),
            kind="image" if output == "confidence" else "labels",
            facts=facts,
            notes=(*self.notes, *self.remarks()),
        )

    def remarks(self) -> Iterator[str]:
        """Yield what the user should know about how image and model fit."""
        trained, image = self.trained, self.image
        if trained.context and not image.is_stack:
            yield (
                f"the model looks at {trained.context} neighbouring slices on each side and there is one "
                f"plane only; "
                f"the plane itself took their place"
            )
        known = image.voxel_size and trained.voxel_size and image.unit and trained.unit
        here = (image.voxel_size or (None,))[-1]
        there = (trained.voxel_size or (None,))[-1]
        if known and here and there:
            ratio = convert_length(here, str(image.unit), str(trained.unit)) / there
            if not 0.8 <= ratio <= 1.25:
                yield (
                    f"pixels are {ratio:.3g} times as large as in the training images; a network knows "
                    f"structures "
                    f"by their size in pixels, so check the result"
                )


def decided(logits: Tensor, values: Tensor | None) -> np.ndarray:
    """Return labels, or the confidence if ``values`` is None, of logits (1, classes, R, C)."""
    with torch.inference_mode():
        if values is not None:
            number = logits.argmax(1)[0]
            if logits.device.type == "cpu":
                return values.numpy().take(number.numpy())
            return values[number].cpu().numpy()
        best = logits.float().softmax(1).topk(2, dim=1).values[0]
        return (best[0] - best[1]).cpu().numpy()


def bfloat16_bits(array: np.ndarray) -> np.ndarray:
    """Return float32 values as the bits of bfloat16, rounded to nearest even, without the threads of torch.

    Examples
    --------
    >>> bits = bfloat16_bits(np.array([1.0, 1.005], np.float32))
    >>> torch.from_numpy(bits).view(torch.bfloat16).float().tolist()
    [1.0, 1.0078125]
    """
    bits = np.ascontiguousarray(array, np.float32).view(np.uint32)
    rounded = bits >> 16
    rounded &= 1
    rounded += 0x7FFF
    rounded += bits
    rounded >>= 16
    return rounded.astype(np.uint16).view(np.int16)


def _require_channels(image: Volume, trained: SegmentationModel) -> None:
    channels = image.shape[image.axes.index("C")] if "C" in image.axes else 1
    if channels != trained.channels:
        raise ShapeMismatchError(
            f"{image.name or 'The image'} has {channels} detector channel(s) and the model was trained on "
            f"{trained.channels}. Give the same detectors, joined as se.tif+bse.tif, or train a model on "
            f"these."
        )
