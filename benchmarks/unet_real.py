"""Segmentation of real micrographs with manual labels: thresholds, superpixels, random forest, U-Nets.

``--data fibsem-lco``: planes 0-8 to train, planes 11-17 to score (every 10th slice of the run, so the
networks look at no neighbours); ``--detectors se`` or ``se+bse``. ``--data ni-superalloy``: spots 3-7 to
train, spot 1 to score, three classes. The random forest on scikit-image's multiscale features is what
users of ilastik or Labkit would do. Training of our network is limited to five minutes.
"""

import os
import tempfile
import time
from pathlib import Path

import numpy as np
from report import arguments, emit, version

from napari_microgen.io.reading import read
from napari_microgen.io.writing import write
from napari_microgen.progress import finish
from napari_microgen.segment.phase_map import segment
from napari_microgen.segment.unet_inference import predict_steps
from napari_microgen.segment.unet_training import train_unet
from napari_microgen.volume import Volume

ROOT = Path(os.environ.get("MICROGEN_DATA") or Path(__file__).parents[2] / "shared" / "data")
UNLABELLED = 255
TRAIN, TEST = range(9), range(11, 18)
TARGETS = {"se": 0.91, "se+bse": 0.92}
MINUTES = 5.0


def jaccards(found: np.ndarray, truth: np.ndarray, classes: list[int]) -> list[float]:
    return [
        round(float(np.sum((found == c) & (truth == c)) / np.sum((found == c) | (truth == c))), 4)
        for c in classes
    ]


def forest(images: list[np.ndarray], labels: list[np.ndarray], tests: list[np.ndarray], seed: int) -> list:
    """Random forest on multiscale features of all channels; images have shape (channels, R, C)."""
    from skimage.feature import multiscale_basic_features
    from sklearn.ensemble import RandomForestClassifier

    def features(image: np.ndarray) -> np.ndarray:
        scales = {"sigma_min": 1, "sigma_max": 16, "channel_axis": None, "workers": 2}
        return np.concatenate([multiscale_basic_features(c, **scales) for c in image], axis=-1)

    random = np.random.default_rng(seed)
    rows, values = [], []
    for image, label in zip(images, labels, strict=True):
        chosen = random.choice(label.size, min(label.size, 20_000), replace=False)
        known = chosen[label.ravel()[chosen] != UNLABELLED]
        rows.append(features(image).reshape(label.size, -1)[known])
        values.append(label.ravel()[known])
    model = RandomForestClassifier(100, max_depth=20, max_samples=0.3, n_jobs=2, random_state=seed)
    model.fit(np.concatenate(rows), np.concatenate(values))
    return [
        model.predict(features(image).reshape(-1, model.n_features_in_)).reshape(image.shape[1:])
        for image in tests
    ]


def network(
    images: list[str], labels: list[Path], tests: list[Volume], options: dict
) -> tuple[list[np.ndarray], dict]:
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model"
        found = train_unet([Path(i) for i in images], labels, model, unlabelled=UNLABELLED, **options)
        maps = [np.asarray(finish(predict_steps(test, model, output="classes")).data) for test in tests]
    facts = {key: found[key] for key in ("steps", "seconds", "precision", "threads", "parameters")}
    return maps, facts


def settings(preset: str, seed: int, steps: int | None) -> dict:
    """The same labelled planes for both networks, no neighbours, five minutes.

    The recipe of the paper holds 30 % of them back to find its best weights; ours needs none.
    """
    options = {"preset": preset, "seed": seed, "context": 0, "every_nth": 1}
    options |= {"validation": 0.0} if preset == "default" else {}
    return options | ({"minutes": MINUTES} if steps is None else {"steps": steps})


def fibsem_lco(methods: list[str], detectors: str, seed: int, steps: int | None) -> dict:
    folder = ROOT / "fibsem-lco"
    names = detectors.split("+")
    image = read("+".join(str(folder / f"{name}.tif") for name in names), axes="ZYX")
    truth = np.asarray(read(folder / "mask.tif", kind="labels", axes="ZYX").data)
    planes = np.asarray(image.data).reshape(len(names), *truth.shape)
    test = Volume(np.asarray(image.data)[..., 11:18, :, :], image.axes)
    rows: dict = {}
    with tempfile.TemporaryDirectory() as scratch:
        grey, painted = [], truth.astype(np.uint8)
        painted[len(TRAIN) :] = UNLABELLED
        label = write(Volume(painted, "ZYX", kind="labels"), Path(scratch) / "labels.tif")
        for name, values in zip(names, planes, strict=True):
            grey.append(str(write(Volume(values, "ZYX"), Path(scratch) / f"{name}.tif")))
        for method in methods:
            start, facts = time.perf_counter(), {}
            if method in ("otsu", "hybrid"):
                found = np.asarray(
                    segment(Volume(planes[0][11:18], "ZYX"), method=method, smoothing=1.0).data
                )
            elif method == "forest":
                train = [planes[:, z] for z in TRAIN]
                found = np.stack(forest(train, [truth[z] for z in TRAIN], [planes[:, z] for z in TEST], seed))
            else:
                maps, facts = network(["+".join(grey)], [label], [test], settings(method, seed, steps))
                found = maps[0]
            solid = jaccards(found, truth[11:18], [1])[0]
            rows[method] = {"jaccard_solid": solid, "s": round(time.perf_counter() - start, 1)} | facts
    return rows


def ni_superalloy(methods: list[str], seed: int, steps: int | None) -> dict:
    folder = ROOT / "ni-superalloy"
    train = sorted(folder.glob("train_*_sem.png"))
    tests = sorted(folder.glob("val_*_sem.png"))

    def labels(path: Path) -> Path:
        return path.with_name(path.name.replace("_sem.png", "_label.tif"))

    truth = np.stack([np.asarray(read(labels(path), kind="labels", axes="YX").data) for path in tests])
    images = [read(path) for path in tests]
    rows: dict = {}
    for method in methods:
        start, facts = time.perf_counter(), {}
        if method == "forest":
            known = [np.asarray(read(labels(path), kind="labels", axes="YX").data) for path in train]
            found = np.stack(
                forest(
                    [np.asarray(read(path).data)[None] for path in train],
                    known,
                    [np.asarray(image.data)[None] for image in images],
                    seed,
                )
            )
        else:
            paths = [str(path) for path in train]
            maps, facts = network(paths, [labels(p) for p in train], images, settings(method, seed, steps))
            found = np.stack(maps)
        scores = jaccards(found, truth, [0, 1, 2])
        mean = round(float(np.mean(scores)), 4)
        row = {"mean_jaccard": mean, "jaccard": scores, "s": round(time.perf_counter() - start, 1)}
        rows[method] = row | facts
    return rows


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--data", choices=("fibsem-lco", "ni-superalloy"), default="fibsem-lco")
    parser.add_argument("--detectors", choices=("se", "bse", "se+bse"), default="se")
    parser.add_argument("--methods", default="otsu,hybrid,forest,paper-002,default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, help="steps of each network; five minutes if left out")
    options = parser.parse_args()
    methods = options.methods.split(",")
    if options.data == "fibsem-lco":
        rows = fibsem_lco(methods, options.detectors, options.seed, options.steps)
        target: object = TARGETS.get(options.detectors)
        ours = rows.get("default", {}).get("jaccard_solid")
        passed = ours is not None and (target is None or ours >= TARGETS[options.detectors])
        passed = passed and rows["default"]["seconds"] <= 60 * MINUTES
    else:
        methods = [m for m in methods if m not in ("otsu", "hybrid")]
        rows = ni_superalloy(methods, options.seed, options.steps)
        target = "default ahead of paper-002 and forest"
        ours = rows.get("default", {}).get("mean_jaccard")
        passed = ours is not None and all(row["mean_jaccard"] <= ours for row in rows.values())
    name = f"{options.data} {options.detectors}" if options.data == "fibsem-lco" else options.data
    emit(
        options,
        benchmark="unet_real",
        data=name,
        seed=options.seed,
        rows=rows,
        peer="random forest on skimage.feature.multiscale_basic_features",
        peer_version=version("scikit-learn"),
        target=target,
        passed=passed,
    )


if __name__ == "__main__":
    main()
