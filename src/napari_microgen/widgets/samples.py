"""Built-in samples for File > Open Sample: simulated, with exact truth."""

from .layers import LayerTuple, layers_of


def fibsem() -> list[LayerTuple]:
    """Return a simulated FIB-SEM stack of a porous metal, as a microscope would deliver it."""
    from ..sample_data import sample_fibsem

    return layers_of(sample_fibsem())


def fibsem_with_truth() -> list[LayerTuple]:
    """Return the simulated FIB-SEM stack and its exact phase map."""
    from ..sample_data import sample_fibsem, sample_fibsem_truth

    return [*layers_of(sample_fibsem()), *layers_of(sample_fibsem_truth())]


def fibsem_slice() -> list[LayerTuple]:
    """Return one slice of the simulated FIB-SEM stack."""
    from ..sample_data import sample_fibsem

    stack = sample_fibsem()
    edges = stack.voxel_size[1:] if stack.voxel_size else None
    plane = stack.with_data(stack.plane(0), axes="YX", voxel_size=edges, name="FIB-SEM slice (simulated)")
    return layers_of(plane)
