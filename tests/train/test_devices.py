import pytest
import torch

from napari_microgen.errors import ParameterError
from napari_microgen.train.devices import choose_device, out_of_memory, threads_kept


def test_a_gpu_is_taken_only_if_there_is_one():
    assert choose_device("cpu") == "cpu"
    if torch.cuda.is_available():
        assert choose_device("auto") == choose_device("cuda") == "cuda"
    else:
        assert choose_device("auto") == "cpu"
        with pytest.raises(ParameterError, match="--device cpu"):
            choose_device("cuda")


def test_a_real_lack_of_memory_is_known():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**55, dtype=torch.uint8)
    assert out_of_memory(caught.value)
    assert out_of_memory(MemoryError())
    assert out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert not out_of_memory(RuntimeError("shapes do not match"))


def test_the_number_of_threads_is_put_back():
    before = torch.get_num_threads()
    with threads_kept():
        torch.set_num_threads(before + 1)
    assert torch.get_num_threads() == before
