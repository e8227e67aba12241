"""``python -m tfevents``: the command line."""

import sys

from tfevents._cli.main import main

if __name__ == "__main__":
    sys.exit(main())
