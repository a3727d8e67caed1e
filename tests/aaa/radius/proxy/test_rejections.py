from structlog.testing import capture_logs

from aaa.metrics import REJECTIONS
from aaa.radius.proxy.rejections import RejectedUnheard, Rejections
from tests.aaa.radius.samples import CLIENT, asked
from wire.radius.codec import parse_packet
from wire.radius.packet import Attribute

PACKET = parse_packet(asked(Attribute.of("Acct-Session-Id", "0001")))


def test_rejection_is_said_and_kept() -> None:
    kept: list[RejectedUnheard] = []

    def keep(one: RejectedUnheard) -> str:
        kept.append(one)
        return "a0dda203"

    before = REJECTIONS.value("radius", "lab", "", "rejected_by_realm")
    with capture_logs() as lines:
        Rejections(keep).tell(PACKET, CLIENT, "example.org", "Access-Reject of a")
        Rejections().tell(PACKET, CLIENT, "example.org", "DEA 5003", "aaa;1;2")
    cause = "rejected by realm example.org"
    assert kept == [RejectedUnheard("lab", cause, "Access-Reject of a", "0001010000000001", "0001")]
    assert [(line["event"], line["session"], line.get("explain")) for line in lines] == [
        ("access rejected", "0001", "a0dda203"),
        ("access rejected", "aaa;1;2", None),
    ]
    assert REJECTIONS.value("radius", "lab", "", "rejected_by_realm") == before + 2
