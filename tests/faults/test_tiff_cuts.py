"""A TIFF cut at any place is refused, or read in part with a note; a plane is never lost silently."""

import numpy as np
import pytest
import tifffile

from napari_microgen import Volume, read, write
from napari_microgen.errors import CorruptFileError, MicrogenError

SHAPE = (20, 40, 48)
CUTS = 98


def stack():
    rng = np.random.default_rng(7)
    coarse = rng.integers(0, 256, (20, 10, 12)).astype(np.uint8)
    return np.repeat(np.repeat(coarse, 4, axis=1), 4, axis=2)  # compresses, as a label map does


def _plain(path):
    tifffile.imwrite(path, stack(), photometric="minisblack")


def _zlib(path):
    tifffile.imwrite(path, stack(), photometric="minisblack", compression="zlib")


def _bare(path):
    tifffile.imwrite(path, stack(), photometric="minisblack", compression="zlib", metadata=None)


def _imagej(path):
    tifffile.imwrite(path, stack(), imagej=True, metadata={"axes": "ZYX", "unit": "um", "spacing": 0.5})


def _ome(path):
    tifffile.imwrite(
        path, stack(), photometric="minisblack", ome=True, compression="lzw", metadata={"axes": "ZYX"}
    )


def _own(path):
    write(Volume(stack(), "ZYX", (25.0, 18.6, 18.6), "nm"), path)


WRITERS = {"plain": _plain, "zlib": _zlib, "bare": _bare, "imagej": _imagej, "ome": _ome, "own": _own}


@pytest.fixture(params=WRITERS)
def whole(request, tmp_path):
    path = tmp_path / ("whole.ome.tif" if request.param == "ome" else "whole.tif")
    WRITERS[request.param](path)
    return path


def cuts(size):
    """Return 98 lengths: close around the start and the end, and spread over the rest."""
    chosen = {0, 4, 7, 9, size - 1, size - 2, size - 3, size - 7, size - 11}
    spread = np.random.default_rng(size).permutation(size)
    chosen.update(int(n) for n in spread[: CUTS - len(chosen)])
    chosen.update(int(n) for n in spread[CUTS : CUTS + CUTS - len(chosen)])
    return sorted(chosen)


def test_the_whole_file_is_accepted(whole):
    assert np.array_equal(np.asarray(read(whole).data), stack())


def test_98_cuts_lose_nothing_silently(whole, tmp_path):
    content, truth = whole.read_bytes(), stack()
    silent, nameless, tried = [], [], 0
    for length in cuts(len(content)):
        cut = tmp_path / "cut.tif"
        cut.write_bytes(content[:length])
        tried += 1
        try:
            found = np.asarray(read(cut).data)
        except CorruptFileError as error:
            if "cut.tif" not in str(error):
                nameless.append((length, str(error)))
            continue
        if not np.array_equal(found, truth):
            silent.append((length, found.shape))
    assert tried == CUTS
    assert silent == []
    assert nameless == []


def test_partial_reading_gives_the_whole_planes_and_says_so(whole, tmp_path):
    content, truth = whole.read_bytes(), stack()
    partly = 0
    for length in cuts(len(content))[::7]:
        cut = tmp_path / "cut.tif"
        cut.write_bytes(content[:length])
        try:
            volume = read(cut, allow_partial=True)
        except MicrogenError:
            continue
        found = np.asarray(volume.data)
        assert np.array_equal(found, truth[: len(found)])
        if len(found) < len(truth):
            assert any("read in part" in note for note in volume.notes)
            assert volume.metadata["reading"] == {"allow_partial": True}
            partly += 1
    assert partly >= 3


def test_a_stack_whose_last_directory_was_dropped_is_refused(tmp_path):
    """A writer killed between planes leaves a well-formed file; only its description tells."""
    path = tmp_path / "killed.tif"
    with tifffile.TiffWriter(path, imagej=True) as tif:
        tif.write(stack()[:12], metadata={"axes": "ZYX"})
    content = path.read_bytes().replace(b"images=12", b"images=20").replace(b"slices=12", b"slices=20")
    path.write_bytes(content)
    with pytest.raises(MicrogenError, match="12 planes are there of 20 declared"):
        read(path)


def test_a_contiguous_imagej_stack_behind_one_directory_is_counted(tmp_path):
    """ImageJ writes files above 4 GiB with one directory; the planes follow its strip."""
    path = tmp_path / "big.tif"
    tifffile.imwrite(path, stack(), imagej=True, truncate=True, metadata={"axes": "ZYX"})
    assert read(path).shape == SHAPE
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(MicrogenError, match="19 planes are there of 20 declared"):
        read(path)
    assert read(path, allow_partial=True).shape == (19, *SHAPE[1:])
