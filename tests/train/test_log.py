import errno

import pytest

from napari_microgen.train import log as module
from napari_microgen.train.log import LossLog, read_log


@pytest.fixture
def log(tmp_path):
    return LossLog(tmp_path / "log.jsonl")


def test_rows_come_back(log):
    for step in range(5):
        log.append({"step": step, "loss": 0.1 * step})
    assert read_log(log.path) == [{"step": step, "loss": 0.1 * step} for step in range(5)]
    assert log.sync() == log.path.stat().st_size


def test_going_back_drops_later_rows_and_a_torn_line(log):
    log.append({"step": 1})
    kept = log.length
    log.append({"step": 2})
    with open(log.path, "ab") as file:
        file.write(b'{"step": 3, "lo')
    again = LossLog(log.path)
    again.rewind(kept)
    again.append({"step": 2, "again": True})
    assert read_log(log.path) == [{"step": 1}, {"step": 2, "again": True}]


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_torn_last_line_is_left_out_wherever_it_is_torn(log, cut):
    log.append({"step": 1})
    log.append({"step": 2})
    whole = log.path.read_bytes()
    log.path.write_bytes(whole[: len(whole) - cut])
    assert read_log(log.path) == [{"step": 1}]


def test_rows_wait_while_the_disk_is_full(log, monkeypatch):
    log.append({"step": 1})

    def full(self, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module.LossLog, "_append_whole", full)
        log.append({"step": 2})
        log.append({"step": 3})
        with pytest.raises(OSError, match="No space"):
            log.sync()
    log.append({"step": 4})
    assert [row["step"] for row in read_log(log.path)] == [1, 2, 3, 4]


def test_a_half_written_row_is_cut_off_before_the_next(log):
    log.append({"step": 1})
    with open(log.path, "ab") as file:
        file.write(b'{"half')
    log.append({"step": 2})
    assert read_log(log.path) == [{"step": 1}, {"step": 2}]
