"""The parts of a UE, and the nearest of their deadlines."""

from ipaddress import IPv4Address
from random import Random

from tests.aaa.memory_hss import IMSI, OPC, K
from tests.network import ue_settings
from ue_sim.parts import UeParts
from ue_sim.usim import SoftwareUsim
from wire.ikev2.nat import Endpoint


def test_parts_have_no_deadline_until_one_has() -> None:
    settings = ue_settings(IMSI, Endpoint(IPv4Address("192.0.2.10"), 4500))
    parts = UeParts(settings=settings, usim=SoftwareUsim(K, OPC), random=Random(1).randbytes)
    told = [parts.deadline]
    list(parts._finding.begin(7.0))
    told.append(parts.deadline)
    parts._begin_anew()
    told.append(parts.deadline)
    assert told == [None, 7.5, None]
