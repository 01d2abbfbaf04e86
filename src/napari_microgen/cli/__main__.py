"""``python -m napari_microgen.cli`` is the command ``microgen``."""

import sys

from . import main

if __name__ == "__main__":
    sys.exit(main())
