"""What a client is told of the user, by what the user showed and whether the client may know more."""

import pytest

from aaa.eap.events import Succeeded
from aaa.messages import AccessRequest, Client
from aaa.names import user_name
from tests.aaa.eap.dialogue import AKA_IDENTITY, GRANT, IMSI, REALM
from wire.identity import EapMethod, IdentityKind
from wire.secret import Secret

PERMANENT = AKA_IDENTITY.decode()
OUTER = f"anonymous@{REALM}"
HOME = "nai.epc.mnc015.mcc234.3gppnetwork.org"


def named(identity: str, kind: IdentityKind, *, show: bool, shown: bool = False, home: str = HOME) -> str:
    over = Succeeded(b"", Secret(bytes(64)), b"", IMSI, identity.encode(), EapMethod.AKA, GRANT, kind, imsi_shown=shown)
    return user_name(over, AccessRequest(Client("ap", show_imsi=show), b"", user_name=OUTER), home)


@pytest.mark.parametrize(
    ("identity", "kind", "shown", "open_name", "hidden_name"),
    [
        (PERMANENT, IdentityKind.PERMANENT, True, PERMANENT, PERMANENT),
        (PERMANENT, IdentityKind.ENCRYPTED, False, PERMANENT, OUTER),
        (f"2p@{REALM}", IdentityKind.PSEUDONYM, False, f"0{IMSI}@{HOME}", f"2p@{REALM}"),
        (f"2p@{REALM}", IdentityKind.PSEUDONYM, True, f"0{IMSI}@{HOME}", f"0{IMSI}@{HOME}"),
        ("4once", IdentityKind.REAUTHENTICATION, False, f"0{IMSI}@{HOME}", "4once"),
    ],
)
def test_client_is_told_what_it_may_know(
    identity: str, kind: IdentityKind, shown: bool, open_name: str, hidden_name: str
) -> None:
    assert named(identity, kind, show=True, shown=shown) == open_name
    assert named(identity, kind, show=False, shown=shown) == hidden_name


def test_realm_is_the_shown_one_where_none_is_configured() -> None:
    assert named("2p@realm.example", IdentityKind.PSEUDONYM, show=True, home="") == f"0{IMSI}@realm.example"
    assert named("4once", IdentityKind.REAUTHENTICATION, show=True, home="") == f"0{IMSI}"
