"""Files and folders that get their final name only when they are whole."""

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from ..errors import SaveError
from .limits import readable_bytes

PARTIAL = ".partial"
"""End of the name of everything that is not whole yet."""


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
    temporary = final.with_name(f".{final.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}{PARTIAL}")
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
    """Remove what a killed process of this machine left behind in ``folder``; return how many."""
    count = 0
    for entry in Path(folder).glob(f".*{PARTIAL}"):
        parts = entry.name.split(".")
        owner = int(parts[-3]) if len(parts) >= 4 and parts[-3].isdigit() else None
        if owner is None or owner == os.getpid() or _alive(owner):
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


def _flush(path: Path) -> None:
    """Push content to the disk and give it the mode the user's umask asks for."""
    umask = os.umask(0)
    os.umask(umask)
    for entry in [*path.rglob("*"), path] if path.is_dir() else [path]:
        if entry.is_file():
            with open(entry, "rb+") as file:
                os.fsync(file.fileno())
            entry.chmod(0o666 & ~umask)
        elif os.name == "posix":
            _sync_folder(entry)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _take_final_name(temporary: Path, final: Path) -> None:
    if temporary.is_dir() and final.is_dir():
        old = temporary.with_name(f"{temporary.name}.old{PARTIAL}")
        os.rename(final, old)  # a folder cannot be replaced in one call
        try:
            os.rename(temporary, final)
        except OSError:
            os.rename(old, final)
            raise
        _remove(old)
    else:
        os.replace(temporary, final)
    if os.name == "posix":
        _sync_folder(final.parent)


def _is_write_failure(error: Exception) -> bool:
    from ..errors import MicrogenError

    if isinstance(error, MicrogenError):
        return False
    kinds = {type(error).__name__, *(base.__name__ for base in type(error).__mro__)}
    return isinstance(error, OSError) or "SafetensorError" in kinds


def _failure_text(final: Path, error: Exception) -> str:
    try:
        usage = shutil.disk_usage(next(p for p in final.parents if p.exists()))
        free = f" ({readable_bytes(usage.free)} free there)"
    except (OSError, StopIteration):
        free = ""
    return (
        f"{final} could not be written{free}: {error}. What had this name before is untouched; free some space, "
        f"or choose another place."
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
