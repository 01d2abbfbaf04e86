"""The main job end to end on a built-in sample: simulate, clean, segment, train, measure, show."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .features import Feature, FeatureTable
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
    "train": 35,
    "unet": 10,
    "measure": 10,
    "zones": 5,
}
QUANTITIES = (
    "relative_density",
    "specific_surface_area",
    "geodesic_tortuosity",
    "strut_diameter",
    "local_thickness",
    "chord_length",
    "mean_curvature",
)
"""What the demo measures of each phase map."""
SHIPPED = "thin-film"
"""Generator and classifier that come with the package."""
_DIAGRAM: dict[str, Any] = {
    "x": "temperature:200:600:5",
    "y": "aluminium:5:55:5",
    "set": ["oxygen=3", "ionisation=0.6", "ion energy=8", "pressure=0.5"],
}
_COLOURS = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
_MARGIN, _HEAD, _LINE = 8, 26, 19


@stepwise
def demo(
    out: Path = Path("microgen-demo"), *, train_steps: int = 500, seed: int = 0
) -> Steps[dict[str, Any]]:
    """Run the main job on a built-in simulated FIB-SEM stack.

    From a raw stack with curtains and shading to a phase map, a table of quantities and a picture:
    the stack is cleaned, segmented by Otsu's threshold and by the hybrid method, a U-Net is trained
    on the hybrid annotation and a few labelled planes, and each result is scored against the exact
    truth. Density, surface, tortuosity, struts, thickness, chords and curvature of the truth and of two
    segmentations are measured, so that the table shows what a wrong threshold costs. Last, the generator that
    is shipped draws a structure zone diagram of sputtered films, with support on every cell. All data are
    simulated.

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
        ``out``, ``stages`` (name, seconds and findings of each), ``table`` and ``picture``.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    require_writable(out)
    story = _Story(out)
    yield from story.tell(train_steps, seed)
    write_text(out / "demo.json", json.dumps(story.stages, indent=2) + "\n")
    files = {"diagram": str(out / "zones" / "collage.png")} if (out / "zones").is_dir() else {}
    files |= {"table": str(out / "measurements.csv"), "picture": str(out / "demo.png")}
    return {"out": str(out), "stages": story.stages, **files}


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
        maps = {"truth": truth, "otsu": otsu, "unet": unet}
        table, fields = yield from self._measured(maps)
        yield from self._diagram(seed)
        _picture(self.out / "demo.png", {"raw": raw, "cleaned": clean, **maps}, fields, table)

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

    def _measured(self, maps: dict[str, Volume]) -> Steps[tuple[FeatureTable, dict[str, Volume]]]:
        """Measure each map and compute its local thickness; write one table of all."""
        start, features, fields = time.monotonic(), list[Feature](), dict[str, Volume]()
        share = _SHARES["measure"] / len(maps)
        for index, (name, labels) in enumerate(maps.items()):
            done = self.done + int(index * share)
            table: FeatureTable = yield from scaled(
                run("quantify", labels=labels, features=QUANTITIES), done, 2, 100
            )
            features += [replace(feature, sample=name) for feature in table]
            fields[name] = yield from scaled(run("field", labels=labels), done + 2, 1, 100)
        self.done += _SHARES["measure"]
        write(fields["unet"], self.out / "thickness.tif")
        joint = FeatureTable(tuple(features))
        write_table(joint, self.out / "measurements.csv")
        blocks = joint.as_dict()
        findings: dict[str, Any] = {
            f"relative_density_{n}": blocks[n]["relative_density"]["value"] for n in maps
        }
        findings["quantities"] = {
            name: {"unit": blocks["truth"][name]["unit"], **{m: blocks[m][name]["value"] for m in maps}}
            for name in QUANTITIES
        }
        self._note("measure", start, findings)
        return joint, fields

    def _diagram(self, seed: int) -> Steps[None]:
        """Draw a small diagram with the generator that is shipped, if this installation has it."""
        from .generate.card import builtin_models
        from .zones.classifier import builtin_classifiers

        start = time.monotonic()
        if SHIPPED not in builtin_models():
            self._note("zones", start, {"left_out": f"this installation has no model {SHIPPED}"})
            return
        judge = (
            {"classifier": Path(f"builtin:{SHIPPED}"), "count": 2} if SHIPPED in builtin_classifiers() else {}
        )
        found = yield from self._run(
            "zones",
            "zones",
            model=Path(f"builtin:{SHIPPED}"),
            **_DIAGRAM,
            **judge,
            out=self.out / "zones",
            seed=seed,
            device="cpu",
        )
        findings = {"cells": len(found["cells"]), "support": found["support"]}
        if found["classes"]:
            best = [cell["class"] for cell in found["cells"]]
            findings["classes"] = {name: best.count(name) for name in found["classes"] if name in best}
        self._note("zones", start, findings)

    def _note(self, name: str, start: float, findings: dict[str, Any]) -> None:
        self.stages.append({"name": name, "seconds": round(time.monotonic() - start, 2), **findings})


def _picture(path: Path, volumes: dict[str, Volume], fields: dict[str, Volume], table: FeatureTable) -> None:
    """Write one plane of each volume side by side, the thickness below its map, and the numbers."""
    from PIL import Image, ImageDraw, ImageFont

    from .io.atomic import atomic_path

    names = {"otsu": "Otsu", "unet": "U-Net"}
    rows, columns = next(iter(volumes.values())).shape[-2:]
    high = max(fields["truth"].facts["range"][1], 1e-9)
    canvas = Image.new(
        "RGB", ((columns + _MARGIN) * len(volumes) + _MARGIN, 2 * (rows + _HEAD) + 30), "white"
    )
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(13)
    for index, (name, volume) in enumerate(volumes.items()):
        left, middle = _MARGIN + index * (columns + _MARGIN), volume.n_planes // 2
        draw.text((left, 6), names.get(name, name), fill="black", font=font)
        canvas.paste(Image.fromarray(_grey(volume.plane(middle), volume.kind)), (left, _HEAD))
        if name in fields:
            text = f"local thickness, 0 to {high:.2f} um"
            draw.text((left, rows + _HEAD + 6), text, fill="black", font=font)
            coloured = _coloured(fields[name].plane(middle), high)
            canvas.paste(Image.fromarray(coloured), (left, rows + 2 * _HEAD))
    _numbers(draw, table, (_MARGIN, rows + _HEAD + 6), 2 * columns, font)
    text = "simulated data, middle plane; numbers are of the whole volume, solid phase"
    draw.text((_MARGIN, canvas.height - 22), text, fill="dimgray", font=font)
    with atomic_path(path) as temporary:
        canvas.save(temporary, format="PNG")


def _numbers(draw: Any, table: FeatureTable, corner: tuple[int, int], width: int, font: Any) -> None:
    """Write the table of quantities."""
    blocks, (left, top) = table.as_dict(), corner
    stops = [left + int(width * share) for share in (0.5, 0.66, 0.82)]
    for stop, name in zip(stops, ("truth", "Otsu", "U-Net"), strict=True):
        draw.text((stop, top), name, fill="black", font=font)
    for row, name in enumerate(QUANTITIES, 1):
        unit = blocks["truth"][name]["unit"]
        title = name.replace("_", " ") + ("" if unit == "1" else f" [{unit}]")
        draw.text((left, top + row * _LINE), title, fill="black", font=font)
        for stop, sample in zip(stops, blocks, strict=True):
            value = blocks[sample][name]["value"]
            text = "undefined" if value is None else f"{value:.4g}"
            draw.text((stop, top + row * _LINE), text, fill="black", font=font)


def _coloured(plane: np.ndarray, high: float) -> np.ndarray:
    """Return a field as colours from 0 to ``high``; white where it has no value."""
    share = np.clip(np.nan_to_num(plane) / high, 0, 1)
    at = np.linspace(0, 1, len(_COLOURS))
    rgb = np.stack([np.interp(share, at, [stop[k] for stop in _COLOURS]) for k in range(3)], axis=-1)
    rgb[np.isnan(plane)] = 255
    return rgb.astype(np.uint8)


def _grey(plane: np.ndarray, kind: str) -> np.ndarray:
    if kind == "labels":
        return (plane > 0).astype(np.uint8) * 255
    low, high = np.percentile(plane, (0.5, 99.5))
    return (np.clip((plane - low) / max(high - low, 1e-9), 0, 1) * 255).astype(np.uint8)
