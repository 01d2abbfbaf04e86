"""Processor or GPU, how many threads, and what a lack of memory looks like."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch

from ..errors import ParameterError
from .allocation import freed_memory_kept


def choose_device(wanted: str) -> str:
    """Return ``"cuda"`` or ``"cpu"``; auto takes the GPU if there is one.

    Raises
    ------
    ParameterError
        If a GPU is asked for and there is none.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ParameterError("device is cuda, but no CUDA device can be used. Take --device cpu or auto.")
    return "cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu"


def fast_half_precision() -> bool:
    """Return whether the processor multiplies bf16 numbers by instructions of its own (AVX-512, AMX)."""
    known: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(known.get("avx512_bf16") or known.get("amx_bf16"))


def out_of_memory(error: BaseException) -> bool:
    """Tell a lack of memory, on the processor or a GPU, from other errors."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return "can't allocate memory" in str(error) or "not enough memory" in str(error)


@contextmanager
def threads_kept() -> Iterator[None]:
    """Put torch's number of threads back afterwards; keep freed memory for the next step meanwhile."""
    before = torch.get_num_threads()
    try:
        with freed_memory_kept():
            yield
    finally:
        torch.set_num_threads(before)
