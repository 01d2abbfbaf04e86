"""The table of paper 002 on simulated FIB-SEM stacks with exact truth: thresholds, hybrid, U-Nets.

Every row is scored on volumes that no method has seen: each seed makes one volume to train on and another
one to score on. ``--point cubic`` has cubic voxels of 18.6 nm, ``--point pitch`` the slice pitch of 25 nm.
The rows, chosen with ``--rows``:

otsu, hybrid        no training
paper-unet-otsu     the paper's network and recipe (every fifth slice) on Otsu's annotation
paper-unet-hybrid   the same on the hybrid annotation; 450 slices of 640 x 1120 px, as the paper has them,
                    are as many pixels as ``--train-planes 450 --train-volumes 7``
unet-hybrid         our network on the hybrid annotation
unet-hand           our network on the hybrid annotation and five slices labelled exactly
unet-exact          our network on exact labels

All data are simulated, calibrated to the printed Otsu row; nothing here is a statement on real images.
"""

import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from report import arguments, emit

from napari_microgen.io.writing import write
from napari_microgen.segment.annotation import annotate
from napari_microgen.segment.phase_map import segment
from napari_microgen.segment.scores import score
from napari_microgen.simulate.fibsem import PAPER_LIKE, PAPER_LIKE_PITCH, image_stack
from napari_microgen.simulate.gaussian_field import level_cut_field
from napari_microgen.volume import Volume

POINTS = {"cubic": ((18.6, 18.6, 18.6), PAPER_LIKE), "pitch": ((25.0, 18.6, 18.6), PAPER_LIKE_PITCH)}
PRINTED = {
    "otsu": (0.69, 0.81, 0.98, 0.81, 0.70, 0.99, 0.87),
    "hybrid": (0.77, 0.82, 0.83, 0.93, 0.92, 0.88, 0.89),
    "paper-unet-otsu": (0.59, 0.77, 0.98, 0.77, 0.60, 0.99, 0.83),
    "paper-unet-hybrid": (0.86, 0.89, 0.89, 0.96, 0.96, 0.92, 0.94),
}
COLUMNS = ("J_pore", "J_solid", "P_pore", "P_solid", "R_pore", "R_solid", "accuracy")
TARGETS = {
    "otsu": {"accuracy": (0.85, 0.89), "J_pore": (0.67, 0.71)},
    "hybrid": {"accuracy": (0.89, 1), "J_pore": (0.77, 1)},
    "paper-unet-hybrid": {"accuracy": (0.94, 1), "J_pore": (0.86, 1), "J_solid": (0.89, 1)},
    "unet-hand": {"accuracy": (0.97, 1), "J_pore": (0.93, 1), "J_solid": (0.95, 1)},
}
ROWS = ("otsu", "hybrid", "paper-unet-otsu", "paper-unet-hybrid", "unet-hybrid", "unet-hand", "unet-exact")
HAND_PLANES = 5


@lru_cache(maxsize=4)
def stack(
    point: str, seed: int, planes: int, side: int, changes: tuple[tuple[str, float], ...] = ()
) -> tuple:
    """Return image and exact labels of one simulated volume."""
    voxel, optics = POINTS[point]
    own = dict(changes)
    smoothing = own.pop("smoothing", 74.4)
    rows = side + int(np.ceil(80 * np.tan(np.radians(36)) * voxel[0] / voxel[1]))
    solid = level_cut_field((planes + 80, rows, side), smoothing, 1 - 0.424, seed, voxel)
    margin = (80, rows - side)
    grey, labels, _ = image_stack(solid, seed=seed, voxel_size=voxel, margin=margin, optics=optics, **own)
    known = {"axes": "ZYX", "voxel_size": voxel, "unit": "nm"}
    return Volume(grey, name="image", **known), Volume(labels, name="labels", kind="labels", **known)


def given(point: str, seed: int, planes: int, options: Any, changes: tuple) -> tuple:
    """Return image and labels of a volume, cleaned first if asked."""
    image, labels = stack(point, seed, planes, options.size, changes)
    return cleaned(image, options), labels


def cleaned(image: Volume, options: Any) -> Volume:
    """Return an image without curtains and shading if that is asked for."""
    if not options.prepare:
        return image
    from napari_microgen.prepare.pipeline import prepare

    return prepare(image, curtaining="fft", shading="additive")


def papers_training(row: str, point: str, seed: int, options: Any, changes: tuple) -> list[tuple]:
    """Return every fifth plane of the volumes the paper's recipe trains on, with their annotation."""
    found = []
    for number in range(options.train_volumes):
        grey, _ = stack(point, 2000 + seed + 100 * number, options.train_planes, options.size, changes)
        fifth = cleaned(grey.with_data(np.ascontiguousarray(grey.data[::5])), options)
        found.append((fifth, annotate(fifth, method="otsu" if "otsu" in row else "hybrid")))
    return found


def papers_network(row: str, image: Volume, training: list[tuple], options: Any, seed: int) -> Volume:
    """Return the phase map of the paper's network after the paper's recipe."""
    from napari_microgen.segment.unet_training import train_unet

    chosen = {"seed": seed, "preset": "paper-002", "every_nth": 1, "steps": options.paper_steps}
    chosen |= {"device": options.device} if options.device else {}
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        names = [(here / f"image{k}.tif", here / f"labels{k}.tif") for k in range(len(training))]
        for paths, pair in zip(names, training, strict=True):
            write(pair[0], paths[0])
            write(pair[1], paths[1])
        train_unet([a for a, _ in names], [b for _, b in names], here / "model", **chosen)
        return segment(image, method="unet", model=here / "model")


def segmented(row: str, image: Volume, training: tuple, options: dict[str, Any], seed: int) -> Volume:
    """Return the phase map of one row of the table."""
    if row in ("otsu", "hybrid"):
        return segment(image, method=row)
    from napari_microgen.segment.unet_training import train_unet

    grey, exact = training
    labels = exact if row == "unet-exact" else annotate(grey, method="hybrid")
    chosen: dict[str, Any] = {"seed": seed}
    chosen |= {key: value for key, value in options.items() if value is not None}
    if row == "unet-hand":
        planes = np.linspace(0, grey.n_planes - 1, HAND_PLANES + 2)[1:-1].round().astype(int)
        painted = np.array(labels.data)
        painted[planes] = exact.data[planes]
        labels, chosen["trusted"] = labels.with_data(painted), planes.tolist()
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        write(grey, here / "image.tif")
        write(labels, here / "labels.tif")
        train_unet([here / "image.tif"], [here / "labels.tif"], here / "model", **chosen)
        return segment(image, method="unet", model=here / "model")


def scored(row: str, point: str, seed: int, options: Any, changes: tuple = ()) -> dict[str, float]:
    """Return the scores of one row for one seed, on a volume of its own."""
    image, truth = given(point, 1000 + seed, options.test_planes, options, changes)
    if row.startswith("paper"):
        planes = papers_training(row, point, seed, options, changes)
        result = papers_network(row, image, planes, options, seed)
    else:
        needs = row not in ("otsu", "hybrid")
        training = given(point, 2000 + seed, options.train_planes, options, changes) if needs else ()
        how = {"steps": options.steps, "minutes": options.minutes, "device": options.device}
        result = segmented(row, image, training, how, seed)
    found = score(result, truth, compare="phases")
    classes = found["classes"]
    values = [classes[c][key] for key in ("jaccard", "precision", "recall") for c in ("0", "1")]
    return dict(zip(COLUMNS, [*values, found["accuracy"]], strict=True)) | {
        "accuracy_off_boundary": found["accuracy_off_boundary"]
    }


def averaged(each: list[dict[str, float]]) -> dict[str, float]:
    """Return the mean over seeds, and the spread of the accuracy."""
    mean = {key: round(float(np.mean([e[key] for e in each])), 4) for key in each[0]}
    return mean | {"accuracy_sd": round(float(np.std([e["accuracy"] for e in each])), 4)}


def within(row: str, values: dict[str, float]) -> bool:
    return all(low <= values[key] <= high for key, (low, high) in TARGETS.get(row, {}).items())


def parser_of(description: str | None) -> Any:
    parser = arguments(description or "", size=320)
    parser.add_argument("--rows", default="otsu,hybrid", help=f"rows, of {', '.join(ROWS)}")
    parser.add_argument("--point", choices=tuple(POINTS), default="cubic", help="voxel shape")
    parser.add_argument("--seed", type=int, default=0, help="first seed; --runs seeds are used")
    parser.add_argument("--prepare", action="store_true", help="remove curtains and shading first")
    parser.add_argument("--test-planes", type=int, default=16, help="planes to score on")
    parser.add_argument("--train-planes", type=int, default=90, help="planes to train on")
    parser.add_argument("--train-volumes", type=int, default=1, help="volumes the paper's network trains on")
    parser.add_argument("--paper-steps", type=int, help="steps of the paper's network; left out: 100 epochs")
    parser.add_argument("--steps", type=int, help="training steps of our network")
    parser.add_argument("--minutes", type=float, help="training time of our network")
    parser.add_argument("--device", help="auto, cpu or cuda")
    return parser


def chosen_rows(text: str) -> list[str]:
    rows = [name.strip() for name in text.split(",")]
    unknown = sorted(set(rows) - set(ROWS))
    if unknown:
        raise SystemExit(f"no such rows: {', '.join(unknown)}; there are {', '.join(ROWS)}")
    return rows


def main() -> None:
    options = parser_of(__doc__).parse_args()
    rows = chosen_rows(options.rows)
    seeds = range(options.seed, options.seed + options.runs)
    table = {row: averaged([scored(row, options.point, seed, options) for seed in seeds]) for row in rows}
    emit(
        options,
        benchmark="segmentation_table",
        size=options.size,
        point=options.point,
        prepared=options.prepare,
        seeds=list(seeds),
        rows=table,
        printed={row: dict(zip(COLUMNS, PRINTED[row], strict=True)) for row in rows if row in PRINTED},
        target={row: TARGETS[row] for row in rows if row in TARGETS},
        missed=[row for row in rows if not within(row, table[row])],
        passed=all(within(row, table[row]) for row in rows),
    )


if __name__ == "__main__":
    main()
