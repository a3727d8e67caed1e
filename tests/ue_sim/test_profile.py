"""UE profiles: those that come with Akadia, and a tester's own."""

from pathlib import Path

import pytest

from runtime.config import ConfigError
from tests.ue_sim.test_config import SECTION
from tests.ue_sim.test_config import read as read_ue
from ue_sim import profile
from ue_sim.profile import Profile
from wire.ikev2.proposal import describe
from wire.ikev2.proposal_text import parse_ike

HANDSETS = {
    "apple-att-us": ("AES_CBC_128 PRF_HMAC_SHA2_256 HMAC_SHA2_256_128 MODP_2048", 80_000),
    "apple-bell-ca": ("AES_CBC_256 PRF_HMAC_SHA2_256 HMAC_SHA2_256_128 MODP_2048", 80_000),
    "samsung-orange-fr": ("AES_CBC_256 PRF_HMAC_SHA2_256 HMAC_SHA2_256_128 MODP_2048", 28_800),
    "qualcomm-ct-cn": (
        "AES_CBC_256 AES_CBC_128 PRF_HMAC_SHA2_256 HMAC_SHA2_256_128 MODP_2048",
        64_800,
    ),
}


def test_every_profile_can_be_read_and_says_what_it_is() -> None:
    assert set(HANDSETS) < set(profile.names())
    for name in profile.names():
        found = profile.read(name)
        told = found.model_dump(exclude_none=True)
        assert len(told.keys() - {"description", "source", "without"}) > 0, name
        assert bool(found.source) == name.startswith(("apple", "samsung", "qualcomm")), name


@pytest.mark.parametrize("name", HANDSETS)
def test_handset_offers_what_was_seen_of_it(name: str) -> None:
    found = profile.read(name)
    (text,) = found.ike_proposals or ()
    assert (describe((parse_ike(text),)), found.ike_lifetime) == HANDSETS[name]


def test_profile_holds_whatever_the_section_says(tmp_path: Path) -> None:
    ue = read_ue(tmp_path, SECTION + 'profile = "impatient"\nlifetime = 600\nesn = false\nchild_lifetime = 900\n')
    found = profile.profiled(ue, tmp_path)
    assert (found.lifetime, found.give_up_after, found.child_lifetime) == (60, 5.0, 60)
    assert (found.esn, found.gateway_id) == (False, ue.gateway_id)
    assert (found.lifetimes.ike, found.lifetimes.child) == (120, 60)


def test_ue_without_a_profile_is_as_its_section_says(tmp_path: Path) -> None:
    ue = read_ue(tmp_path, SECTION)
    assert profile.profiled(ue, tmp_path) == ue


def test_file_of_ones_own_is_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('description = "mine"\nmobike = true\n')
    ue = read_ue(tmp_path, SECTION + 'profile = "mine.toml"\n')
    assert profile.profiled(ue, tmp_path).mobike
    assert profile.text_of("mine.toml", tmp_path).startswith("description")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("description = ", "UE profile mine.toml: "),
        ("esn = true\n", "UE profile mine.toml: description: Field required"),
        ('description = "x"\nage = 3\n', "UE profile mine.toml: age: Extra inputs"),
        ('description = "x"\nike_proposals = ["3des"]\n', "'3des' in '3des' is no transform"),
        ('description = "x"\nmethods = []\n', "UE profile mine.toml: methods"),
        ('description = "x"\nmethods = ["sim"]\n', "UE profile mine.toml: methods.0"),
        (None, "mine.toml: cannot be read: No such file or directory; name another file"),
    ],
)
def test_profile_that_cannot_be_is_said_in_one_line(tmp_path: Path, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        profile.read("mine.toml", tmp_path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["none", "../config", ""])
def test_name_of_no_profile_is_told_those_that_there_are(name: str) -> None:
    with pytest.raises(ConfigError, match=r"there is no UE profile .*; there are aka-prime-first, apple-att-us"):
        profile.read(name)


def test_key_that_a_profile_does_not_name_is_left(tmp_path: Path) -> None:
    ue = read_ue(tmp_path, SECTION)
    assert Profile(description="nothing").applied_to(ue) == ue
