import subprocess
import sys

import pytest

from napari_microgen.errors import CheckpointError, SaveError
from napari_microgen.train.lock import FolderLock


def test_a_second_one_is_refused_and_told_who_holds_it(tmp_path):
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.acquire()
    with pytest.raises(CheckpointError, match=f"process {(tmp_path / 'lock').read_text().strip()}"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_the_lock_of_another_process_holds_and_ends_with_it(tmp_path):
    code = (
        "import sys; from pathlib import Path; from napari_microgen.train.lock import FolderLock\n"
        "lock = FolderLock(Path(sys.argv[1])); lock.acquire(); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "held\n"
        with pytest.raises(CheckpointError, match=f"process {child.pid}"):
            FolderLock(tmp_path).acquire()
        child.kill()
        child.wait()
        mine = FolderLock(tmp_path)
        mine.acquire()
        mine.release()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SaveError, match="file"):
        FolderLock(tmp_path / "file" / "folder").acquire()
