"""Keys are shown by what they are for and never by what they are, and exchanged by two commands."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from akadia.cli import main
from hss.keys.custody import Custodian
from hss.keys.data_keys import rows_by_key
from hss.keys.vault import open_vault, write_master_key
from hss.provisioning.cli_keys import keys_app
from hss.provisioning.rewrapping import WRITTEN_AT_ONCE
from hss.store.engines import transaction
from tests.hss.conftest import Registry
from tests.hss.provisioning.desk import entries

ROOT = Path(__file__).parents[3]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def path(tmp_path: Path, database_path: Path) -> Path:
    write_master_key(tmp_path / "master.key", Random(3).randbytes)
    config = tmp_path / "akadia.toml"
    config.write_text(
        '[hss]\norigin_host = "hss.example"\norigin_realm = "example"\nswx = "127.0.0.1:0"\n'
        f'database = "{database_path.name}"\n'
    )
    return config


@pytest.fixture
def run(path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: str) -> tuple[int, str, str]:
        try:
            code = main(["--config", str(path), "keys", *words])
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def fill(path: Path, count: int) -> None:
    database = path.parent / "akadia.sqlite"
    registry = Registry(database, open_vault(path.parent / "master.key", Random(4).randbytes))
    for number in range(count):
        registry.add(f"00101{number:010}", apns=())


def test_group_teaches_both_commands(path: Path) -> None:
    app = keys_app(lambda: path)
    assert "keys rotate" in app.help
    assert "keys rewrap" in app.help


def test_keys_are_exchanged_and_shown(run: Run, path: Path) -> None:
    fill(path, 3)
    code, out, _ = run("status", "--json")
    before = json.loads(out)
    assert (code, before["under_master"], before["data_keys"]) == (0, 3, [])
    code, out, _ = run("rotate")
    assert (code, out) == (0, "data key 1 seals from now on; move the rest to it with: akadia keys rewrap\n")
    code, out, _ = run("status")
    assert "seals 3 subscribers itself; move them with: akadia keys rewrap" in out
    code, out, _ = run("rewrap", "--json")
    assert json.loads(out) == {"data_key": 1, "moved": 3, "retired": []}
    assert run("rotate", "--json")[1] == '{"data_key": 3}\n'
    code, out, _ = run("rewrap")
    assert out.splitlines() == [
        "3 subscribers moved to data key 3",
        "data key 1 has retired; backups may still hold it wrapped",
    ]
    code, out, _ = run("status")
    assert "data key 1   subscriber, retired" in out
    assert "data key 3   subscriber, active, seals 3 subscribers" in out
    assert [(entry.action, entry.subject, entry.after) for entry in entries(path.parent / "akadia.sqlite")] == [
        ("keys.rotate", "1", None),
        ("keys.rewrap", "1", '{"moved":3,"retired":[]}'),
        ("keys.rotate", "3", None),
        ("keys.rewrap", "3", '{"moved":3,"retired":[1]}'),
    ]


def test_master_key_is_exchanged(run: Run, path: Path) -> None:
    fill(path, 2)
    new = path.parent / "new.key"
    write_master_key(new, Random(6).randbytes)
    code, _, err = run("rotate", "--master", str(new))
    assert (code, err) == (
        1,
        "error: 2 subscribers are sealed under the master key itself; first: akadia keys rewrap\n",
    )
    run("rewrap")
    code, out, _ = run("rotate", "--master", str(new))
    assert (code, out) == (0, f"2 data keys are wrapped anew; now write hss.master_key = {str(new)!r}\n")
    code, _, err = run("rewrap")
    assert code == 1
    assert "was sealed under another master key; name the right file in hss.master_key" in err
    path.write_text(path.read_text() + f'master_key = "{new}"\n')
    assert run("rewrap", "--json")[0] == 0
    last = entries(path.parent / "akadia.sqlite")[-1]
    fingerprints = [json.loads(side or "")["master"] for side in (last.before, last.after)]
    assert (last.action, len(set(fingerprints))) == ("keys.rotate-master", 2)
    assert main(["--config", str(path), "audit", "verify"]) == 0


def test_wrong_source_is_refused(run: Run, path: Path) -> None:
    code, _, err = run("rotate", "--master", "env:NOT THERE")
    assert (code, err.startswith("error: 'env:NOT THERE' names no environment variable")) == (1, True)
    none = path.parent / "none.key"
    code, _, err = run("rotate", "--master", str(none))
    made = f"make one: (umask 077; openssl rand -hex 32 > {none})"
    assert (code, err) == (1, f"error: {none}: there is no such file; {made}\n")


def test_new_master_key_is_named_as_the_configuration_finds_it(
    run: Run, path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    write_master_key(elsewhere / "new.key", Random(6).randbytes)
    assert run("rotate")[0] == 0
    code, out, _ = run("rotate", "--master", "new.key")
    assert (code, out.endswith(f"now write hss.master_key = {str(elsewhere / 'new.key')!r}\n")) == (0, True)


def test_no_key_is_shown(run: Run, path: Path) -> None:
    fill(path, 1)
    shown = "".join(out + err for words in (("rotate",), ("rewrap",), ("status",)) for _, out, err in [run(*words)])
    custodian = Custodian(open_vault(path.parent / "master.key", Random(4).randbytes))
    with transaction(path.parent / "akadia.sqlite") as connection:
        custodian.keyring.prepare(connection)
        assert rows_by_key(connection) == {custodian.keyring.current: 1}
    assert Random(3).randbytes(32).hex() not in shown
    assert len(shown) > 100


@pytest.mark.stack
def test_rewrap_that_was_killed_goes_on(run: Run, path: Path) -> None:
    fill(path, 1500)
    run("rotate")
    process = subprocess.Popen(
        [sys.executable, "-m", "akadia", "--config", str(path), "keys", "rewrap"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )
    database = path.parent / "akadia.sqlite"
    while process.poll() is None:
        with transaction(database, read_only=True) as connection:
            if rows_by_key(connection).get(1):
                process.send_signal(signal.SIGKILL)
                break
        time.sleep(0.002)
    process.wait()
    with transaction(database, read_only=True) as connection:
        done = rows_by_key(connection).get(1, 0)
    assert done % WRITTEN_AT_ONCE == 0
    moved = json.loads(run("rewrap", "--json")[1])["moved"]
    assert done + moved == 1500
