"""U-Net inference on a processor: our engine beside plain torch, on trained weights.

Both sides read nothing from disk and segment the same simulated slices of 640 x 1120 px from grey values
to labels. The peer is what one writes first: the trained network in evaluation mode, float32, contiguous
memory, one slice after the other. ``--network paper-002`` times the network of the paper instead.
"""

import tempfile
from pathlib import Path

import numpy as np
import torch
from report import alternate, arguments, emit, seconds, version

from napari_microgen.io.writing import write
from napari_microgen.progress import finish
from napari_microgen.segment.unet_data import neighbours
from napari_microgen.segment.unet_inference import predict_steps
from napari_microgen.segment.unet_model import SegmentationModel, load_segmenter
from napari_microgen.segment.unet_training import train_unet
from napari_microgen.simulate.fibsem import PAPER_LIKE, image_stack
from napari_microgen.simulate.gaussian_field import level_cut_field
from napari_microgen.train.timing import available_cores
from napari_microgen.volume import Volume

RATIO = {"fp32": 2.3, "bf16": 5.0}
AGREEMENT, JACCARD_CHANGE, SECONDS_450 = 0.999, 0.001, {"fp32": 80.0, "bf16": 60.0}
VOXEL = (18.6, 18.6, 18.6)


def simulated(planes: int, rows: int, columns: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    behind = (40, 30)
    solid = level_cut_field((planes + behind[0], rows + behind[1], columns), 74.4, 0.576, seed, VOXEL)
    grey, labels, _ = image_stack(solid, seed=seed, voxel_size=VOXEL, margin=behind, optics=PAPER_LIKE)
    return grey, labels


def trained(folder: Path, preset: str, steps: int) -> Path:
    """Train on exact labels of a small simulated stack; enough for weights that mean something."""
    grey, labels = simulated(24, 320, 320, seed=1)
    write(Volume(grey, "ZYX"), folder / "image.tif")
    write(Volume(labels, "ZYX", kind="labels"), folder / "labels.tif")
    options = {"preset": preset, "steps": steps, "every_nth": 1, "patch_size": 192}
    train_unet([folder / "image.tif"], [folder / "labels.tif"], folder / "model", **options)
    return folder / "model"


def plain(grey: np.ndarray, model: SegmentationModel) -> np.ndarray:
    """Segment a stack as one writes it first in torch."""
    result = np.empty(grey.shape, np.uint8)
    written = np.array([value in model.solid for value in model.classes], np.uint8)
    with torch.inference_mode():
        for z in range(len(grey)):
            planes = model.scale(grey[neighbours(z, model.context, len(grey))])
            logits = model.network(torch.from_numpy(planes)[None])
            result[z] = written[logits.argmax(1)[0].numpy()]
    return result


def jaccard(found: np.ndarray, truth: np.ndarray) -> list[float]:
    return [float(np.sum((found == c) & (truth == c)) / np.sum((found == c) | (truth == c))) for c in (0, 1)]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--network", choices=("default", "paper-002"), default="default")
    parser.add_argument("--slices", type=int, default=6)
    parser.add_argument("--steps", type=int, default=200, help="training steps before the timing")
    options = parser.parse_args()
    threads = available_cores()
    torch.set_num_threads(threads)
    grey, labels = simulated(options.slices, 640, 1120, seed=2)
    truth = (labels == 1).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = trained(Path(folder), options.network, options.steps)
        model = load_segmenter(path)
        image = Volume(grey, "ZYX")

        def ours(precision: str) -> np.ndarray:
            chosen = {"precision": precision, "threads": threads, "device": "cpu"}
            return np.asarray(finish(predict_steps(image, path, **chosen)).data)

        expected = plain(grey, model)
        rows = {}
        for precision in RATIO:
            first = seconds(lambda precision=precision: ours(precision))
            timed = alternate(
                lambda: plain(grey, model), lambda precision=precision: ours(precision), max(3, options.runs)
            )
            found = ours(precision)
            change = np.abs(np.subtract(jaccard(found, truth), jaccard(expected, truth))).max()
            rows[precision] = timed | {
                "s_per_slice": round(timed["ours_s"] / len(grey), 4),
                "s_450_slices": round(450 * timed["ours_s"] / len(grey), 1),
                "agreement": round(float(np.mean(found == expected)), 6),
                "jaccard_change": round(float(change), 6),
                "first_call_s": round(first, 3),
            }
        chosen = finish(predict_steps(image, path, device="cpu")).facts
    passed = all(
        row["ratio"][0] >= RATIO[name]
        and row["agreement"] >= AGREEMENT
        and row["jaccard_change"] <= JACCARD_CHANGE
        and row["s_450_slices"] <= SECONDS_450[name]
        for name, row in rows.items()
    )
    emit(
        options,
        benchmark="unet_inference",
        network=options.network,
        parameters=sum(p.numel() for p in model.network.parameters()),
        size=[640, 1120],
        slices=len(grey),
        peer="torch eager float32, contiguous",
        peer_version=version("torch"),
        rows=rows,
        accuracy={"J": [round(j, 4) for j in jaccard(expected, truth)]},
        chosen={key: chosen[key] for key in ("precision", "threads", "tile")},
        target={
            "ratio": RATIO,
            "agreement": AGREEMENT,
            "jaccard_change": JACCARD_CHANGE,
            "s_450": SECONDS_450,
        },
        passed=passed,
    )


if __name__ == "__main__":
    main()
