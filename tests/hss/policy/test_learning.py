"""The proposal covers what was asked, is bounded, and names no subscriber."""

import tomllib

from hss.policy.learning import PREFIXES_MOST, REALMS_MOST, Learning, condensed
from hss.policy.rules import Asked
from wire.diameter.applications import Application

NAMES: dict[int, str] = {Application.SWX: "swx", Application.S6A: "s6a"}
IMSI = "001010000000001"


def asked(
    imsi: str | None = IMSI, realm: str = "example", vectors: int = 1, application: int = Application.SWX
) -> Asked:
    return Asked(application, frozenset({realm}), imsi, vectors)


def peers(learning: Learning) -> dict[str, dict[str, object]]:
    return {peer["name"]: peer for peer in tomllib.loads(learning.proposal())["hss"]["peer"]}


def test_proposal_is_what_each_peer_asked() -> None:
    learning = Learning(NAMES)
    learning.note("mme", asked("262011234567890", application=Application.S6A), 0.0)
    for moment in (0.0, 59.0, 61.0):
        learning.note("aaa", asked(vectors=2), moment)
    learning.note("aaa", asked("001019999999999", "visited", 0), 62.0)
    assert peers(learning) == {
        "aaa": {
            "name": "aaa",
            "applications": ["swx"],
            "realms": ["example", "visited"],
            "imsi_prefixes": ["00101"],
            "vectors_per_minute": 8,
        },
        "mme": {
            "name": "mme",
            "applications": ["s6a"],
            "realms": ["example"],
            "imsi_prefixes": ["26201"],
            "vectors_per_minute": 2,
        },
    }


def test_no_imsi_is_in_the_proposal() -> None:
    learning = Learning(NAMES)
    learning.note("aaa", asked(), 0.0)
    assert IMSI[:6] not in learning.proposal()


def test_prefixes_are_condensed() -> None:
    few = {f"{number:05}" for number in range(PREFIXES_MOST)}
    assert condensed(few) == few
    assert condensed(few | {"26201"}) == {"000", "262"}
    assert condensed({"000", "00101", "00001"}) == {"000", "00101"}
    assert condensed({f"{number:03}01" for number in range(PREFIXES_MOST + 1)}) is None


def test_peer_that_asks_for_everybody_is_not_limited() -> None:
    learning = Learning(NAMES)
    for number in range(PREFIXES_MOST + 1):
        learning.note("aaa", asked(f"{number:03}010000000001"), 0.0)
    learning.note("aaa", asked(), 0.0)
    for number in range(REALMS_MOST + 1):
        learning.note("aaa", asked(realm=f"realm{number}"), 0.0)
    learning.note("aaa", asked(), 0.0)
    found = peers(learning)["aaa"]
    assert (found["imsi_prefixes"], found["realms"]) == ([], [])


def test_what_is_no_realm_is_not_written() -> None:
    learning = Learning(NAMES)
    for realm in ('x"]\n[hss]', "\N{PILE OF POO}", ""):
        learning.note("aaa", asked(realm=realm), 0.0)
    assert peers(learning)["aaa"]["realms"] == []


def test_proposal_is_new_only_after_a_request() -> None:
    learning = Learning(NAMES)
    learning.note("aaa", asked(None), 0.0)
    changed = [learning.changed]
    learning.proposal()
    assert [*changed, learning.changed] == [True, False]
