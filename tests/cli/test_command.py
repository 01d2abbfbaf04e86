"""``microgen`` as people and programs use it: exit status, one line of error, one JSON object."""

import contextlib
import json
import signal
import subprocess
import sys

import numpy as np
import pytest
import tifffile

from napari_microgen.cli import main
from napari_microgen.operations import OPERATIONS


@pytest.fixture
def run(capsys):
    def call(*words):
        status = main([str(word) for word in words])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture
def stack(tmp_path):
    """A stack of two grey values with a known share of the bright one, and its voxel size."""
    image = np.full((4, 32, 40), 40, np.uint8)
    image[:, 8:, :] = 200
    image += np.random.default_rng(0).integers(0, 8, image.shape, dtype=np.uint8)
    path = tmp_path / "stack.tif"
    resolution = (1 / 18.6, 1 / 18.6)
    tifffile.imwrite(
        path,
        image,
        imagej=True,
        resolution=resolution,
        metadata={"spacing": 25.0, "unit": "nm", "axes": "ZYX"},
    )
    return path


def test_help_lists_every_command(run):
    status, out, _ = run("--help")
    assert status == 0
    assert all(f"\n  {identifier}  " in out for identifier in [*OPERATIONS, "replay"])


@pytest.mark.parametrize("identifier", OPERATIONS)
def test_every_command_explains_itself(identifier, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*identifier.split(), "--help"])
    assert stop.value.code == 0
    assert "--json" in capsys.readouterr().out


def test_info_of_a_stack(run, stack):
    status, out, _ = run("info", stack, "--json")
    found = json.loads(out)
    assert status == 0
    assert found["shape"] == [4, 32, 40]
    assert found["axes"] == "ZYX"
    assert found["voxel_size"] == pytest.approx([25, 18.6, 18.6], rel=1e-6)
    assert found["unit"] == "nm"
    assert found["data_bar_rows"] == 0


def test_segment_and_quantify_a_known_share(run, stack, tmp_path):
    status, out, err = run("segment", stack, tmp_path / "phases.tif", "--method", "otsu", "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["phase_fraction"]["1"] == pytest.approx(0.75)
    status, out, _ = run(
        "quantify", tmp_path / "phases.tif", "--features", "relative_density,porosity", "--json"
    )
    features = json.loads(out)["features"]
    assert status == 0
    density = features["relative_density"]
    assert (density["value"], density["unit"], density["reason"]) == (0.75, "1", None)
    assert features["porosity"]["value"] == 0.25


def test_the_voxel_size_travels_to_the_phase_map(run, stack, tmp_path):
    run("segment", stack, tmp_path / "phases.tif", "--method", "otsu")
    _, out, _ = run("info", tmp_path / "phases.tif", "--json")
    assert json.loads(out)["voxel_size"] == pytest.approx([25, 18.6, 18.6], rel=1e-6)


def test_table_on_disk(run, stack, tmp_path):
    run("segment", stack, tmp_path / "phases.tif", "--method", "otsu")
    status, *_ = run(
        "quantify", tmp_path / "phases.tif", "--features", "relative_density", "--out", tmp_path / "t.csv"
    )
    assert status == 0
    header, row = (tmp_path / "t.csv").read_text(encoding="utf-8").strip().splitlines()[:2]
    assert {"name", "value", "unit", "reason"} <= set(header.split(","))
    assert "relative_density" in row
    assert "0.75" in row


def test_replay_gives_the_same_bytes_and_notices_a_changed_input(run, stack, tmp_path):
    run("segment", stack, tmp_path / "phases.tif", "--method", "otsu")
    recipe = tmp_path / "phases.tif.recipe.json"
    status, out, _ = run("replay", recipe, "--json")
    assert status == 0
    assert json.loads(out)["identical"] is True
    image = tifffile.imread(stack)
    image[0, 0, 0] ^= 1
    tifffile.imwrite(stack, image, imagej=True, metadata={"spacing": 25.0, "unit": "nm", "axes": "ZYX"})
    status, _, err = run("replay", recipe, "--json")
    assert status == 2
    assert "has changed" in err


BAD = {
    "no such file": (["segment", "{dir}/none.tif", "{dir}/out.tif"], "none.tif"),
    "not a command": (["segmnt", "{stack}"], "not a command"),
    "not an option": (["segment", "{stack}", "{dir}/out.tif", "--metod", "otsu"], "--metod"),
    "not a choice": (["segment", "{stack}", "{dir}/out.tif", "--method", "magic"], "otsu, hybrid, unet"),
    "no output": (["segment", "{stack}"], "OUT"),
    "unknown ending": (["segment", "{stack}", "{dir}/out.xyz"], ".xyz"),
    "output is the input": (["segment", "{stack}", "{stack}"], "inputs are never changed"),
    "no such folder": (["segment", "{stack}", "{dir}/deep/er/out.tif"], "does not exist"),
    "unet without a model": (["segment", "{stack}", "{dir}/out.tif", "--method", "unet"], "--model"),
    "size without unit": (["segment", "{stack}", "{dir}/out.tif", "--voxel-size", "1,1,1"], "--unit"),
    "zero voxel size": (
        ["segment", "{stack}", "{dir}/out.tif", "--voxel-size", "0,1,1", "--unit", "nm"],
        "finite",
    ),
    "not a unit": (["segment", "{stack}", "{dir}/out.tif", "--voxel-size", "1,1,1", "--unit", "lux"], "lux"),
    "not a quantity": (["quantify", "{stack}", "--features", "beauty"], "beauty"),
    "simulate nothing": (["simulate"], "porous"),
    "not a recipe": (["replay", "{stack}"], "recipe"),
    "text as an image": (["info", "{dir}/text.tif"], "text.tif"),
    "constant image": (["segment", "{dir}/constant.tif", "{dir}/out.tif"], "constant"),
    "colour image": (["segment", "{dir}/colour.tif", "{dir}/out.tif"], "colour"),
    "nan": (["segment", "{dir}/nan.tif", "{dir}/out.tif"], "1 NaN"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_line_and_leaves_nothing(case, run, stack, tmp_path):
    (tmp_path / "text.tif").write_text("this is not an image")
    tifffile.imwrite(tmp_path / "constant.tif", np.full((8, 8), 7, np.uint8))
    colour = np.random.default_rng(1).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "colour.tif", colour, photometric="rgb")
    holes = np.zeros((8, 8), np.float32)
    holes[2, 3] = np.nan
    tifffile.imwrite(tmp_path / "nan.tif", holes)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    words, expected = BAD[case]
    status, out, err = run(*[word.format(dir=tmp_path, stack=stack) for word in words])
    assert status == 2
    assert out == ""
    assert expected.lower() in err.lower()
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def microgen(*words, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "napari_microgen.cli", *map(str, words)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


@pytest.fixture
def long_words(tmp_path):
    return ["demo", "--out", tmp_path / "demo", "--train-steps", "100000", "--progress-json"]


def first_tick(process):
    for line in process.stderr:
        if "progress" in line:
            return json.loads(line)["progress"]
    raise AssertionError("the process ended without a tick")


@pytest.mark.parametrize("how", ["line", "end of input", "terminate"])
def test_a_window_can_stop_it(how, long_words):
    process = microgen(*long_words, "--watch-stdin")
    first_tick(process)
    if how == "line":
        process.stdin.write("cancel\n")
        process.stdin.flush()
    elif how == "end of input":
        process.stdin.close()
    else:
        process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 130
    process.stdout.close()
    process.stderr.close()
    if how != "end of input":
        process.stdin.close()


def test_an_interruption_that_is_swallowed_stops_the_work_at_its_next_tick():
    """A signal that falls into a finaliser or a callback of compiled code is lost there."""
    from napari_microgen.cli import _stop
    from napari_microgen.cli.execution import drive
    from napari_microgen.cli.messages import CancelledError, Messages
    from napari_microgen.progress import Progress

    said, done = Messages(as_json=False, quiet=True), []

    def work():
        for step in range(10):
            if step == 3:
                with contextlib.suppress(KeyboardInterrupt):
                    _stop(said)
            done.append(step)
            yield Progress(step, 10, "working")

    with pytest.raises(CancelledError, match="Stopped on request"):
        drive(work(), said, None)
    assert done == [0, 1, 2, 3]


def test_progress_is_json_lines_with_growing_steps(stack, tmp_path):
    process = microgen(
        "segment", stack, tmp_path / "phases.tif", "--method", "hybrid", "--progress-json", "--json"
    )
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0
    assert json.loads(out)["phase_fraction"]
    steps = [json.loads(line)["progress"]["step"] for line in err.splitlines() if '"progress"' in line]
    assert steps == sorted(steps)
    assert steps


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        (["regress", "table.csv"], "--target"),
        (["train", "edm"], "--images, --conditions, --out"),
        (["surface"], "LABELS"),
    ],
)
def test_what_is_missing_is_said_in_words(words, missing, capsys):
    assert main(words) == 2
    said = capsys.readouterr().err
    assert f"The following arguments are required: {missing}. See: microgen {words[0]}" in said
