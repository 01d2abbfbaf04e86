"""Descriptors of images made in 10 evaluations against those of the 79-evaluation reference.

Same model, same noise: ``python benchmarks/few_step_descriptors.py --model DIR``.
"""

import numpy as np
from report import arguments, emit

from napari_microgen.generate.images import make_images
from napari_microgen.generate.model import read_generator
from napari_microgen.progress import finish

TARGET = 0.02
WAYS = {
    "fast, 10": {"sampler": "fast", "evaluations": 10},
    "fast, 12": {"sampler": "fast", "evaluations": 12},
    "Karras levels, 10": {"sampler": "karras", "evaluations": 10},
    "Heun, 35": {"sampler": "reference", "evaluations": 35},
}
REFERENCE = {"sampler": "reference", "evaluations": 79}


def descriptors(images):
    """Return mean, contrast, mean gradient and contrast of 8 x 8 blocks."""
    x = images.astype(float)
    side = x.shape[1] // 8 * 8
    blocks = x[:, :side, :side].reshape(len(x), 8, side // 8, 8, side // 8).mean((2, 4))
    gradient = np.abs(np.diff(x, axis=1)).mean() + np.abs(np.diff(x, axis=2)).mean()
    return {"mean": x.mean(), "contrast": x.std(), "gradient": gradient, "coarse_contrast": blocks.std()}


def known_rows(model, count):
    """Return conditions of the training, spread over all of them."""
    support = model.support
    numbers = [part for part in support.scaler.parts if not part.categories]
    texts = [part for part in support.scaler.parts if part.categories]
    rows = []
    for place in np.linspace(0, len(support.points) - 1, count).round().astype(int):
        values = {
            part.condition.name: float(part.condition.inverse(value * part.span + part.centre))
            for part, value in zip(numbers, support.points[place], strict=True)
        }
        labels = zip(texts, support.labels[place], strict=True)
        rows.append(values | {part.condition.name: label for part, label in labels})
    return rows


def main():
    parser = arguments(__doc__.split("\n", 1)[0])
    parser.add_argument("--model", required=True, help="folder of an edm model")
    parser.add_argument("--images", type=int, default=128)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    model = read_generator(options.model)
    rows = known_rows(model, options.images)

    def made(how):
        steps = make_images(model, rows, seed=1, device=options.device, threads=options.threads, **how)
        return descriptors(finish(steps).images)

    reference = made(REFERENCE)
    found = {}
    for way, how in WAYS.items():
        values = made(how)
        found[way] = {name: round(values[name] / reference[name] - 1, 5) for name in reference}
    worst = max(abs(value) for value in found["fast, 10"].values())
    emit(
        options,
        benchmark="few_step_descriptors",
        size=model.size,
        peer="levels of Karras et al., 10 evaluations",
        accuracy={"relative_difference": found, "reference": {k: round(v, 3) for k, v in reference.items()}},
        worst=worst,
        target=f"each descriptor within {TARGET:.0%} of 79 evaluations",
        passed=bool(worst <= TARGET),
    )


if __name__ == "__main__":
    main()
