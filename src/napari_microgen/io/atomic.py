"""Files and folders that get their final name only when they are whole."""

import contextlib
import ctypes
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from ..errors import MicrogenError, SaveError
from .limits import readable_bytes

PARTIAL = ".partial"
"""End of the name of everything that is not whole yet."""
OLD = ".old"
"""End of the name of a folder that has just been replaced."""
LONGEST = 100
"""Characters of the final name that a temporary name repeats, so that long names stay within limits."""


@contextlib.contextmanager
def atomic_path(final: Path | str) -> Iterator[Path]:
    """Give a temporary sibling of ``final``; on success it takes the final name.

    The caller writes a file or a folder at the yielded path. On any error the
    temporary is removed and what had the final name is left as it was.

    Raises
    ------
    SaveError
        If writing fails for want of space or permission (whatever error the writer
        turned that into). Errors of this package pass through unchanged.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with atomic_path(folder / "note.txt") as temporary:
    ...     _ = temporary.write_text("whole")
    >>> [p.name for p in folder.iterdir()]
    ['note.txt']
    """
    final = Path(os.path.abspath(final))
    _require_plain(final)
    temporary = final.with_name(f".{final.name[:LONGEST]}.{os.getpid()}.{uuid.uuid4().hex[:8]}{PARTIAL}")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _flush(temporary)
        _take_final_name(temporary, final)
    except Exception as error:
        _remove(temporary)
        if _is_write_failure(error):
            raise SaveError(_failure_text(final, error)) from error
        raise
    except BaseException:
        _remove(temporary)
        raise


def write_bytes(final: Path | str, content: bytes) -> None:
    """Write a small file atomically."""
    with atomic_path(final) as temporary:
        temporary.write_bytes(content)


def write_text(final: Path | str, content: str) -> None:
    """Write a small UTF-8 text file atomically."""
    write_bytes(final, content.encode())


def sweep_partials(folder: Path | str) -> int:
    """Remove what a killed process of this machine left behind in ``folder``; return how many.

    A folder that was set aside while its successor took its name is put back if the
    successor never did.
    """
    count = 0
    for entry in Path(folder).glob(f".*{PARTIAL}*"):
        name, _, ending = entry.name.rpartition(PARTIAL)
        parts = name.split(".")
        owner = int(parts[-2]) if len(parts) >= 3 and parts[-2].isdigit() else None
        if owner is None or ending not in ("", OLD) or owner == os.getpid() or _alive(owner):
            continue
        final = entry.with_name(".".join(parts[1:-2]))
        if ending == OLD and not final.exists():
            with contextlib.suppress(OSError):
                os.rename(entry, final)
                continue
        _remove(entry)
        count += 1
    return count


def require_writable(folder: Path | str) -> None:
    """Write and remove a probe, so that hours of work do not end in a refusal.

    Raises
    ------
    SaveError
        If nothing can be written there.
    """
    folder = Path(folder)
    with atomic_path(folder / ".microgen-probe") as temporary:
        temporary.write_bytes(b"probe")
    (folder / ".microgen-probe").unlink(missing_ok=True)


def _require_plain(final: Path) -> None:
    """Refuse to replace a device or a pipe: ``/dev/null`` would become a regular file."""
    try:
        special = final.exists() and not (final.is_file() or final.is_dir())
    except OSError:
        return  # not even allowed to look; writing will say so
    if special:
        raise SaveError(f"{final} is a device or a pipe, not a file. Give the name of a file.")


def _flush(path: Path) -> None:
    """Push content to the disk and give it the mode the user's umask asks for."""
    mode = 0o666 & ~_umask()
    for entry in [*path.rglob("*"), path] if path.is_dir() else [path]:
        if entry.is_file():
            with open(entry, "rb+") as file:
                os.fsync(file.fileno())
            entry.chmod(mode)
        elif os.name == "posix":
            _sync_folder(entry)


def _umask() -> int:
    """Return the umask; Linux tells it without changing it for a moment."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("Umask:")).split()[1], 8)
    umask = os.umask(0o022)
    os.umask(umask)
    return umask


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _take_final_name(temporary: Path, final: Path) -> None:
    if temporary.is_dir() and final.is_dir() and not final.is_symlink():
        if _exchange(temporary, final):
            _remove(temporary)
        else:
            _replace_folder(temporary, final)
    else:
        os.replace(temporary, final)
    if os.name == "posix":
        _sync_folder(final.parent)


def _replace_folder(temporary: Path, final: Path) -> None:
    """Set the old folder aside, rename, remove it; a kill in between is mended by `sweep_partials`."""
    old = temporary.with_name(f"{temporary.name}{OLD}")
    os.rename(final, old)
    try:
        os.rename(temporary, final)
    except OSError:
        os.rename(old, final)
        raise
    _remove(old)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step where the system can (Linux renameat2); return False where it cannot."""
    try:
        swap = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError, TypeError):
        return False
    at_current_folder, exchange = -100, 2
    return bool(
        swap(at_current_folder, os.fsencode(one), at_current_folder, os.fsencode(other), exchange) == 0
    )


def _is_write_failure(error: Exception) -> bool:
    if isinstance(error, MicrogenError):
        return False
    kinds = {base.__name__ for base in type(error).__mro__}
    by_torch = isinstance(error, RuntimeError) and "PytorchStreamWriter" in str(error)
    return isinstance(error, OSError) or "SafetensorError" in kinds or by_torch


def _failure_text(final: Path, error: Exception) -> str:
    try:
        usage = shutil.disk_usage(next(p for p in final.parents if p.exists()))
        free = f" ({readable_bytes(usage.free)} free there)"
    except (OSError, StopIteration):
        free = ""
    return (
        f"{final} could not be written{free}: {error}. What had this name before is untouched; free some "
        "space, or choose another place."
    )


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    import psutil

    return bool(psutil.pid_exists(pid))
