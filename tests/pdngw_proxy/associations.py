"""Both ends of a Child SA without IKE: keys that both know, selectors as wide or narrow as a test wants them."""

from ipaddress import IPv6Address, IPv6Network

from wire.ciphers import AES_GCM_16_256, keymat_octets
from wire.ikev2.algorithms import EspSuite
from wire.ikev2.association import Association
from wire.ikev2.child import Mode, child_sa
from wire.ikev2.keys import ChildKeys
from wire.ikev2.selectors import TrafficSelector
from wire.secret import Secret

EVERYWHERE = (TrafficSelector.network(IPv6Network("::/0")),)
_SUITE = EspSuite(AES_GCM_16_256, None, esn=True)
_OCTETS = keymat_octets(_SUITE.encryption, None)
_KEYS = ChildKeys(Secret(bytes(range(1, _OCTETS + 1))), Secret(bytes(range(101, _OCTETS + 101))))


def pair(home_address: IPv6Address, mode: Mode, spi: int, *, wide: bool = False) -> tuple[Association, Association]:
    """The gateway's end, whose inbound SPI is `spi`, and the UE's, whose is one more.

    With `wide` the gateway's selectors leave out nothing; the UE's never do.
    """
    spi_gateway, spi_ue = spi.to_bytes(4, "big"), (spi + 1).to_bytes(4, "big")
    remote = EVERYWHERE if wide else (TrafficSelector.address(home_address),)
    gateway = child_sa(
        _SUITE, _KEYS, mode=mode, spi_in=spi_gateway, spi_out=spi_ue, local=EVERYWHERE, remote=remote, initiator=False
    )
    ue = child_sa(
        _SUITE,
        _KEYS,
        mode=mode,
        spi_in=spi_ue,
        spi_out=spi_gateway,
        local=EVERYWHERE,
        remote=EVERYWHERE,
        initiator=True,
    )
    return Association(gateway, home_address, random=bytes), Association(ue, home_address, random=bytes)
