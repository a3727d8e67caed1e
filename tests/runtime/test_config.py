"""The configuration file: what it means, and what it says when it is wrong."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path

import pytest
from pydantic import Field

from runtime.config import (
    CONFIG_FD,
    CaptureConfig,
    ConfigError,
    ConfigPath,
    LogConfig,
    NetworkConfig,
    OptionalAddress,
    PeerConfig,
    RawConfig,
    Section,
    SocketAddress,
    read_config,
)


class RadiusConfig(Section):
    auth: SocketAddress = Field(description='an address such as "127.0.0.1:1812"')
    retries: int = 3
    secret_file: ConfigPath = Path("radius.secret")


class OwnConfig(Section):
    local: OptionalAddress = None


class HssConfig(Section):
    origin_host: str
    peer: tuple[PeerConfig, ...] = ()


def config(folder: Path, text: str) -> RawConfig:
    path = folder / "akadia.toml"
    path.write_text(text)
    return read_config(path)


NETWORK = '[network]\nmcc = "001"\nmnc = "01"\nrealm = "epc.mnc001.mcc001.3gppnetwork.org"\napn = "internet"\n'

PEER = (
    '[hss]\norigin_host = "hss.example"\n[[hss.peer]]\nname = "aaa"\norigin_host = "aaa.example"\n'
    'origin_realm = "example"\naddresses = ["127.0.0.0/8", "::1/128"]\napplications = ["swx"]\n'
)


def test_reader_reads_a_section(tmp_path: Path) -> None:
    network = config(tmp_path, NETWORK).section("network", NetworkConfig)
    assert (network.mcc, network.mnc, network.apn) == ("001", "01", "internet")


def test_reader_gives_defaults_for_a_missing_section(tmp_path: Path) -> None:
    raw = config(tmp_path, "")
    assert raw.section("log", LogConfig) == LogConfig(level="info", format="text")
    assert raw.optional("log", LogConfig) is None


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("", None), ("127.0.0.3", IPv4Address("127.0.0.3")), ("::1", IPv6Address("::1"))],
)
def test_reader_reads_an_address_or_none(
    tmp_path: Path, written: str, read_as: IPv4Address | IPv6Address | None
) -> None:
    assert config(tmp_path, f'[own]\nlocal = "{written}"\n').section("own", OwnConfig).local == read_as
    assert config(tmp_path, "[own]\n").section("own", OwnConfig).local is None


def test_reader_says_what_an_address_is(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config(tmp_path, '[own]\nlocal = "aaa.example"\n').section("own", OwnConfig)
    said = "own.local: 'aaa.example' does not appear to be an IPv4 or IPv6 address; write an address such as"
    assert said in str(caught.value)


def test_reader_reads_a_section_within_a_section(tmp_path: Path) -> None:
    raw = config(tmp_path, '[aaa]\norigin_host = "x"\n[aaa.radius]\nauth = "127.1.2.3:1812"\n')
    assert raw.section("aaa.radius", RadiusConfig).auth == ("127.1.2.3", 1812)
    assert raw.section("aaa", HssConfig).origin_host == "x"
    assert raw.optional("aaa.radius", RadiusConfig) is not None


def test_reader_reads_peers(tmp_path: Path) -> None:
    (peer,) = config(tmp_path, PEER).section("hss", HssConfig).peer
    assert peer.addresses == (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
    assert peer.applications == ("swx",)


def test_path_is_relative_to_the_file(tmp_path: Path) -> None:
    raw = config(tmp_path, '[r]\nauth = "h:1"\nsecret_file = "pki/s"\n[capture]\nfolder = ""\n')
    assert raw.section("r", RadiusConfig).secret_file == tmp_path / "pki/s"
    assert raw.section("capture", CaptureConfig).folder is None


def test_absolute_path_stays(tmp_path: Path) -> None:
    raw = config(tmp_path, '[capture]\nfolder = "/var/capture"\n')
    assert raw.section("capture", CaptureConfig).folder == Path("/var/capture")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[r]\n", "r.auth: is missing; write an address"),
        ('[r]\nauth = "localhost"\n', "r.auth: 'localhost' is not an address; write \"host:port\""),
        ("[r]\nauth = 1812\n", "r.auth: 1812 is not an address"),
        ('[r]\nauth = "h:1"\nretires = 4\n', "r.retires: nothing reads this key; did you mean retries?"),
        ('[r]\nauth = "h:1"\nretries = "many"\n', "r.retries: 'many': input should be a valid integer"),
        ("", "section [r] is missing; add it with auth"),
        ("r = 5\n", "r is a value; write a table [r]"),
    ],
)
def test_error_names_the_key_and_what_to_write(tmp_path: Path, text: str, said: str) -> None:
    raw = config(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        raw.section("r", RadiusConfig)
    assert str(caught.value).startswith(f"{tmp_path}/akadia.toml: {said}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            'addresses = ["127.0.0.0/8", "::1/128"]|addresses = ["127.0.0.0/99"]',
            "hss.peer.0.addresses.0: '127.0.0.0/99' does not appear to be an IPv4 or IPv6 network; write",
        ),
        ('origin_realm = "example"|origin_relam = "example"', "hss.peer.0.origin_realm: is missing"),
        ('"aaa.example"|"aaa..example"', "hss.peer.0.origin_host: 'aaa..example' is no Diameter identity; write"),
        ('"aaa.example"|"aaa.exämple"', "hss.peer.0.origin_host: 'aaa.exämple' is no Diameter identity; write"),
        ('"aaa.example"|"aaa.example "', "hss.peer.0.origin_host: 'aaa.example ' is no Diameter identity; write"),
        ('"example"|""', "hss.peer.0.origin_realm: '' is no Diameter identity; write"),
        ('"example"|"example\\n"', "hss.peer.0.origin_realm: 'example\\n' is no Diameter identity; write"),
        ('applications = ["swx"]|applications = ["swx"]\nextra = 1', "hss.peer.0.extra: nothing reads this key"),
        ("addresses = [|addresses = []\naddressess = [", "hss.peer.0.addresses: []: tuple should have at least 1 item"),
    ],
)
def test_error_finds_its_way_into_a_list(tmp_path: Path, wrong: str, said: str) -> None:
    old, new = wrong.split("|")
    raw = config(tmp_path, PEER.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        raw.section("hss", HssConfig)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no such file; name one with --config or make one: akadia init DIR"),
        (b"[network\n", "is not TOML: "),
        (b"\xff", "is not UTF-8 at octet 0"),
    ],
)
def test_reader_says_why_a_file_cannot_be_read(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "akadia.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        read_config(path)


def test_file_that_is_inherited_is_read_instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "akadia.toml"
    with (tmp_path / "inherited").open("w+b") as inherited:
        inherited.write(NETWORK.encode())
        inherited.flush()
        monkeypatch.setenv(CONFIG_FD, str(inherited.fileno()))
        for _ in range(2):
            raw = read_config(path)
            assert (raw.path, raw.sections(), raw.octets) == (path, ("network",), NETWORK.encode())


def test_reader_says_that_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_config(tmp_path)


def test_unread_section_is_an_error(tmp_path: Path) -> None:
    raw = config(tmp_path, NETWORK + "[netwrk]\n[aaa.radius]\n")
    assert raw.sections() == ("network", "netwrk", "aaa", "aaa.radius")
    raw.require_known(frozenset(raw.sections()))
    with pytest.raises(ConfigError, match=r"nothing reads section \[netwrk\]; did you mean network\?"):
        raw.require_known(frozenset({"network", "aaa", "aaa.radius"}))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("workers = 2\n", r"nothing reads workers, which is in no section; there are network"),
        ('[[networks]]\nmcc = "001"\n', r"nothing reads \[\[networks\]\]; did you mean network\?"),
    ],
)
def test_what_is_in_no_section_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        config(tmp_path, text + NETWORK).require_known(frozenset({"network"}))


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("127.0.0.1:1812", ("127.0.0.1", 1812)),
        ("[::1]:3868", ("::1", 3868)),
        ("[fe80::1%eth0]:5", ("fe80::1%eth0", 5)),
        ("hss.example.org:0", ("hss.example.org", 0)),
    ],
)
def test_address_is_read_and_written_back(text: str, pair: tuple[str, int]) -> None:
    address = SocketAddress.from_text(text)
    assert address == pair
    assert str(address) == text


@pytest.mark.parametrize(
    "text", ["", "host", ":80", "::1:80", "host:", "host:65536", "host:-1", "host:٣", "[v4]:80", "[::1]"]
)
def test_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write"):
        SocketAddress.from_text(text)


def test_section_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        LogConfig().level = "debug"
