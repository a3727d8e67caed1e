"""After a demo that logs everything, no key of the subscriber is in database, logs or output."""

from pathlib import Path

import pytest

from akadia.template import AaaChoice
from tests.lab import akadia, card_keys
from tests.leaks import challenges, derived_secrets, forms, leaks_in
from wire.identity import EapMethod, Imsi, Plmn, permanent_nai

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

IMSI, PLMN = Imsi("001010000000001"), Plmn("001", "01")
IDENTITIES = [permanent_nai(IMSI, PLMN, method) for method in (EapMethod.AKA, EapMethod.AKA_PRIME)]
SECRET = bytes.fromhex("00ff7e2b275c0a1b4cd0e5f6a7b8c9da")


@pytest.mark.parametrize("number", range(len(forms(SECRET))))
def test_search_sees_a_key_in_every_form(tmp_path: Path, number: int) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "aaa.log").write_bytes(bytes(200) + b"a line with " + forms(SECRET)[number] + b" in it\n")
    assert leaks_in(tmp_path, {"K": SECRET, "OPc": bytes(range(16))}) == ["K in aaa.log"]


def test_search_of_nothing_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="nothing was seen"):
        leaks_in(tmp_path, {"K": SECRET})


def test_search_passes_over_the_card_alone(tmp_path: Path) -> None:
    for name in ("ue/usim.toml", "ue/usim.log", "capture/aaa.pcapng"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(bytes(200) + SECRET)
    assert leaks_in(tmp_path, {"K": SECRET}) == ["K in usim.log"]


@pytest.mark.parametrize("aaa", ["diameter", "radius"])
def test_demo_leaves_no_key_where_none_may_be(tmp_path: Path, aaa: AaaChoice) -> None:
    folder = tmp_path / "kept"
    done = akadia("demo", "--aaa", aaa, "--keep", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    logs = {path.stem: path.read_text() for path in (folder / "logs").glob("*.log")}
    assert set(logs) == {"dns", "hss", "aaa", "pdngw"}
    assert 'level = "debug"' in (folder / "akadia.toml").read_text()
    assert "UE authenticated" in logs["pdngw"]
    assert len(challenges(folder)) == 1
    output = tmp_path / "output.txt"
    output.write_text(done.stdout + done.stderr)
    secrets = derived_secrets(folder, *card_keys(folder / "ue/usim.toml"), identities=IDENTITIES, network_name="WLAN")
    # RES crosses the air interface: it shows that what is looked for is what the laboratory really used
    merged = folder / "capture/all.pcapng"
    assert leaks_in(merged, secrets) == ["XRES 0 in all.pcapng"]
    assert leaks_in(folder, secrets) == []
    assert leaks_in(output, secrets) == []
    # what does hold keys, the card and the captures with what opens them, is its owner's alone
    assert folder.stat().st_mode & 0o777 == 0o700
    open_to_others = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
    assert {path.suffix for path in open_to_others} == {".pem"}
