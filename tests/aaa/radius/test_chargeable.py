"""A user has one name at one client, another at another, and whoever has the key knows whose it is."""

from pathlib import Path

import pytest

from aaa.radius.chargeable import CUI_LENGTH, Chargeable, wants_cui
from aaa.radius.config import RadiusConfig
from runtime.config import SocketAddress
from tests.aaa.radius.samples import asked
from wire.identity import Imsi
from wire.radius.codec import parse_packet
from wire.radius.packet import Attribute
from wire.secret import Secret

IMSI, OTHER = Imsi("001010000000001"), Imsi("001010000000002")
OURS = Chargeable(Secret(b"a key of the test"))


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
    config = RadiusConfig(auth=SocketAddress("127.0.0.1", 0))
    assert Chargeable.of(config) is None
    made = Chargeable.of(config.model_copy(update={"cui_key": file}))
    assert made is not None
    assert made.name("lab", IMSI) == OURS.name("lab", IMSI)


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
