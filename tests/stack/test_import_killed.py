"""An import that is killed by -9 in the middle goes on where it was: every row once, on both engines."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import func, select

from hss.keys.vault import write_master_key
from hss.models import Apn, ImportBatch, Subscriber
from hss.store.engines import transaction
from hss.store.location import Location
from tests.hss.provisioning.importing.conftest import OPC, K, imsi_of
from tests.hss.provisioning.typed import CONFIG

pytestmark = pytest.mark.stack

ROWS = 24_000
LIMIT = 100


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.interop)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Location]:
    """A configuration, and the empty store that it names."""
    path = tmp_path / "akadia.sqlite"
    if request.param == "sqlite":
        return configured(tmp_path, path.name), path
    url = request.getfixturevalue("postgres").new_database()
    return configured(tmp_path, url.set(drivername="postgresql").render_as_string()), url


def configured(tmp_path: Path, database: str) -> Path:
    config = tmp_path / "akadia.toml"
    config.write_text(CONFIG.format(database=database))
    write_master_key(tmp_path / "master.key", Random(3).randbytes)
    akadia(config, "db", "upgrade")
    return config


def akadia(config: Path, *words: str) -> str:
    run = subprocess.run(_words(config, *words), capture_output=True, text=True, check=False, timeout=LIMIT)
    assert run.returncode == 0, run.stderr
    return run.stdout


def _words(config: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "akadia", "--config", str(config), *words]


def batch_of(location: Location) -> tuple[int, int]:
    """Rows that the batch says it has added, and rows that are there."""
    with transaction(location, read_only=True) as connection:
        said = connection.scalar(select(func.max(ImportBatch.added))) or 0
        return said, connection.execute(select(func.count()).select_from(Subscriber)).scalar_one()


def killed_when(location: Location, words: list[str], reached: Callable[[int, int], bool]) -> None:
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            if reached(*batch_of(location)):
                process.send_signal(signal.SIGKILL)
                break
        assert process.wait(LIMIT) == -signal.SIGKILL


def test_every_row_comes_in_once(store: tuple[Path, Location], tmp_path: Path) -> None:
    config, location = store
    cards = tmp_path / "cards.csv"
    rows = [f"{imsi_of(number)},{K},{OPC}\n" for number in range(ROWS)]
    rows[100::1000] = ["rubbish\n"] * len(rows[100::1000])
    cards.write_text("IMSI,KI,OPC\n" + "".join(rows))
    words = _words(config, "import", str(cards), "--mapping", "pysim")
    for part in (1, 2):
        killed_when(location, words, lambda said, _, part=part: said > part * ROWS // 4)  # type: ignore[misc]
        said, there = batch_of(location)
        assert said == there < ROWS
    done = json.loads(akadia(config, "import", str(cards), "--mapping", "pysim", "--json"))
    bad = ROWS // 1000
    assert (done["added"], done["refused"], done["lines"]) == (ROWS - bad, bad, ROWS + 1)
    with transaction(location, read_only=True) as connection:
        count = select(func.count())
        assert connection.scalar(count.select_from(Subscriber)) == ROWS - bad
        assert connection.scalar(count.select_from(Apn)) == ROWS - bad
        assert connection.scalar(count.select_from(ImportBatch)) == 1
    quarantined = Path(done["quarantine"]).read_text().splitlines()[1:]
    assert [int(line.split(",")[0]) for line in quarantined] == list(range(102, ROWS + 2, 1000))
    assert Path(done["quarantine"]).stat().st_mode & 0o777 == 0o600


def test_killed_rollback_goes_on(store: tuple[Path, Location], tmp_path: Path) -> None:
    config, location = store
    cards = tmp_path / "cards.csv"
    cards.write_text("IMSI,KI,OPC\n" + "".join(f"{imsi_of(number)},{K},{OPC}\n" for number in range(ROWS)))
    akadia(config, "import", str(cards), "--mapping", "pysim")
    words = _words(config, "import", "rollback", "1")
    killed_when(location, words, lambda said, there: there < said * 3 // 4)
    assert 0 < batch_of(location)[1] < ROWS
    akadia(config, "import", "rollback", "1")
    assert batch_of(location)[1] == 0
