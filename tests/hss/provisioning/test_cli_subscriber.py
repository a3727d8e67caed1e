"""Lists with filters, changes, and keys of other algorithms, as an operator types them."""

import json
from pathlib import Path

import pytest

from hss.provisioning.cli_subscriber import ambr_of, subscriber_app
from tests.hss.provisioning.conftest import IMSI, KEYS, K, Run

OTHER = "001010000000002"


@pytest.fixture
def two(run: Run) -> None:
    for imsi, apn in ((IMSI, "internet"), (OTHER, "ims")):
        assert run("subscriber", "add", imsi, "--keys", "-", "--apn", apn, stdin=KEYS)[0] == 0
    assert run("subscriber", "disable", OTHER)[0] == 0


def listed(run: Run, *words: str) -> list[str]:
    return [row["imsi"] for row in json.loads(run("subscriber", "list", "--json", *words)[1])]


@pytest.mark.usefixtures("two")
def test_lists_are_filtered_and_paged(run: Run) -> None:
    assert listed(run) == [IMSI, OTHER]
    assert listed(run, "--state", "barred") == [OTHER]
    assert listed(run, "--apn", "internet") == [IMSI]
    assert listed(run, "--imsi-prefix", OTHER) == [OTHER]
    assert listed(run, "--limit", "1") == [IMSI]
    assert listed(run, "--after", IMSI) == [OTHER]
    assert run("subscriber", "count") == (0, "2\n", "")
    assert json.loads(run("subscriber", "count", "--state", "enabled", "--json")[1]) == {"subscribers": 1}
    code, _, err = run("subscriber", "list", "--imsi-prefix", "x")
    assert (code, err) == (1, "error: 'x' is no prefix of an IMSI; write its digits alone\n")


@pytest.mark.usefixtures("two")
def test_what_is_named_is_changed(run: Run) -> None:
    words = ("update", IMSI, "--msisdn", "+4917012345", "--amf", "0001", "--json")
    changed = json.loads(run("subscriber", *words)[1])
    assert (changed["msisdn"], changed["amf"], changed["revision"]) == ("4917012345", "0001", 2)
    changed = json.loads(run("subscriber", "update", IMSI, "--msisdn", "", "--json")[1])
    assert (changed["msisdn"], changed["revision"]) == (None, 3)
    before = changed["k_check"]
    changed = json.loads(
        run("subscriber", "update", IMSI, "--keys", "-", "--json", stdin=f"k={'00' * 16}\nop={'11' * 16}")[1]
    )
    assert changed["k_check"] != before
    code, out, err = run("subscriber", "update", IMSI)
    assert (code, out) == (1, "")
    assert err == "error: nothing is to change; name one of --msisdn, --amf, --keys and --profile\n"
    code, _, err = run("subscriber", "update", IMSI, "--amf", "8000", "--if-revision", "1")
    assert (code, "is at revision 4, not 1; look at it again" in err) == (1, True)
    for command in ("disable", "enable", "remove"):
        code, _, err = run("subscriber", command, IMSI, "--if-revision", "1")
        assert (code, "is at revision 4, not 1; look at it again" in err) == (1, True)
    assert json.loads(run("subscriber", "disable", IMSI, "--if-revision", "4", "--json")[1])["revision"] == 5


def test_card_of_tuak_is_added(run: Run) -> None:
    assert run("profile", "add", "tuak", "--algorithm", "tuak")[0] == 0
    keys = f"k={K.hex() * 2}\nop={'22' * 32}"
    code, out, err = run("subscriber", "add", IMSI, "--keys", "-", "--profile", "tuak", "--json", stdin=keys)
    assert (code, err) == (0, "")
    assert json.loads(out)["profile"] == "tuak"
    code, _, err = run("subscriber", "add", OTHER, "--keys", "-", "--profile", "tuak", stdin=KEYS)
    assert (code, "TOP or TOPc of 32; give such keys, or name another profile" in err) == (1, True)


def test_group_teaches(laboratory: Path) -> None:
    assert "--keys card.txt" in subscriber_app(lambda: laboratory).help
    assert ambr_of(None, None) is None
