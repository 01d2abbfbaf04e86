"""Copy a trained model into the package, weights in half precision, and say what that changes.

``python tools/ship_model.py MODEL thin-film --licence "BSD-3-Clause" --note "..."`` writes
``src/napari_microgen/generate/models/thin-film``; then ``builtin:thin-film`` is that model.
"""

import argparse
import json
from pathlib import Path

import numpy as np

PACKAGE = Path(__file__).parents[1] / "src" / "napari_microgen"
LARGEST = 8_000_000


def main() -> None:
    """Write the shipped model and print its size and the largest change of its images."""
    from napari_microgen.generate.images import make_images
    from napari_microgen.generate.model import read_generator
    from napari_microgen.io.weights import load_model, save_model
    from napari_microgen.progress import finish

    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("model", type=Path)
    parser.add_argument("name")
    parser.add_argument("--licence", required=True)
    parser.add_argument("--note", required=True)
    options = parser.parse_args()
    tensors, card = load_model(options.model)
    details = card["details"] | {"licence": options.licence, "notes": [options.note]}
    target = PACKAGE / "generate" / "models" / options.name
    halves = {k: a.astype(np.float16) if a.dtype == np.float32 else a for k, a in tensors.items()}
    save_model(target, halves, {"method": card["method"], "details": details})
    size = sum(path.stat().st_size for path in target.iterdir())
    if size > LARGEST:
        raise SystemExit(f"{size} bytes are more than the {LARGEST} that the package allows.")
    pairs = []
    for folder in (options.model, target):
        model = read_generator(folder)
        assert model.support is not None
        row = {
            c["name"]: c["values"][0] if "values" in c else (c["low"] + c["high"]) / 2
            for c in model.conditions
        }
        pairs.append(finish(make_images(model, [row] * 4, seed=0)).images.astype(float))
    change = float(np.abs(pairs[0] - pairs[1]).max())
    print(json.dumps({"folder": str(target), "bytes": size, "largest_change_of_grey": change}))


if __name__ == "__main__":
    main()
