"""[aaa] as an operator writes it."""

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from aaa.config import AaaSettings, read_settings
from runtime.config import ConfigError, read_config
from wire.identity import EapMethod

GOOD = """
[aaa]
origin_host = "aaa.example"
origin_realm = "example"
hss = "swx"
result_ind = true
hss_limit = 3
[aaa.swx]
hss = "127.0.0.2:3868"
hss_origin_host = "hss.example"
hss_realm = "example"
[aaa.radius]
auth = "127.0.0.3:1812"
[aaa.diameter]
address = "127.0.0.3:3868"
"""


def read(folder: Path, text: str) -> AaaSettings:
    path = folder / "akadia.toml"
    path.write_text(text, encoding="utf-8")
    return read_settings(read_config(path))


def test_settings_hold_every_section(tmp_path: Path) -> None:
    settings = read(tmp_path, GOOD)
    assert settings.aaa.origin_host == "aaa.example"
    assert settings.swx is not None
    assert settings.swx.hss == ("127.0.0.2", 3868)
    assert settings.swx.local is None
    assert settings.radius is not None
    assert settings.diameter is not None
    policy = settings.aaa.policy
    assert (policy.result_ind, policy.always_ask_identity, policy.hss_limit) == (True, False, 3.0)
    assert policy.network_name is None


@pytest.mark.parametrize(("written", "read_as"), [("", None), ("127.0.0.3", IPv4Address("127.0.0.3"))])
def test_settings_say_whence_the_hss_is_asked(tmp_path: Path, written: str, read_as: IPv4Address | None) -> None:
    settings = read(tmp_path, GOOD.replace("[aaa.swx]", f'[aaa.swx]\nlocal = "{written}"'))
    assert settings.swx is not None
    assert settings.swx.local == read_as


def test_settings_with_a_local_hss_read_no_swx(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD.replace('"swx"', '"local"')).swx is None


def test_settings_need_no_more_than_one_front(tmp_path: Path) -> None:
    settings = read(tmp_path, GOOD.replace('[aaa.radius]\nauth = "127.0.0.3:1812"\n', ""))
    assert settings.radius is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (GOOD.split("[aaa.radius]", maxsplit=1)[0], r"add \[aaa.radius\] or \[aaa.diameter\]"),
        (GOOD.replace('hss = "swx"', 'hss = "s6a"'), "aaa.hss"),
        (GOOD.replace("[aaa.swx]", "[aaa.swy]"), r"section \[aaa.swx\] is missing"),
        (GOOD.replace("[aaa.swx]", '[aaa.swx]\nlocal = "aaa.example"'), "aaa.swx.local"),
        (GOOD.replace("hss_limit = 3", "hss_limit = 0"), "aaa.hss_limit"),
        (GOOD.replace('origin_realm = "example"', "", 1), "aaa.origin_realm"),
    ],
)
def test_settings_complain_in_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint) as caught:
        read(tmp_path, text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "first", "second"),
    [
        ('acct = "127.0.0.3:1812"\n', "aaa.radius.auth", "aaa.radius.acct"),
        ('more_auth = ["[::1]:1812", "127.0.0.3:1812"]\n', "aaa.radius.auth", "aaa.radius.more_auth"),
        (
            '[aaa.radius.radsec]\naddress = "127.0.0.3:3868"\ncertificate = "a.pem"\nkey = "a.key"\nca = "ca.pem"\n',
            "aaa.radius.radsec.address",
            "aaa.diameter.address",
        ),
    ],
)
def test_two_fronts_at_one_address_are_refused(tmp_path: Path, written: str, first: str, second: str) -> None:
    text = GOOD.replace("[aaa.diameter]", f"{written}[aaa.diameter]")
    with pytest.raises(ConfigError, match=rf"{first} and {second} are both 127\.0\.0\.3:[0-9]+; give each its own"):
        read(tmp_path, text)


def test_addresses_of_any_port_are_not_one(tmp_path: Path) -> None:
    read(
        tmp_path,
        GOOD.replace("127.0.0.3:1812", "127.0.0.3:0").replace("[aaa.diameter]", 'acct = "127.0.0.3:0"\n[aaa.diameter]'),
    )


def test_settings_say_which_methods_are_offered_first(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD).aaa.policy.allowed == (EapMethod.AKA_PRIME, EapMethod.AKA)
    settings = read(tmp_path, GOOD.replace("hss_limit = 3", 'hss_limit = 3\nmethods = ["aka"]'))
    assert settings.aaa.policy.allowed == (EapMethod.AKA,)
    for wrong in ("[]", '["md5"]'):
        with pytest.raises(ConfigError, match=r"aaa\.methods"):
            read(tmp_path, GOOD.replace("hss_limit = 3", f"methods = {wrong}"))


def test_settings_hold_identities_and_the_home_realm_where_the_file_has_them(tmp_path: Path) -> None:
    settings = read(tmp_path, GOOD)
    assert (settings.identities, settings.home_realm) == (None, "")
    network = '[network]\nmcc = "001"\nmnc = "01"\nrealm = "epc.example"\napn = "internet"\n'
    settings = read(tmp_path, GOOD + "[aaa.identities]\nreauthentications = 3\n" + network)
    assert settings.identities is not None
    assert settings.identities.reauthentications == 3
    assert settings.home_realm == "nai.epc.mnc001.mcc001.3gppnetwork.org"
