"""A zone diagram of real steel (``uhcs``): temperature by logarithm of time, with classes and carbide sizes.

The generator is one of `steel_quality` (micrographs of 0.194 um per pixel, conditions temperature, time and
cooling; the treatment 970 C, 8 h is not in its training). The classifier learns the microconstituents
that the data set names for its micrographs; finer micrographs are brought to 0.194 um per pixel, as rare
constituents have few of their own; no sample is ever in training and test of a fold at once. Then
``microgen zones`` draws the diagram of quenched samples, and the growth of carbides with time is measured
on generated and on real images of the same treatments, in the same way, tile by tile.

``python benchmarks/steel_zones.py --data uhcs --model DIR --work DIR [--classifier DIR]``
"""

import csv
import json
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from report import arguments, emit

PIXEL = 0.194
"""Edge of a pixel of the diagram, in um."""
FINEST = 0.052
"""Finest micrographs that still hold a patch of 64 px once they are brought to that."""
SIDE = 64
COOLING = "Q"
LABEL = "primary_microconstituent"
OF_PHASE = ("chord_length", "relative_density")
"""Of the bright phase, cut at Otsu's threshold of each image, as micrographs differ in brightness."""
OF_PARTICLES = ("feret_diameter", "equivalent_diameter", "particle_count")
"""Of the particles that the published recipe finds in a grey image."""
MEASURED = (*OF_PHASE, *OF_PARTICLES)
SIZES = ("chord_length", "feret_diameter", "equivalent_diameter")
TIMES, TEMPERATURES = (1 / 12, 85.0), (800.0, 1000.0)
PICTURE = "zones_steel.png"


def micrographs(data):
    """Return the rows of the table whose pixel size is known, that edge, and the treatment of each."""
    with (data / "conditions.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            if row["pixel_size [um]"]:
                words = (row["anneal_temperature [C]"], row["anneal_time [h]"], row["cool_method"])
                yield row, float(row["pixel_size [um]"]), words


def classifier_of(options):
    """Return the folder of a classifier of microconstituents, trained now if it is not there."""
    from napari_microgen.progress import finish
    from napari_microgen.zones.classifier_training import train_classifier, training_folder

    folder = options.classifier or options.work / "classes"
    if (folder / "card.json").exists():
        return folder
    table = options.work / "labels.csv"
    lines = ["file,structure,library,pixel size [um]"]
    for row, edge, _ in micrographs(options.data):
        if FINEST <= edge <= 1.02 * PIXEL:
            edge = PIXEL if edge > 0.98 * PIXEL else edge
            lines.append(f"{Path(row['file']).name},{row[LABEL]},{row['sample_key']},{edge!r}")
    table.write_text("\n".join(lines) + "\n")
    finish(
        train_classifier.steps(
            images=options.data / "images",
            labels=table,
            out=folder,
            group="library",
            folds=options.folds,
            steps=options.steps,
            augment="isotropic",
            pixel_size=PIXEL,
            seed=options.seed,
            resume=training_folder(folder).exists(),
        )
    )
    return folder


def facts_of(folder, data):
    """Return how good a classifier is on samples it has not seen, and how many micrographs there are."""
    from napari_microgen.zones.classifier import read_classifier

    details = read_classifier(folder).card["details"]
    scores = details["scores"]
    native, samples = Counter(), defaultdict(set)
    for row, edge, _ in micrographs(data):
        if FINEST <= edge <= 1.02 * PIXEL:
            samples[row[LABEL]].add(row["sample_key"])
            native[row[LABEL]] += edge > 0.98 * PIXEL
    most = max(details["micrographs"].values()) / sum(details["micrographs"].values())
    return {
        "micrographs": details["micrographs"],
        "of_the_pixel_size": dict(native),
        "samples": {name: len(keys) for name, keys in samples.items()},
        "folds": scores["folds"],
        "steps": details["training"]["steps"],
        "accuracy": scores["micrographs"]["accuracy"],
        "always_the_most_frequent": round(most, 4),
        "balanced_accuracy": scores["micrographs"]["balanced_accuracy"],
        "recall": scores["micrographs"]["recall"],
        "patches_accuracy": scores["patches"]["accuracy"],
        "patches_balanced_accuracy": scores["patches"]["balanced_accuracy"],
        "calibration": scores["calibration"],
        "notes": details["notes"],
    }


def diagram_of(options, classifier):
    """Draw the diagram of quenched samples; return what it holds."""
    from napari_microgen import zones

    times, temperatures = (
        f"{name}:{low!r}:{high!r}:{options.grid}"
        for name, (low, high) in (("time", TIMES), ("temperature", TEMPERATURES))
    )
    return zones(
        options.model,
        x=times,
        y=temperatures,
        set=[f"cooling={COOLING}"],
        out=options.work / "diagram",
        classifier=classifier,
        descriptor=SIZES[:1],
        count=options.draws,
        cache=options.work / "cells",
        seed=options.seed,
        evaluations=options.evaluations,
    )


def numbers(images, grey):
    """Return the mean and standard error of each measured number of images."""
    from napari_microgen.generate.grey import GreyScale
    from napari_microgen.progress import finish
    from napari_microgen.zones.descriptors import Measure, measure_images, otsu_share

    shares = (grey.forward(images) + 1) / 2
    bright = np.array([255 * (s > otsu_share(i[None], grey)) for s, i in zip(shares, images, strict=True)])
    found = [
        finish(measure_images(what, Measure.of(names, pixel_size=PIXEL, length="um"), scale))
        for what, names, scale in (
            (bright.astype(np.uint8), OF_PHASE, GreyScale(0.0, 255.0, "uint8")),
            (images, OF_PARTICLES, grey),
        )
    ]
    means, errors = ([getattr(part, name)() for part in found] for name in ("means", "standard_errors"))
    return np.concatenate(means), np.concatenate(errors)


def real_series(options, grey):
    """Return, by treatment, the numbers of each quenched real micrograph of the pixel size."""
    from PIL import Image

    kept = options.work / "real-numbers.json"
    if kept.exists():
        return [(tuple(key), values) for key, values in json.loads(kept.read_text())]
    found = defaultdict(list)
    for row, edge, (temperature, time, cooling) in micrographs(options.data):
        if cooling == COOLING and abs(edge / PIXEL - 1) < 0.02:
            image = np.asarray(Image.open(options.data / row["file"]))
            rows, columns = (n // SIDE for n in image.shape)
            image = image[: rows * SIDE, : columns * SIDE]
            tiles = image.reshape(rows, SIDE, columns, SIDE).swapaxes(1, 2).reshape(-1, SIDE, SIDE)
            found[float(temperature), float(time)].append(numbers(tiles, grey)[0].tolist())
    kept.write_text(json.dumps([[list(key), values] for key, values in sorted(found.items())]))
    return sorted(found.items())


def made_series(options, treatments):
    """Return, by treatment, means and standard errors of the numbers of generated images."""
    from napari_microgen.generate.model import read_generator

    model, kept = read_generator(options.model), options.work / "made-numbers.json"
    if not kept.exists():
        found = []
        for part in made_images(options, model, treatments):
            means, errors = numbers(part, model.grey)
            found.append([means.tolist(), errors.tolist(), len(part)])
        kept.write_text(json.dumps(found))
    return [tuple(map(np.array, entry)) for entry in json.loads(kept.read_text())]


def made_images(options, model, treatments):
    """Return the generated images of each treatment: those of a stack, or new ones."""
    from napari_microgen.generate.images import make_images
    from napari_microgen.io.reading import read
    from napari_microgen.progress import finish

    if options.made is not None:
        stack = np.asarray(read(options.made).data)
        with options.made.with_suffix(".csv").open(newline="") as lines:
            table = list(csv.DictReader(lines))
        rows = [(float(r["temperature [C]"]), float(r["time [h]"]), r["cooling"]) for r in table]
        return [stack[np.array([row == (*key, COOLING) for row in rows])] for key in treatments]
    rows = [{"temperature": t, "time": h, "cooling": COOLING} for t, h in treatments]
    many = [row for row in rows for _ in range(options.images)]
    made = finish(make_images(model, many, seed=options.seed + 1, evaluations=options.evaluations)).images
    return np.split(made, len(rows))


def exponent(times, sizes, weights):
    """Return the exponent n of size ~ time**n, by weighted least squares of the logarithms."""
    x, y = np.log(times), np.log(sizes)
    x, y = x - np.average(x, weights=weights), y - np.average(y, weights=weights)
    return float((weights * x * y).sum() / (weights * x * x).sum())


def growth(real, made, column, random):
    """Return the growth exponent of a number by temperature, real with an interval and generated.

    Micrographs are drawn again for the interval of the real one, 1000 times; the generated one is fitted at
    the same times with the same weights (the number of real micrographs), the treatment left out
    included.
    """
    found = {}
    for temperature in sorted({t for (t, _), _ in real}):
        places = [n for n, ((t, _), rows) in enumerate(real) if t == temperature and len(rows) > 1]
        times = np.array([real[n][0][1] for n in places])
        if len(places) < 2:
            continue
        values = [np.array([row[column] for row in real[n][1]]) for n in places]
        values = [v[np.isfinite(v)] for v in values]
        weights = np.array([len(v) for v in values], float)
        again = [
            exponent(times, np.array([random.choice(v, len(v)).mean() for v in values]), weights)
            for _ in range(1000)
        ]
        means = np.array([made[n][0][column] for n in places])
        spread = np.array([made[n][1][column] for n in places])
        draws = [exponent(times, random.normal(means, spread), weights) for _ in range(1000)]
        found[f"{temperature:g} C"] = {
            "hours": times.tolist(),
            "real": round(exponent(times, np.array([v.mean() for v in values]), weights), 4),
            "real_interval": np.round(np.percentile(again, [2.5, 97.5]), 4).tolist(),
            "generated": round(exponent(times, means, weights), 4),
            "generated_interval": np.round(np.percentile(draws, [2.5, 97.5]), 4).tolist(),
        }
    return found


def rows_of(real, made):
    """Return, by treatment, real and generated numbers with their errors."""
    found = []
    for ((temperature, time), values), (means, errors, count) in zip(real, made, strict=True):
        values = np.array(values)
        several = len(values) > 1
        error = values.std(0, ddof=1) / len(values) ** 0.5 if several else [None] * len(MEASURED)
        found.append(
            {"temperature": temperature, "hours": time, "micrographs": len(values), "images": int(count)}
            | {
                name: {
                    "real": round(float(np.nanmean(values[:, k])), 4),
                    "error": None if error[k] is None else round(float(error[k]), 4),
                    "generated": round(float(means[k]), 4),
                    "error_generated": round(float(errors[k]), 4),
                }
                for k, name in enumerate(MEASURED)
            }
        )
    return found


def picture(options):
    """Write collage and classes side by side; there are generated images only on it."""
    from PIL import Image

    parts = [Image.open(options.work / "diagram" / f"{name}.png") for name in ("collage", "classes")]
    canvas = Image.new("RGB", (max(p.width for p in parts), sum(p.height for p in parts)), "white")
    top = 0
    for part in parts:
        canvas.paste(part, (0, top))
        top += part.height
    canvas.save(options.work / PICTURE, optimize=True)
    return options.work / PICTURE


def main():
    """Print one JSON line."""
    parser = arguments(__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the uhcs set")
    parser.add_argument("--model", type=Path, required=True, help="generator of steel_quality")
    parser.add_argument("--work", type=Path, required=True, help="folder for what is made")
    parser.add_argument("--classifier", type=Path, help="folder of a classifier; trained if left out")
    parser.add_argument("--steps", type=int, default=1500, help="updates of each network of the classifier")
    parser.add_argument("--folds", type=int, default=3, help="rarest constituents have three samples")
    parser.add_argument("--grid", type=int, default=8, help="cells along each axis")
    parser.add_argument("--draws", type=int, default=100, help="images of each cell")
    parser.add_argument(
        "--made",
        type=Path,
        help="stack that steel_quality wrote, to be measured",
    )
    parser.add_argument("--images", type=int, default=100, help="images of each treatment")
    parser.add_argument("--evaluations", type=int, default=None)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    from napari_microgen.generate.model import read_generator

    classifier = classifier_of(options)
    real = real_series(options, read_generator(options.model).grey)
    made = made_series(options, [key for key, _ in real])
    diagram = diagram_of(options, classifier)
    random = np.random.default_rng(0)
    grown = {name: growth(real, made, MEASURED.index(name), random) for name in SIZES}
    emit(
        options,
        benchmark="steel_zones",
        size=options.grid,
        draws=options.draws,
        classifier=facts_of(classifier, options.data),
        support=diagram["support"],
        classes=Counter(cell["class"] for cell in diagram["cells"]),
        growth=grown,
        treatments=rows_of(real, made),
        picture=str(picture(options)),
        target="a diagram; growth with time as it is",
        passed=all(np.isfinite(row["generated"]) for part in grown.values() for row in part.values()),
    )


if __name__ == "__main__":
    main()
