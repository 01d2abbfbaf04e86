"""The child process: progress, errors, Cancel within a second, nothing left behind."""

import sys
import time

import numpy as np
import psutil
import pytest

from napari_microgen.errors import JobError, NothingToSegmentError
from napari_microgen.progress import finish
from napari_microgen.widgets.child import child_environment, command, run_child

CHILD = """
import base64, json, signal, sys, threading, time
mode = sys.argv[1]
stop = threading.Event()

def say(**content):
    print(json.dumps(content), file=sys.stderr, flush=True)

def watch():
    for line in sys.stdin:
        if line.strip() == "cancel":
            break
    stop.set()

if mode == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
elif mode != "silent":
    threading.Thread(target=watch, daemon=True).start()
if mode == "flood":
    for step in range(20000):
        say(progress={"step": step, "total": 20000, "message": "", "values": {}})
    print(json.dumps({"steps": 20000}))
    sys.exit(0)
for step in range(40 if mode in ("good", "fails", "crashes", "mute") else 4000):
    preview = {"shape": [2, 3], "data": base64.b64encode(bytes(range(6))).decode()}
    say(progress={"step": step, "total": 40, "message": "at work", "values": {"loss": 1 / (1 + step)},
                  **({"preview": preview} if step == 3 else {})})
    if step == 5:
        say(warning="check the contrast")
        if mode == "fails":
            say(error={"type": "NothingToSegmentError", "message": "one grey value only"})
            sys.exit(2)
        if mode == "crashes":
            raise OSError("the disk is on fire")
    if stop.is_set():
        sys.exit(130)
    time.sleep(0.01)
if mode == "good":
    print(json.dumps({"steps": 40}))
"""


def child(mode):
    return run_child([], program=[sys.executable, "-c", CHILD, mode])


def kept(steps, ticks):
    """Pass on the steps and keep each tick."""
    while True:
        try:
            ticks.append(next(steps))
        except StopIteration as end:
            return end.value
        yield ticks[-1]


def children():
    return [p for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE]


def test_progress_values_and_result_come_through():
    ticks = []
    assert finish(kept(child("good"), ticks)) == {"steps": 40, "warnings": ["check the contrast"]}
    losses = [t.values["loss"] for t in ticks if t.values]
    assert losses == [1 / (1 + step) for step in range(40)]
    (preview,) = [t.preview for t in ticks if t.preview is not None]
    np.testing.assert_array_equal(preview, np.arange(6, dtype=np.uint8).reshape(2, 3))


def test_the_error_the_child_names_is_raised_as_itself():
    with pytest.raises(NothingToSegmentError, match="one grey value only") as caught:
        finish(child("fails"))
    assert "Exit status: 2" in "".join(caught.value.__notes__)


def test_a_crash_says_what_it_wrote_last():
    with pytest.raises(JobError, match="the disk is on fire") as caught:
        finish(child("crashes"))
    assert "Traceback" in "".join(caught.value.__notes__)


def test_a_child_that_ends_without_a_result_is_an_error():
    with pytest.raises(JobError, match="without a result"):
        finish(child("mute"))


def test_a_flood_of_messages_is_thinned():
    assert sum(1 for _ in child("flood")) < 200


@pytest.mark.parametrize("mode", ["patient", "silent", "deaf"])
@pytest.mark.parametrize("after", [0.05, 0.4])
def test_cancel_takes_less_than_a_second_whatever_the_child_does(mode, after):
    steps = child(mode)
    end = time.monotonic() + after
    while time.monotonic() < end:
        next(steps)
    start = time.monotonic()
    steps.close()
    assert time.monotonic() - start < 1.0
    assert children() == []


def test_a_child_that_cannot_be_started_is_an_error():
    with pytest.raises(FileNotFoundError):
        finish(run_child([], program=["/nowhere/microgen"]))


def test_the_child_leaves_a_core_to_the_window(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "64")
    threads = int(child_environment()["OMP_NUM_THREADS"])
    assert 1 <= threads <= max(1, (psutil.cpu_count() or 1) - 1)


def test_the_child_runs_at_lower_priority():
    steps = child("patient")
    next(steps)
    (process,) = children()
    assert process.nice() > psutil.Process().nice() or sys.platform == "win32"
    steps.close()


def test_the_command_line_is_the_package_itself():
    assert command(["info", "a.tif"])[1:] == [
        "-m", "napari_microgen.cli", "info", "a.tif", "--json", "--progress-json", "--watch-stdin",
    ]  # fmt: skip


def test_a_real_command_reports_bad_input_as_its_own_error(tmp_path):
    from napari_microgen.errors import InputNotFoundError

    with pytest.raises(InputNotFoundError, match=r"no-such\.tif"):
        finish(run_child(["info", str(tmp_path / "no-such.tif")]))
