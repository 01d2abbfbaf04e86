"""Images per second of each generator: sampling, and training; threads and number formats as chosen."""

import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from report import arguments, emit, version

from napari_microgen.conditions import ConditionTable
from napari_microgen.generate import catalogue
from napari_microgen.generate.conditioning import Encoder
from napari_microgen.generate.contract import Noise, Setup
from napari_microgen.generate.grey import GreyScale
from napari_microgen.generate.methods.cgan import PRESETS as CGANS
from napari_microgen.generate.training_set import Micrograph, TrainingSet
from napari_microgen.progress import finish
from napari_microgen.train.engine import Engine
from napari_microgen.train.ranks import Ranks

GFLOP = {"cpu-64": 0.84, "std-64": 4.32, "big-64": 14.1, "std-224": 14.3, "big-224": 45.7}
PEAK = 790e12
"""Operations per second of an H200-class GPU in bf16."""
TARGETS = {("cpu", "cpu-64"): 10.0, ("cuda", "std-64"): 3600.0, ("cuda", "big-224"): 690.0}


def data(size):
    """Return a small training set of noise: only the speed counts."""
    random = np.random.default_rng(0)
    table = ConditionTable.from_columns({name: random.random(6) for name in "abcdef"})
    planes = tuple(
        Micrograph(random.integers(0, 256, (2 * size, 2 * size)).astype(np.uint8), row) for row in range(6)
    )
    return TrainingSet(table, planes, GreyScale(0, 255, "uint8"), size, None, None, "none", "0" * 64)


def generator(name, config, size, device):
    kind = catalogue.load(name)
    held = data(size)
    encoder = Encoder.fit(held.table, kind.encoding(config))
    made = kind(config, Setup(size, encoder, kind.measure(config, held, encoder, 0)))
    for network in made.networks.values():
        network.to(device, memory_format=torch.channels_last)
    return made, held


def sampling(made, device, batch, runs, precision):
    """Return images per second of sampling at the default number of evaluations."""
    for network in made.networks.values():
        network.eval()
    encoded = np.zeros((batch, made.setup.encoder.width), np.float32)
    half = precision == "bf16"

    def once(seed):
        with torch.autocast(device, torch.bfloat16, enabled=half):
            finish(made.sample(encoded, Noise(seed)))
        if device == "cuda":
            torch.cuda.synchronize()

    once(0)
    times = []
    for run in range(runs):
        start = time.perf_counter()
        once(run)
        times.append(time.perf_counter() - start)
    return batch / float(np.median(times))


def training(made, held, device, batch, steps, precision):
    """Return images per second of training steps, drawing the patches included."""
    made.prepare_training()
    engine = Engine(made, Ranks(device), seed=0, batch=batch, precision=precision)
    pairing = made.pairing(held, batch)
    random = np.random.default_rng(0)
    engine.step(pairing.draw(0, random))
    if device == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    for number in range(steps):
        engine.step(pairing.draw(number, random))
    if device == "cuda":
        torch.cuda.synchronize()
    return batch * steps / (time.perf_counter() - start)


def main():
    parser = arguments(__doc__.split("\n", 1)[0])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--profiles", default="", help="of edm, separated by commas")
    parser.add_argument("--batch", type=int, help="images at once")
    parser.add_argument("--steps", type=int, default=3, help="training steps timed")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", choices=("fp32", "bf16"), help="bf16 on a GPU if left out")
    options = parser.parse_args()
    device, gpu = options.device, options.device == "cuda"
    torch.set_num_threads(options.threads)
    precision = options.precision or ("bf16" if gpu else "fp32")
    profiles = options.profiles.split(",") if options.profiles else (list(GFLOP) if gpu else ["cpu-64"])
    rows, passed = {}, True
    for profile in profiles:
        size = int(profile.split("-")[1])
        edm = catalogue.load("edm")
        made, held = generator("edm", edm.config_class(profile=profile), size, device)
        batch = options.batch or (256 if gpu else 16)
        rate = sampling(made, device, batch, options.runs, precision)
        ideal = PEAK / (GFLOP[profile] * 1e9 * 10) if gpu else None
        rows[profile] = {
            "images_per_second": round(rate, 2),
            "share_of_ideal": None if ideal is None else round(rate / ideal, 4),
            "training_images_per_second": round(
                training(made, held, device, batch, options.steps, precision), 2
            ),
            "target": TARGETS.get((device, profile)),
        }
        passed &= rows[profile]["target"] is None or rate >= rows[profile]["target"]
    made, _ = generator("cgan", CGANS["thin-film"], 64, device)
    rows["cgan thin-film"] = {
        "images_per_second": round(sampling(made, device, 256 if gpu else 64, 3, precision), 2)
    }
    rows["write_s"] = written()
    emit(
        options,
        benchmark="generators",
        device=torch.cuda.get_device_name() if gpu else "cpu",
        precision=precision,
        peer=None,
        peer_version=version("torch"),
        runs=options.runs,
        accuracy=rows,
        target="cpu-64 >= 10 images/s per core at 10 evaluations; GPU: std-64 >= 3600, big-224 >= 690",
        passed=bool(passed),
    )


def written():
    """Return the seconds it takes to write 64 images with their recipe."""
    from napari_microgen.io.writing import write
    from napari_microgen.volume import Volume

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        write(Volume(np.zeros((64, 64, 64), np.uint8), "ZYX"), Path(folder) / "a.tif")
        return round(time.perf_counter() - start, 3)


if __name__ == "__main__":
    main()
