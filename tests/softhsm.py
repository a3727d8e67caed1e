"""A token of the tests' own, made by SoftHSM2 in a temporary folder; one for each process, because it is read once."""

import os
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from itertools import count
from pathlib import Path

from hss.keys.token import TokenSource

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
LABEL = "akadia test"
PIN = "567890"
_NUMBERS = count(1)


def new_source(folder: Path, foreign_peer: Callable[[str], str]) -> TokenSource:
    """The token of this process, and an object in it that is not there yet."""
    _make_token(foreign_peer("softhsm2-util"))
    pin = folder / "pin"
    pin.write_text(f"{PIN}\n")
    pin.chmod(0o600)
    return TokenSource(LABEL, f"master{next(_NUMBERS)}", MODULE, pin)


@cache
def _make_token(util: str) -> None:
    home = Path(tempfile.mkdtemp(prefix="akhsm"))
    (home / "tokens").mkdir()
    settings = f"directories.tokendir = {home / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    (home / "softhsm2.conf").write_text(settings)
    os.environ["SOFTHSM2_CONF"] = str(home / "softhsm2.conf")
    words = ("--init-token", "--free", "--label", LABEL, "--so-pin", "123456", "--pin", PIN)
    subprocess.run([util, *words], check=True, capture_output=True, timeout=30)
