"""``python -m vesalius.cli`` is ``vesalius``."""

import sys

from vesalius.cli import main

sys.exit(main())
