"""`python -m akadia` is the akadia command."""

import sys

from akadia.cli import main

sys.exit(main())
