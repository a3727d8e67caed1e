"""AT_KDF negotiation and network names (RFC 9048 §3.1, §3.2)."""

import pytest

from ue_sim.eap.derivation import KdfAgreed, KdfRefused, KdfWanted, is_network_name, judge_kdfs


@pytest.mark.parametrize("kdfs", [(1,), (1, 2), (1, 7, 9)])
def test_peer_agrees_when_its_function_is_first(kdfs: tuple[int, ...]) -> None:
    assert judge_kdfs(kdfs, ()) == KdfAgreed()


def test_peer_wants_its_function_when_it_is_offered_later() -> None:
    assert judge_kdfs((2, 1), ()) == KdfWanted(1)


@pytest.mark.parametrize("kdfs", [(), (2,), (2, 3), (1, 1), (2, 1, 2)])
def test_peer_refuses_a_list_it_cannot_use(kdfs: tuple[int, ...]) -> None:
    assert isinstance(judge_kdfs(kdfs, ()), KdfRefused)


def test_peer_agrees_to_exactly_the_change_it_asked_for() -> None:
    assert judge_kdfs((1, 2, 1), (2, 1)) == KdfAgreed()


@pytest.mark.parametrize("kdfs", [(1,), (1, 2), (2, 1), (1, 1, 2), (1, 2, 1, 3)])
def test_peer_refuses_any_other_change(kdfs: tuple[int, ...]) -> None:
    assert isinstance(judge_kdfs(kdfs, (2, 1)), KdfRefused)


@pytest.mark.parametrize(
    ("received", "expected", "same"),
    [
        (b"WLAN", "WLAN", True),
        (b"WLAN", None, True),
        (b"", None, False),
        (b"", "WLAN", False),
        (b"HRPD", "WLAN", False),
        (b"WLAN:more", "WLAN", True),
        (b"WLAN", "WLAN:ours", True),
        (b"WLAN:a", "WLAN:b", False),
        (b"WLANX", "WLAN", False),
    ],
)
def test_names_are_compared_field_by_field(received: bytes, expected: str | None, same: bool) -> None:
    assert is_network_name(received, expected) is same
