"""A user has one name at one client, another at another, and whoever has the key knows whose it is."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from aaa.radius.chargeable import CUI_LENGTH, Chargeable, wants_cui
from aaa.radius.config import RadiusConfig
from runtime.config import ConfigError, SocketAddress
from tests.aaa.radius.samples import asked
from wire.identity import Imsi
from wire.radius.codec import parse_packet
from wire.radius.packet import Attribute
from wire.secret import Secret

IMSI, OTHER = Imsi("001010000000001"), Imsi("001010000000002")
OURS, OTHERS = Chargeable(Secret(b"a key of the test")), Chargeable(Secret(b"another"))
AUTH = SocketAddress("127.0.0.1", 0)


def config(cui_key: str | list[str]) -> RadiusConfig:
    return RadiusConfig.model_validate({"auth": "127.0.0.1:0", "cui_key": cui_key})


def test_name_is_the_same_each_time_and_not_for_everybody() -> None:
    name = OURS.name("lab", IMSI)
    assert len(name) == CUI_LENGTH
    assert Chargeable(Secret(b"a key of the test")).name("lab", IMSI) == name
    assert len({name, OURS.name("lab", OTHER), OURS.name("hotspot", IMSI)}) == 3
    assert Chargeable(Secret(b"another")).name("lab", IMSI) != name
    assert IMSI.digits.encode() not in name


def test_key_is_in_the_file_that_the_configuration_names(tmp_path: Path) -> None:
    file = tmp_path / "cui.key"
    file.write_bytes(b"a key of the test\n")
    file.chmod(0o600)
    older = tmp_path / "older.key"
    older.write_bytes(b"another")
    older.chmod(0o600)
    assert Chargeable.of(RadiusConfig(auth=AUTH)) is None
    assert Chargeable.of(config("")) is None
    assert Chargeable.of(config([])) is None
    for named in (str(file), [str(file)], [str(file), str(older)]):
        made = Chargeable.of(config(named))
        assert made is not None
        assert made.name("lab", IMSI) == OURS.name("lab", IMSI)
        opens = isinstance(named, list) and len(named) == 2
        assert (made.whose("lab", OTHERS.name("lab", IMSI).decode()) == IMSI) is opens


def test_key_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    file = tmp_path / "cui.key"
    file.write_bytes(b"a key of the test\n")
    file.chmod(0o600)
    gone = config([str(file), str(tmp_path / "gone.key")])
    with pytest.raises(ConfigError, match=r"gone\.key: cannot be read"):
        Chargeable.of(gone)
    with pytest.raises(ValidationError, match="names no file"):
        config([str(file), ""])


def test_key_that_was_changed_names_users_anew_and_old_names_stay_readable() -> None:
    both = Chargeable(Secret(b"another"), Secret(b"a key of the test"))
    assert both.name("lab", IMSI) == OTHERS.name("lab", IMSI)
    for one in (OURS, OTHERS):
        assert both.whose("lab", one.name("lab", IMSI).decode()) == IMSI
        assert both.whose("hotspot", one.name("lab", IMSI).decode()) is None
    assert both.whose("lab", Chargeable(Secret(b"a third")).name("lab", IMSI).decode()) is None


def test_session_that_goes_on_keeps_its_name_across_keys() -> None:
    both = Chargeable(Secret(b"another"), Secret(b"a key of the test"))
    old, new = OURS.name("lab", IMSI), OTHERS.name("lab", IMSI)
    assert both.name("lab", IMSI, old) == old
    for told in (b"\0", b"", new, OURS.name("lab", OTHER), OURS.name("hotspot", IMSI), old[:-1], b"\xff" * CUI_LENGTH):
        assert both.name("lab", IMSI, told) == new
    # a key that is in the list no more names nobody
    assert OTHERS.name("lab", IMSI, old) == new


@pytest.mark.parametrize("imsi", [IMSI, Imsi("310150123456"), Imsi("999999")])
def test_key_says_whose_it_is(imsi: Imsi) -> None:
    assert OURS.whose("lab", OURS.name("lab", imsi).decode()) == imsi


@pytest.mark.parametrize(
    "cui",
    [
        OURS.name("hotspot", IMSI).decode(),
        Chargeable(Secret(b"another")).name("lab", IMSI).decode(),
        OURS.name("lab", IMSI).decode()[:-1] + "!",
        OURS.name("lab", IMSI).decode()[:-4],
        "",
        "ü" * CUI_LENGTH,
        "\0",
    ],
)
def test_what_was_not_told_to_this_client_is_nobody(cui: str) -> None:
    assert OURS.whose("lab", cui) is None


@pytest.mark.parametrize("value", [b"\0", b"what it was told before"])
def test_client_asks_by_nul_or_by_what_it_was_told(value: bytes) -> None:
    assert wants_cui(parse_packet(asked(Attribute.of("Chargeable-User-Identity", value))))
    assert not wants_cui(parse_packet(asked()))
