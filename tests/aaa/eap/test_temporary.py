"""What a server has that gives out no temporary identities."""

from aaa.eap.temporary import NoTemporaryIdentities, Resumable
from tests.aaa.eap.dialogue import IMSI, RESUMABLE, keys_of
from wire.identity import EapMethod, classify


def test_server_without_temporary_identities_knows_and_gives_none() -> None:
    none = NoTemporaryIdentities()
    assert none.subscriber(classify("2pseudonym")) is None
    assert none.resume(classify("4once"), "WLAN") is None
    assert none.reveal(b"\0QUJD") is None
    assert none.next_identities(IMSI, RESUMABLE.keys, None) == (None, None)
    assert none.next_reauthentication(RESUMABLE, None) is None


def test_first_reauthentication_after_a_full_one_counts_one() -> None:
    keys = keys_of(EapMethod.AKA)
    assert (Resumable(IMSI, keys).counter, Resumable(IMSI, keys).since) == (1, None)
    assert keys.mk.hex() not in repr(Resumable(IMSI, keys))
