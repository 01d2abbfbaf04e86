"""The main job end to end on a built-in sample: simulate, clean, segment, train, measure, show."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from .features import FeatureTable
from .io.atomic import require_writable, write_text
from .io.writing import write, write_table
from .operations import run
from .progress import Progress, Steps, scaled, stepwise
from .volume import Volume

_SHARES = {
    "simulate": 5,
    "prepare": 10,
    "otsu": 5,
    "hybrid": 10,
    "annotate": 10,
    "train": 45,
    "unet": 10,
    "measure": 5,
}


@stepwise
def demo(
    out: Path = Path("microgen-demo"), *, train_steps: int = 500, seed: int = 0
) -> Steps[dict[str, Any]]:
    """Run the main job on a built-in simulated FIB-SEM stack.

    From a raw stack with curtains and shading to a phase map, a relative density and a picture:
    the stack is cleaned, segmented by Otsu's threshold and by the hybrid method, a U-Net is trained
    on the hybrid annotation and a few labelled planes, and each result is scored against the exact
    truth. All data are simulated.

    Parameters
    ----------
    out : Path
        Folder for the results; made when it is not there.
    train_steps : int
        Optimiser steps of the U-Net. 500 take about a minute and a half on two cores.
    seed : int
        Seed of the sample and of the training.

    Returns
    -------
    dict
        ``out``, ``stages`` (name, seconds and findings of each) and ``picture``.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    require_writable(out)
    story = _Story(out)
    yield from story.tell(train_steps, seed)
    write_text(out / "demo.json", json.dumps(story.stages, indent=2) + "\n")
    return {"out": str(out), "stages": story.stages, "picture": str(out / "demo.png")}


class _Story:
    """The stages of the demo, in order, and what each found."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.stages: list[dict[str, Any]] = []
        self.done = 0

    def tell(self, train_steps: int, seed: int) -> Steps[None]:
        from .sample_data import sample_fibsem, sample_fibsem_truth

        start = time.monotonic()
        yield Progress(0, 100, "simulating a FIB-SEM stack")
        raw, truth = sample_fibsem(seed=seed), sample_fibsem_truth(seed=seed)
        write(raw, self.out / "raw.tif")
        write(truth, self.out / "truth.tif")
        self._note(
            "simulate", start, {"shape": list(raw.shape), "voxel_size": raw.voxel_size, "unit": raw.unit}
        )

        clean = yield from self._stage("prepare", image=raw, curtaining="fft", shading="additive")
        otsu = yield from self._segmented("otsu", clean, truth, method="otsu")
        yield from self._segmented("hybrid", clean, truth, method="hybrid")
        labels = yield from self._annotated(clean, truth)
        model = yield from self._trained(labels, train_steps, seed)
        unet = yield from self._segmented("unet", clean, truth, method="unet", model=model)
        yield from self._measured({"truth": truth, "otsu": otsu, "unet": unet})
        _picture(
            self.out / "demo.png", {"raw": raw, "cleaned": clean, "truth": truth, "Otsu": otsu, "U-Net": unet}
        )

    def _stage(self, name: str, operation: str | None = None, **arguments: Any) -> Steps[Any]:
        """Run an operation, write its image, and note how long it took."""
        start = time.monotonic()
        result = yield from self._run(name, operation or name, **arguments)
        findings: dict[str, Any] = {}
        if isinstance(result, Volume):
            write(result, self.out / f"{name}.tif")
            findings = {
                key: result.facts[key] for key in ("phase_fraction", "class_fraction") if key in result.facts
            }
        self._note(name, start, findings)
        return result

    def _run(self, name: str, operation: str, **arguments: Any) -> Steps[Any]:
        result: Any = yield from scaled(run(operation, **arguments), self.done, _SHARES[name], 100)
        self.done += _SHARES[name]
        return result

    def _segmented(self, name: str, clean: Volume, truth: Volume, **how: Any) -> Steps[Volume]:
        result = yield from self._stage(name, "segment", image=clean, **how)
        scores = yield from run("score", prediction=result, truth=truth)
        self.stages[-1]["accuracy"] = scores["accuracy"]
        self.stages[-1]["jaccard_pore"] = scores["classes"]["0"]["jaccard"]
        return result

    def _annotated(self, clean: Volume, truth: Volume) -> Steps[list[Path]]:
        """Annotate by the hybrid method, and paint five planes exactly, as a user would by hand."""
        labels: Volume = yield from self._stage("annotate", image=clean)
        painted = np.zeros(labels.shape, np.uint8)
        for plane in np.linspace(1, labels.n_planes - 2, 5).round().astype(int):
            painted[plane] = np.where(truth.plane(int(plane)) == 1, 1, 2)
        write(labels.with_data(painted, kind="labels"), self.out / "painted.tif")
        return [self.out / "annotate.tif", self.out / "painted.tif"]

    def _trained(self, labels: list[Path], steps: int, seed: int) -> Steps[Path]:
        start, model = time.monotonic(), self.out / "model"
        images = [self.out / "prepare.tif"] * len(labels)
        arguments = {"images": images, "labels": labels, "out": model}
        found = yield from self._run("train", "train unet", **arguments, steps=steps, seed=seed)
        self._note("train", start, {"steps": found["steps"]})
        return model

    def _measured(self, maps: dict[str, Volume]) -> Steps[None]:
        start, findings = time.monotonic(), {}
        for name, labels in maps.items():
            table: FeatureTable = yield from run("quantify", labels=labels, features=("relative_density",))
            write_table(table, self.out / f"{name}.csv")
            findings[f"relative_density_{name}"] = table["relative_density"].value
        self.done += _SHARES["measure"]
        self._note("measure", start, findings)

    def _note(self, name: str, start: float, findings: dict[str, Any]) -> None:
        self.stages.append({"name": name, "seconds": round(time.monotonic() - start, 2), **findings})


def _picture(path: Path, volumes: dict[str, Volume]) -> None:
    """Write one plane of each volume side by side, with its name above."""
    from PIL import Image, ImageDraw

    tiles = {name: _grey(volume.plane(volume.n_planes // 2), volume.kind) for name, volume in volumes.items()}
    height = max(tile.shape[0] for tile in tiles.values())
    width = sum(tile.shape[1] + 8 for tile in tiles.values()) + 8
    canvas = Image.new("L", (width, height + 44), 255)
    draw, left = ImageDraw.Draw(canvas), 8
    for name, tile in tiles.items():
        draw.text((left, 8), name, fill=0)
        canvas.paste(Image.fromarray(tile), (left, 26))
        left += tile.shape[1] + 8
    draw.text((8, height + 30), "simulated data, middle plane", fill=90)
    from .io.atomic import atomic_path

    with atomic_path(path) as temporary:
        canvas.save(temporary, format="PNG")


def _grey(plane: np.ndarray, kind: str) -> np.ndarray:
    if kind == "labels":
        return (plane > 0).astype(np.uint8) * 255
    low, high = np.percentile(plane, (0.5, 99.5))
    return (np.clip((plane - low) / max(high - low, 1e-9), 0, 1) * 255).astype(np.uint8)
