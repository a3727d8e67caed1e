"""Captures: what daemons carried, as packets; and one file out of many."""

import io
import stat
import subprocess
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from runtime import capture as capture_module
from runtime import pcapng
from runtime.capture import Capture, NullCapture, merge, open_capture
from runtime.frames import udp_packet
from wire.errors import DecodeError

UE, GATEWAY, AAA = ("127.1.2.10", 40000), ("127.1.2.4", 4500), ("127.1.2.3", 3868)
CLIENT = ("127.1.2.4", 50000)


def ticking(start: int = 1) -> Callable[[], int]:
    return count(start).__next__


def packets(stream: io.BytesIO) -> list[bytes]:
    return [packet.octets for packet in pcapng.parse(stream.getvalue())]


def tcp_fields(packet: bytes) -> tuple[int, int, int, bytes]:
    header = 20 + (packet[32] >> 4) * 4
    return int.from_bytes(packet[24:28]), int.from_bytes(packet[28:32]), packet[33], packet[header:]


def test_capture_writes_a_datagram() -> None:
    stream = io.BytesIO()
    Capture(stream, "pdngw", ticking(5)).udp(source=UE, destination=GATEWAY, payload=b"ike")
    (packet,) = pcapng.parse(stream.getvalue())
    assert packet == pcapng.Packet(5, "pdngw", udp_packet(UE, GATEWAY, b"ike"))


def test_capture_opens_a_connection_before_its_first_octets() -> None:
    stream = io.BytesIO()
    tap = Capture(stream, "aaa", ticking())
    tap.tcp(source=CLIENT, destination=AAA, payload=b"CER")
    tap.tcp(source=AAA, destination=CLIENT, payload=b"CEA!")
    tap.tcp(source=CLIENT, destination=AAA, payload=b"DER")
    syn, syn_ack, ack, push = 0x02, 0x12, 0x10, 0x18
    assert [tcp_fields(packet) for packet in packets(stream)] == [
        (0, 0, syn, b""),
        (0, 1, syn_ack, b""),
        (1, 1, ack, b""),
        (1, 1, push, b"CER"),
        (1, 4, push, b"CEA!"),
        (4, 5, push, b"DER"),
    ]


def test_capture_cuts_a_long_stretch_into_segments() -> None:
    stream = io.BytesIO()
    Capture(stream, "aaa", ticking()).tcp(source=CLIENT, destination=AAA, payload=bytes(100_000))
    segments = [tcp_fields(packet) for packet in packets(stream)][3:]
    assert [len(payload) for _, _, _, payload in segments] == [32768, 32768, 32768, 1696]
    assert [sequence for sequence, _, _, _ in segments] == [1, 32769, 65537, 98305]


def test_capture_forgets_the_connection_idle_for_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture_module, "MAX_CONNECTIONS", 2)
    stream = io.BytesIO()
    tap = Capture(stream, "aaa", ticking())
    for port in (1, 2, 1, 3, 1, 2):
        tap.tcp(source=("127.1.2.4", port), destination=AAA, payload=b"x")
    opened = [packet[21] for packet in packets(stream) if packet[33] == 0x02]
    assert opened == [1, 2, 3, 2]


def test_full_disk_ends_the_capture_and_not_the_service() -> None:
    class Full(io.BytesIO):
        room = 1

        def write(self, _octets: object) -> int:
            self.room -= 1
            if self.room < 0:
                raise OSError(28, "No space left on device")
            return 0

    tap = Capture(Full(), "aaa", ticking())
    with capture_logs() as entries:
        tap.udp(source=UE, destination=GATEWAY, payload=b"1")
        tap.udp(source=UE, destination=GATEWAY, payload=b"2")
    assert [(entry["event"], entry["cause"]) for entry in entries] == [("capture ended", "No space left on device")]


def test_capture_opens_a_file_that_its_owner_alone_reads(tmp_path: Path) -> None:
    tap = open_capture(tmp_path / "capture", "aaa", ticking())
    tap.udp(source=UE, destination=GATEWAY, payload=b"ike")
    path = tmp_path / "capture" / "aaa.pcapng"
    assert len(pcapng.parse(path.read_bytes())) == 1
    tap.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_folder_means_no_capture() -> None:
    assert isinstance(open_capture(None, "aaa"), NullCapture)
    open_capture(None, "aaa").close()


def two_captures(folder: Path) -> list[Path]:
    """The gateway saw everything; the AAA server saw its own conversation, less its first message."""
    gateway, aaa = open_capture(folder, "pdngw", ticking(1000)), open_capture(folder, "aaa", ticking(500))
    gateway.udp(source=UE, destination=GATEWAY, payload=b"IKE_SA_INIT")
    gateway.tcp(source=CLIENT, destination=AAA, payload=b"DER")
    gateway.tcp(source=AAA, destination=CLIENT, payload=b"DEA")
    aaa.tcp(source=AAA, destination=CLIENT, payload=b"DEA")
    aaa.udp(source=("127.1.2.3", 1812), destination=("127.1.2.9", 999), payload=b"Reject")
    for tap in (gateway, aaa):
        tap.close()
    return [folder / "pdngw.pcapng", folder / "aaa.pcapng"]


def test_merge_orders_by_time_and_takes_each_conversation_once(tmp_path: Path) -> None:
    files = two_captures(tmp_path)
    out = tmp_path / "all.pcapng"
    assert merge(files, out) == 7
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    merged = pcapng.parse(out.read_bytes())
    assert [(packet.interface, packet.octets[28:] if packet.octets[9] == 17 else b"") for packet in merged] == [
        ("aaa", b"Reject"),
        ("pdngw", b"IKE_SA_INIT"),
        *[("pdngw", b"")] * 5,
    ]
    assert [packet.time for packet in merged] == sorted(packet.time for packet in merged)


def test_merge_refuses_a_file_that_is_no_capture(tmp_path: Path) -> None:
    (tmp_path / "x.pcapng").write_bytes(b"this is not a capture file")
    with pytest.raises(DecodeError):
        merge([tmp_path / "x.pcapng"], tmp_path / "out.pcapng")


@pytest.mark.interop
def test_tshark_finds_no_fault_in_a_merged_capture(tmp_path: Path, foreign_peer: Callable[[str], str]) -> None:
    tshark = foreign_peer("tshark")
    out = tmp_path / "all.pcapng"
    tap = open_capture(tmp_path, "pdngw", ticking(1_700_000_000_000_000_000))
    for number in range(40):
        tap.tcp(source=UE, destination=AAA, payload=bytes([number]) * 9000)
    tap.tcp(source=AAA, destination=UE, payload=b"done")
    tap.tcp(source=("2001:db8::1", 9), destination=("2001:db8::2", 10), payload=b"six")
    tap.udp(source=("2001:db8::1", 9), destination=("2001:db8::2", 10), payload=b"six")
    tap.close()
    merge([*two_captures(tmp_path / "two"), tmp_path / "pdngw.pcapng"], out)
    protocols = ("ip", "tcp", "udp")
    checks = [part for name in protocols for part in ("-o", f"{name}.check_checksum:TRUE")]
    fields = ["tcp.analysis.flags", "_ws.malformed", *(f"{name}.checksum.status" for name in protocols)]
    command = [tshark, "-n", "-r", str(out), *checks, "-T", "fields", *(f"-e{field}" for field in fields)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    good = "1"
    assert len(shown) == 56
    assert {status for line in shown for status in line.split("\t")} == {"", good}, shown
