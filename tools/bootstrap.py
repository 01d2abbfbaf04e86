"""Set up and run napari-microgen on a machine that has only Python 3.11 or newer.

    python3 tools/bootstrap.py demo     set up, then run the main job (no display needed)
    python3 tools/bootstrap.py test     set up, then run every test, real windows included

Everything is installed below this folder (.bootstrap, .tox). On Debian and Ubuntu the
system libraries a window needs are installed when this runs as root; otherwise one line
names them. Words after the first are handed on (to ``microgen demo`` or to pytest).
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / ".bootstrap"
ENVIRONMENTS = {"demo": "demo", "test": "tests", "nightly": "nightly"}

PROGRAMS = {"xvfb-run": ("xvfb",), "xauth": ("xauth",)}
LIBRARIES = {
    "libEGL.so.1": ("libegl1",),
    "libGL.so.1": ("libgl1",),
    "libdbus-1.so.3": ("libdbus-1-3",),
    "libfontconfig.so.1": ("libfontconfig1",),
    "libglib-2.0.so.0": ("libglib2.0-0t64", "libglib2.0-0"),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0",),
    "libxcb-cursor.so.0": ("libxcb-cursor0",),
    "libxcb-icccm.so.4": ("libxcb-icccm4",),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1",),
    "libxcb-shape.so.0": ("libxcb-shape0",),
}
"""What Qt and software OpenGL load at run time, and the packages that hold it."""


def main(words: list[str]) -> int:
    """Run one of the jobs and return its exit status."""
    if sys.version_info < (3, 11):  # noqa: UP036 (this file must run on an older Python to say so)
        return _stop(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")
    if not words or words[0] not in ENVIRONMENTS:
        return _stop(f"usage: python3 tools/bootstrap.py {{{','.join(ENVIRONMENTS)}}} [more words]")
    job, rest = words[0], words[1:]
    missing = [] if job == "demo" else missing_system_packages()
    if importlib.util.find_spec("ensurepip") is None:
        missing.append((f"python3.{sys.version_info.minor}-venv", "python3-venv"))
    if missing and not install_system_packages(missing):
        return 2
    python = tool_environment()
    command = [str(python), "-m", "tox", "run", "-e", ENVIRONMENTS[job], *(["--", *rest] if rest else [])]
    return subprocess.call(command, cwd=ROOT)


def missing_system_packages() -> list[tuple[str, ...]]:
    """Return the packages (each with its other names) that a window needs and that are not there."""
    if not sys.platform.startswith("linux"):
        return []
    missing = [packages for program, packages in PROGRAMS.items() if shutil.which(program) is None]
    ldconfig = shutil.which("ldconfig") or "/sbin/ldconfig"
    known = subprocess.run([ldconfig, "-p"], capture_output=True, text=True, check=False).stdout
    return missing + [packages for library, packages in LIBRARIES.items() if library not in known]


def install_system_packages(missing: list[tuple[str, ...]]) -> bool:
    """Install packages as root on Debian or Ubuntu; otherwise say in one line what to install."""
    first = " ".join(names[-1] for names in missing)
    apt = shutil.which("apt-get")
    if apt is None:
        _stop(f"please install what holds {first} on this system, then run this again")
        return False
    if os.geteuid() != 0:
        _stop(f"please run: sudo apt-get install -y --no-install-recommends {first}")
        return False
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([apt, "update", "-q"], check=False, env=environment)
    chosen = [next((name for name in names if _available(name)), names[-1]) for names in missing]
    done = subprocess.run(
        [apt, "install", "-y", "-q", "--no-install-recommends", *chosen], check=False, env=environment
    )
    if done.returncode != 0:
        _stop(f"apt-get could not install {' '.join(chosen)}; install them by hand, then run this again")
    return done.returncode == 0


def tool_environment() -> Path:
    """Return the Python of a virtual environment that holds tox, made when it is not there."""
    python = TOOLS / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    marker = TOOLS / "ready"
    if not marker.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(TOOLS)], check=True)
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "-c", str(ROOT / "constraints.txt"), "tox"], check=True)
        marker.touch()
    return python


def _available(package: str) -> bool:
    found = subprocess.run(["apt-cache", "show", package], capture_output=True, check=False)
    return found.returncode == 0


def _stop(text: str) -> int:
    print(text, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
