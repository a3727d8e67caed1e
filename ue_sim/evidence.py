"""What an operator is shown of each step: names and values, never a key (TR 33.922 §7.3.5)."""

from collections.abc import Mapping

from ue_sim.connection import EapDone, TunnelReady
from ue_sim.discovery import Discovered
from ue_sim.mobility import Bound
from wire.identity import EapMethod
from wire.ikev2.algorithms import IkeSuite
from wire.ikev2.association import Association
from wire.ikev2.nat import Endpoint
from wire.mip6.binding_update import BindingUpdate
from wire.mip6.ipv6_options import LIFETIME_UNIT

_METHODS = {EapMethod.AKA: "EAP-AKA", EapMethod.AKA_PRIME: "EAP-AKA'", EapMethod.SIM: "EAP-SIM"}


def of_discovery(found: Discovered) -> dict[str, str]:
    """The name that was looked up, and the PDN GW's addresses."""
    return {"name": found.name, "home agent": str(found.ipv6), "PDN GW": str(found.ipv4)}


def of_suite(suite: IkeSuite) -> dict[str, str]:
    """The proposal that the PDN GW chose."""
    return {"proposal": str(suite)}


def of_eap(done: EapDone) -> dict[str, str]:
    """The EAP method and its Session-Id (RFC 5247 §1.4), and both ends' names."""
    return {
        "method": _METHODS[done.method],
        "Session-Id": done.session_id.hex(),
        "identity": done.identity,
        "gateway": done.gateway,
    }


def of_tunnel(ready: TunnelReady) -> dict[str, str]:
    """The SPIs of the security associations and what protects them."""
    mobility = {"Mobility Header": _spis(ready.transport)} if ready.transport else {}
    return mobility | {
        "tunnel": _spis(ready.tunnel),
        "algorithms": ready.tunnel.child.algorithms,
    }


def of_update(update: BindingUpdate, care_of: Endpoint) -> dict[str, str]:
    """What the Binding Update asks for."""
    return {
        "sequence": str(update.sequence),
        "Care-of Address": str(care_of.address),
        "lifetime asked": f"{update.lifetime * LIFETIME_UNIT} s",
    }


def of_binding(bound: Bound) -> dict[str, str]:
    """What the Binding Acknowledgement grants."""
    nat = {None: "not said", True: "detected", False: "none"}[bound.nat_detected]
    ipv4 = {} if bound.ipv4_home_address is None else {"IPv4 Home Address": str(bound.ipv4_home_address)}
    facts = {"status": "0 accepted", "sequence": str(bound.sequence), "lifetime": f"{bound.lifetime:.0f} s", "NAT": nat}
    return facts | ipv4


def _spis(association: Association) -> str:
    child = association.child
    return f"{child.mode.value} SPIs {child.spi_in:#010x} in, {child.spi_out:#010x} out"


def as_fields(evidence: Mapping[str, str]) -> dict[str, str]:
    """The same for a line of the log, whose names are in lower case and without blanks."""
    return {name.lower().replace(" ", "_").replace("-", "_"): value for name, value in evidence.items()}
