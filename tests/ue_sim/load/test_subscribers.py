"""Cards out of files, ranges and the laboratory's card."""

from pathlib import Path

import pytest

from ue_sim.load.subscribers import CardFile, CardKeys, Cards, LoadRefused, Range
from wire.secret import Secret

# TS 35.208 test set 1
K, OPC = "465b5ce8b199b49faa5f0a2ee238a6bc", "cd63cb71954a9f4e48a5994e37a02baf"
FIRST = CardKeys("001010000000009", Secret.fromhex(K), Secret.fromhex(OPC))


def file(folder: Path, text: str) -> CardFile:
    path = folder / "cards"
    path.write_text(text, encoding="utf-8")
    return CardFile(path)


@pytest.mark.parametrize(
    "text",
    [
        f"IMSI,KI,OPC,PROFILE\n001010000000009,{K},{OPC},milenage\n\n001010000000010,{K},{OPC},milenage\n",
        f'"opc";"imsi";"k"\n{OPC};001010000000009;{K}\n{OPC};001010000000010;{K}',
        f"001010000000009 {K} {OPC} 8000 000000000000\n# no card\n001010000000010 {K} {OPC} 8000 000000000000\n",
        f"# hlr_auc_gw\n001010000000009 {K} {OPC}\n001010000000010 {K} {OPC}\n",
        f"\ufeffIMSI\tKi\tOPc\r\n001010000000009\t{K}\t{OPC}\r\n001010000000010\t{K}\t{OPC}\r\n",
    ],
    ids=["commas", "semicolons", "blanks", "comment first", "tabs"],
)
def test_file_of_any_usual_form_is_read(tmp_path: Path, text: str) -> None:
    cards = file(tmp_path, text)
    assert len(cards) == 2
    assert cards.card(0) == FIRST
    assert cards.card(1).imsi == "001010000000010"
    assert cards.card(0) == FIRST


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be read"),
        ("IMSI,KI,OPC\n", "holds no card"),
        ("IMSI,KI\n1,2\n", "has to name the columns"),
        ("IMSI,KI,OPC\n001010000000009,zz,00\n", "card 1 is not an IMSI with K and OPc"),
        (f"IMSI,KI,OPC\n001010000000009,{K},00\n", "do not have 16 octets"),
        (f"001010000000009 {K}\n", "card 1 is not an IMSI"),
    ],
)
def test_other_files_are_refused_without_a_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(LoadRefused, match=said) as refused:
        file(tmp_path, text)
    assert K not in str(refused.value)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadRefused, match="No such file"):
        CardFile(tmp_path / "none")


def test_range_counts_on_with_the_same_keys() -> None:
    cards = Range(FIRST, 3)
    assert [cards.card(number).imsi for number in range(len(cards))] == [f"0010100000000{n:02}" for n in (9, 10, 11)]
    assert cards.card(2).k == FIRST.k
    with pytest.raises(LoadRefused, match="no 10 IMSIs"):
        Range(CardKeys("999999999999999", FIRST.k, FIRST.opc), 10)


def test_processes_share_the_cards() -> None:
    shares = [Cards(Range(FIRST, 10), part, 3) for part in range(3)]
    assert [len(share) for share in shares] == [4, 3, 3]
    every = [share.card(number)[0] for share in shares for number in range(len(share))]
    assert sorted(every) == [f"0010100000000{n:02}" for n in range(9, 19)]


def test_functions_are_those_of_the_card_and_are_kept() -> None:
    cards = Cards(Range(FIRST))
    imsi, functions = cards.card(0)
    # TS 35.208 §4.3.3
    rand = bytes.fromhex("23553cbe9637a89d218ae64dae47bf35")
    assert (imsi, functions.f2345(rand)[0].hex()) == (FIRST.imsi, "a54211d5e3ba50bf")
    assert cards.card(0)[1] is functions
