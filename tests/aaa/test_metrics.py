"""Logins by identity: the share that showed an IMSI."""

from aaa.metrics import LOGINS, count_login
from wire.identity import EapMethod, IdentityKind


def logins(identity: str, imsi: str) -> float:
    return LOGINS.value("AKA", identity, imsi)


def test_logins_are_counted_by_identity_and_by_what_was_shown() -> None:
    before = logins("pseudonym", "hidden"), logins("pseudonym", "shown"), logins("encrypted", "hidden")
    count_login(EapMethod.AKA, IdentityKind.PSEUDONYM, imsi_shown=False)
    count_login(EapMethod.AKA, IdentityKind.PSEUDONYM, imsi_shown=False)
    count_login(EapMethod.AKA, IdentityKind.PSEUDONYM, imsi_shown=True)
    count_login(EapMethod.AKA, IdentityKind.ENCRYPTED, imsi_shown=False)
    after = logins("pseudonym", "hidden"), logins("pseudonym", "shown"), logins("encrypted", "hidden")
    assert [b - a for a, b in zip(before, after, strict=True)] == [2, 1, 1]
