"""Two processes are one: the same losses and weights at the same batch."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_microgen.errors import ParameterError
from napari_microgen.train.ranks import Ranks

CHILD = Path(__file__).with_name("ranks_child.py")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def trained(kind, folder, processes):
    environment = os.environ | {
        "OMP_NUM_THREADS": "1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
    }
    environment |= {"WORLD_SIZE": str(processes), "LOCAL_WORLD_SIZE": str(processes)}
    environment = {k: v for k, v in environment.items() if not k.startswith("PYTEST_")}
    children = [
        subprocess.Popen(
            [sys.executable, str(CHILD), kind, str(folder)],
            env=environment | ({"RANK": str(rank), "LOCAL_RANK": str(rank)} if processes > 1 else {}),
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(processes)
    ]
    for child in children:
        _, errors = child.communicate(timeout=300)
        assert child.returncode == 0, errors
    log = folder / f"{kind}-{processes}.training" / "log.jsonl"
    from safetensors.numpy import load_file

    losses = np.array([json.loads(line)["loss"] for line in log.read_text().splitlines()])
    return losses, load_file(folder / f"{kind}-{processes}" / "model.safetensors")


@pytest.mark.parametrize("kind", ["edm", pytest.param("cgan", marks=pytest.mark.nightly)])
def test_two_processes_give_the_losses_and_weights_of_one(kind, tmp_path):
    one, two = trained(kind, tmp_path, 1), trained(kind, tmp_path, 2)
    assert len(one[0]) == 20
    np.testing.assert_allclose(two[0], one[0], rtol=1e-5)
    largest = max(float(np.abs(one[1][name] - two[1][name]).max()) for name in one[1])
    assert largest < 1e-4, "differences of rounding, grown by the optimiser"


def test_a_batch_that_cannot_be_shared_is_refused():
    ranks = Ranks("cpu")
    ranks.world = 2
    with pytest.raises(ParameterError, match="multiple of 2"):
        ranks.share(5)
    assert ranks.share(6) == slice(0, 3)


def test_one_process_sums_nothing():
    import torch

    tensors = [torch.ones(3)]
    assert Ranks("cpu").sum(tensors) is tensors
