"""A name is taken only by what is whole; what a killed process leaves is cleared or put back."""

import os
import signal
import stat
import subprocess
import sys
import time

import pytest

from napari_microgen.errors import SaveError
from napari_microgen.io import atomic
from napari_microgen.io.atomic import atomic_path, require_writable, sweep_partials, write_bytes, write_text


def dead_pid():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def names(folder):
    return sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize("interrupt", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_an_interrupted_write_leaves_the_old_file(interrupt, tmp_path):
    write_text(tmp_path / "a", "old")

    def write_in_part():
        with atomic_path(tmp_path / "a") as temporary:
            temporary.write_text("ne")
            raise interrupt

    with pytest.raises(interrupt):
        write_in_part()
    assert (tmp_path / "a").read_text() == "old"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_folder_is_replaced_in_one_step(can_exchange, tmp_path, monkeypatch):
    if not can_exchange:
        monkeypatch.setattr(atomic, "_exchange", lambda one, other: False)
    for content in ("old", "new"):
        with atomic_path(tmp_path / "folder") as temporary:
            (temporary / "inner").mkdir(parents=True)
            (temporary / "inner" / content).write_text(content)
    assert names(tmp_path) == ["folder"]
    assert names(tmp_path / "folder" / "inner") == ["new"]


def test_linux_swaps_two_names_at_once(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("")
    if sys.platform == "linux":
        assert atomic._exchange(tmp_path / "a", tmp_path / "b")
        assert names(tmp_path / "a") == ["b"]
    assert not atomic._exchange(tmp_path / "a", tmp_path / "absent")


def test_the_mode_follows_the_umask(tmp_path):
    old = os.umask(0o027)
    try:
        with atomic_path(tmp_path / "a") as temporary:
            temporary.write_bytes(b"x")
            temporary.chmod(0o600)  # as some writers leave it
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_a_name_as_long_as_the_system_allows(tmp_path):
    name = "x" * 255
    write_bytes(tmp_path / name, b"1")
    assert names(tmp_path) == [name]


@pytest.mark.skipif(os.name != "posix", reason="devices and pipes are POSIX things")
def test_devices_and_pipes_are_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/null", tmp_path / "pipe"):
        with pytest.raises(SaveError, match="device or a pipe"):
            write_text(path, "x")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_file_never_takes_the_place_of_a_folder(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "content").write_text("kept")
    with pytest.raises(SaveError):
        write_text(tmp_path / "folder", "x")
    assert names(tmp_path / "folder") == ["content"]
    with pytest.raises(SaveError):
        write_text(tmp_path / "folder" / "content" / "below a file", "x")


def test_the_sweep_clears_what_the_dead_left_and_nothing_else(tmp_path):
    dead, alive = dead_pid(), os.getppid()
    kept = [
        f".a.tif.{alive}.12345678.partial",
        ".notes.partial",
        "a.tif",
        f".b.{os.getpid()}.12345678.partial",
    ]
    for name in [*kept, f".a.tif.{dead}.12345678.partial"]:
        (tmp_path / name).write_text("")
    (tmp_path / f".c.zarr.{dead}.12345678.partial").mkdir()
    assert sweep_partials(tmp_path) == 2
    assert names(tmp_path) == sorted(kept)


def test_the_sweep_puts_a_folder_back_whose_successor_never_came(tmp_path):
    old = tmp_path / f".store.zarr.{dead_pid()}.12345678.partial.old"
    old.mkdir()
    (old / "zarr.json").write_text("{}")
    sweep_partials(tmp_path)
    assert names(tmp_path) == ["store.zarr"]
    old.mkdir()
    sweep_partials(tmp_path)
    assert names(tmp_path) == ["store.zarr"]


def test_the_probe_leaves_nothing(tmp_path):
    require_writable(tmp_path / "new")
    assert names(tmp_path / "new") == []


def test_safetensors_and_torch_errors_count_as_failed_writes(tmp_path):
    class SafetensorError(Exception):
        pass

    for error in (
        SafetensorError("No space left"),
        RuntimeError("[enforce fail] PytorchStreamWriter failed"),
    ):
        with pytest.raises(SaveError), atomic_path(tmp_path / "a"):
            raise error
    with pytest.raises(RuntimeError, match="a mistake"), atomic_path(tmp_path / "a"):
        raise RuntimeError("a mistake in the program")


KILLED = """
import sys, pathlib
from napari_microgen.io.atomic import atomic_path
final = pathlib.Path(sys.argv[1])
number = 1
while True:
    with atomic_path(final) as temporary:
        if sys.argv[2] == "folder":
            temporary.mkdir()
            for k in range(3):
                (temporary / str(k)).write_bytes(bytes([number % 256]) * 20000)
        else:
            temporary.write_bytes(bytes([number % 256]) * 60000)
    if number == 1:
        print("READY", flush=True)  # from now on there is something to lose
    number += 1
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a POSIX thing")
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_kill_9_at_random_moments_leaves_a_whole_file(kind, tmp_path):
    """20 kills of a process that does nothing but replace one file or folder."""
    final = tmp_path / "final"
    rounds, swept = 20, 0
    for k in range(rounds):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(final), kind], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout.readline() == "READY\n"
        time.sleep(0.02 + 0.003 * k)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        swept += sweep_partials(tmp_path)
        assert names(tmp_path) == ["final"]
        files = sorted(final.iterdir()) if kind == "folder" else [final]
        contents = b"".join(p.read_bytes() for p in files)
        assert len(contents) == 60000
        assert len(set(contents)) == 1
    assert swept >= rounds / 4  # the kills did fall inside writes
