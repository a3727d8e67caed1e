"""Logins by identity: the share that showed an IMSI."""

from prometheus_client import REGISTRY

from aaa.metrics import count_login
from wire.identity import EapMethod, IdentityKind


def logins(identity: str, imsi: str) -> float:
    labels = {"method": "AKA", "identity": identity, "imsi": imsi}
    return REGISTRY.get_sample_value("akadia_aaa_logins_total", labels) or 0.0


def test_logins_are_counted_by_identity_and_by_what_was_shown() -> None:
    before = logins("pseudonym", "hidden"), logins("pseudonym", "shown"), logins("encrypted", "hidden")
    count_login(EapMethod.AKA, IdentityKind.PSEUDONYM, imsi_shown=False)
    count_login(EapMethod.AKA, IdentityKind.PSEUDONYM, imsi_shown=False)
    count_login(EapMethod.AKA, IdentityKind.PSEUDONYM, imsi_shown=True)
    count_login(EapMethod.AKA, IdentityKind.ENCRYPTED, imsi_shown=False)
    after = logins("pseudonym", "hidden"), logins("pseudonym", "shown"), logins("encrypted", "hidden")
    assert [b - a for a, b in zip(before, after, strict=True)] == [2, 1, 1]
