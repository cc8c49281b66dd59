"""``python -m penchant``: the command line without its script."""

import sys

from penchant.cli import main

if __name__ == "__main__":
    sys.exit(main())
