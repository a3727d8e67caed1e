"""The network's half of an EAP-AKA exchange, just enough of it to challenge a peer in every way, right and wrong."""

from dataclasses import dataclass, field

from wire.aka.milenage import Milenage
from wire.aka.prime import derive_prime
from wire.aka.sqn import conceal, join_sqn
from wire.aka.vector import Autn
from wire.eap.aka import AkaMessage
from wire.eap.aka_keys import Keys, derive_keys
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import Subtype
from wire.eap.packet import EapCode
from wire.identity import EapMethod
from wire.secret import Secret

K = Secret(bytes(range(16)))
OPC = Secret(bytes(range(16, 32)))
RAND = bytes(range(32, 48))


@dataclass(slots=True)
class NetworkSide:
    """A network that knows one subscriber; `seq` counts its challenges."""

    method: EapMethod
    identity: bytes
    network_name: bytes = b"WLAN"
    amf: bytes = b"\x80\x00"
    seq: int = 0
    identifier: int = 100
    autn: bytes = b""
    keys: Keys = field(init=False)

    def request(self, subtype: Subtype, *items: Attribute, k_aut: Secret | None = None) -> bytes:
        """Any request, with a new Identifier."""
        self.identifier += 1
        message = AkaMessage(EapCode.REQUEST, self.identifier, self.method, subtype, Attributes(items))
        return message.build(k_aut)

    def ask(self, kind: At) -> bytes:
        """AKA-Identity."""
        return self.request(Subtype.IDENTITY, Attribute(kind))

    def challenge(self, *more: Attribute, kdfs: tuple[int, ...] = (1,), fresh: bool = True) -> bytes:
        """AKA-Challenge with AT_KDF and AT_KDF_INPUT where the method has them, and `more`."""
        self.seq += fresh
        sqn = join_sqn(self.seq, 0)
        mac_a, _, ck, ik, ak = Milenage(K, OPC).vector(RAND, sqn.to_bytes(6, "big"), self.amf)
        self.autn = Autn(conceal(sqn, ak), self.amf, mac_a).build()
        items = [Attribute(At.RAND, RAND), Attribute(At.AUTN, self.autn)]
        if self.method is EapMethod.AKA_PRIME:
            ck, ik = derive_prime(ck, ik, self.network_name, self.autn[:6])
            items += [Attribute.number(At.KDF, kdf) for kdf in kdfs]
            items.append(Attribute(At.KDF_INPUT, self.network_name))
        self.keys = derive_keys(self.method, self.identity, ck, ik)
        return self.request(Subtype.CHALLENGE, *items, *more, k_aut=self.keys.k_aut)

    def notify(self, code: int, *, protected: bool = True) -> bytes:
        """AKA-Notification."""
        number = Attribute.number(At.NOTIFICATION, code)
        return self.request(Subtype.NOTIFICATION, number, k_aut=self.keys.k_aut if protected else None)
