"""Gap between ticks of the window's event loop while a U-Net trains in the child process.

With ``--mode generate --model MODEL`` the slider is one of the Generate dock: each tick moves it, and a
generator in its child process makes the images that the layer shows. Loading the model is included. With
``--mode zones`` the live map of the Zones dock is panned, zoomed and changed at random.

A slider moves through a stack in a real window (a display or Xvfb is needed) at every tick of a timer,
on two cores. Sides, each in a fresh process: an idle window; the dock training in its child process,
imports included; and, as the peer, the same kind of training loop in a thread of the window's process,
which is what most plugins do. Cancel is timed from the click to the moment the dock is free again.
"""

import json
import tempfile
import time
from pathlib import Path

import gui_gaps_generate
import gui_gaps_zones
import numpy as np
from gui_watching import GAPS, Ticks, figures, fresh, window
from report import arguments, emit, version

TARGET = {**GAPS, "cancel_s": 1.0}


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=12.0, help="how long each side is watched")
    parser.add_argument("--side", choices=("idle", "thread", "child"), help="watch one side in this process")
    parser.add_argument(
        "--mode", choices=("train", "generate", "zones"), default="train", help="what the child does"
    )
    parser.add_argument(
        "--model", default="builtin:thin-film", help="the generator of --mode generate and zones"
    )
    options = parser.parse_args()
    if options.side:
        print(json.dumps(watch(options.side, options.seconds)))
        return
    if options.mode == "generate":
        gui_gaps_generate.main(options)
        return
    if options.mode == "zones":
        gui_gaps_zones.main(options)
        return
    found = {
        side: [one_side(side, options.seconds) for _ in range(options.runs)]
        for side in ("idle", "thread", "child")
    }
    middle = {side: median(runs) for side, runs in found.items()}
    ours = middle["child"]
    worst_cancel = max(run["cancel_s"] for run in found["child"])
    passed = (
        ours["p95_ms"] <= TARGET["p95_ms"]
        and ours["largest_ms"] <= TARGET["largest_ms"]
        and worst_cancel <= TARGET["cancel_s"]
    )
    emit(
        options,
        benchmark="gui_gaps",
        peer="the same training in a thread of the window",
        peer_version=f"torch {version('torch')}",
        runs=options.runs,
        peer_s=middle["thread"]["largest_ms"] / 1000,
        ours_s=ours["largest_ms"] / 1000,
        ratio=round(middle["thread"]["largest_ms"] / ours["largest_ms"], 2),
        gaps_ms={
            side: values | {"each_run": [r["largest_ms"] for r in found[side]]}
            for side, values in middle.items()
        },
        cancel_s=worst_cancel,
        target=TARGET,
        passed=passed,
    )


def median(runs: list[dict[str, float]]) -> dict[str, float]:
    return {key: round(float(np.median([run[key] for run in runs])), 2) for key in ("p95_ms", "largest_ms")}


def one_side(side: str, seconds: float) -> dict[str, float]:
    """Watch one side in a fresh process and return its gaps."""
    return fresh([__file__, "--side", side, "--seconds", str(seconds)])


def watch(side: str, seconds: float) -> dict[str, float]:
    """Open a window, start the side's load, move a slider and note the gaps between ticks."""
    viewer = window()
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    grey, truth = sample()
    viewer.add_image(grey, name="stack")
    viewer.add_labels(truth + 1, name="labels")
    _, dock = viewer.window.add_plugin_dock_widget("napari-microgen", "Segment")
    dock.turn_to("Train")
    dock.train.out.setText(str(Path(tempfile.mkdtemp()) / "model"))
    dock.train.form.set_values({"steps": 100000})
    QTest.qWait(1500)
    ticks = Ticks(lambda number: viewer.dims.set_current_step(0, number % len(grey)))
    stop = start(side, dock, QTest, Qt)
    QTest.qWait(int(1000 * seconds))
    gaps = ticks.gaps()
    ticks.stop()
    result = figures(gaps) | {"ticks": len(gaps)}
    if side == "child":
        result |= {"curve_points": sum(map(len, dock.train.curve.points.values()))}
        if not result["curve_points"]:
            raise SystemExit(f"No step was trained in {seconds} s: {dock.notice.text.text()}")
    begin = time.perf_counter()
    stop()
    while dock.job is not None:
        QTest.qWait(5)
    result["cancel_s"] = round(time.perf_counter() - begin, 3)
    viewer.close()
    return result


def start(side: str, dock: object, test: object, qt: object) -> object:
    """Start the load of a side and return what ends it."""
    if side == "child":
        test.mouseClick(dock.run_button, qt.MouseButton.LeftButton)
        assert dock.job is not None, dock.notice.text.text()
        return lambda: test.mouseClick(dock.cancel_button, qt.MouseButton.LeftButton)
    if side == "thread":
        from napari.qt.threading import create_worker

        worker = create_worker(training_loop, _start_thread=True)
        return worker.quit
    return lambda: None


def training_loop():
    """Train a small U-shaped network on noise, for ever, with a yield per step."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    net = nn.Sequential(
        nn.Conv2d(5, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Conv2d(32, 64, 3, 2, 1), nn.BatchNorm2d(64), nn.ReLU(),
        nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 3, 1),
    )  # fmt: skip
    optimiser = torch.optim.Adam(net.parameters())
    while True:
        loss = nn.functional.cross_entropy(net(torch.randn(4, 5, 256, 256)), torch.randint(3, (4, 256, 256)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        yield float(loss.detach())


def sample() -> tuple[np.ndarray, np.ndarray]:
    """Return a stack of two grey values with noise, and which is where."""
    from scipy import ndimage as ndi

    rng = np.random.default_rng(0)
    field = ndi.gaussian_filter(rng.normal(size=(24, 512, 512)), (2, 5, 5))
    truth = (field > 0).astype(np.uint8)
    return np.clip(80 + 80 * truth + rng.normal(scale=15, size=field.shape), 0, 255).astype(np.uint8), truth


if __name__ == "__main__":
    main()
