"""Do ten evaluations give the structures of many? Descriptors of images from the same noise.

A trained ``edm`` makes the same images by the fast sampler and by Heun's method with 79 evaluations, at
training conditions spread over its table. Printed is the relative difference of the mean of each
descriptor, per condition and over all, and the same for the levels of Karras et al. at ten evaluations.

``python benchmarks/few_step_descriptors.py --model DIR`` (half an hour on one core for 12 x 48 images of
64 px; ``--conditions 4 --count 24`` for a quick look).
"""

import numpy as np
from report import arguments, emit

from napari_microgen.compare.descriptors import NAMES, describe_images
from napari_microgen.compare.image_set import of_arrays
from napari_microgen.generate.images import make_images
from napari_microgen.generate.model import read_generator
from napari_microgen.progress import finish

TARGET = 0.02
JUDGED = ("relative_density", "specific_perimeter", "shape_index", "feret_diameter")
WAYS = {
    "fast": {"sampler": "fast", "evaluations": 10},
    "karras": {"sampler": "karras", "evaluations": 10},
}
REFERENCE = {"sampler": "reference", "evaluations": 79}


def described(model, rows, count, options, how):
    """Return descriptors of images made in one way, shape (conditions, count, K)."""
    many = [row for row in rows for _ in range(count)]
    steps = make_images(model, many, seed=options.seed, device=options.device, threads=options.threads, **how)
    images = finish(steps).images
    values = finish(describe_images(of_arrays("made", images), options.threshold, particles="image")).values
    values = values.reshape(len(rows), count, -1)
    return {name: np.nanmean(values[..., NAMES.index(name)], axis=1) for name in JUDGED}


def training_conditions(support, count):
    """Return known conditions spread over the table."""
    rows = []
    for place in np.linspace(0, len(support.points) - 1, count).round().astype(int):
        numbers, labels, columns = iter(support.points[place]), iter(support.labels[place]), []
        for part in support.scaler.parts:
            label = next(labels) if part.categories else None
            columns += [float(c == label) for c in part.categories] or [float(next(numbers))]
        rows.append(support.scaler.decode(np.array([columns]))[0])
    return rows


def main():
    parser = arguments(__doc__.split("\n", 1)[0])
    parser.add_argument("--model", required=True, help="a trained edm, or builtin:thin-film")
    parser.add_argument("--conditions", type=int, default=12, help="training conditions")
    parser.add_argument("--count", type=int, default=48, help="images of each")
    parser.add_argument("--threshold", type=float, default=0.5, help="of the phase, as a share of white")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    model = read_generator(options.model)
    if model.method != "edm" or model.support is None:
        raise SystemExit("--model must be an edm whose training conditions are known.")
    rows = training_conditions(model.support, options.conditions)
    reference = described(model, rows, options.count, options, REFERENCE)
    accuracy = {}
    for name, how in WAYS.items():
        found = described(model, rows, options.count, options, how)
        accuracy[name] = {}
        for key in JUDGED:
            share = found[key] / reference[key] - 1
            accuracy[name][key] = {
                "overall": round(float(np.nanmean(share)), 4),
                "worst_condition": round(float(share[np.nanargmax(np.abs(share))]), 4),
            }
    emit(
        options,
        benchmark="few_step_descriptors",
        model=str(options.model),
        conditions=len(rows),
        images_per_condition=options.count,
        accuracy=accuracy,
        target={"overall": TARGET},
        passed=all(abs(row["overall"]) <= TARGET for row in accuracy["fast"].values()),
    )


if __name__ == "__main__":
    main()
