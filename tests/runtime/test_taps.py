"""Both captures are taps of both kinds."""

import io

from runtime.capture import Capture, NullCapture
from runtime.taps import DatagramTap, StreamTap


def test_captures_are_taps() -> None:
    taps: list[DatagramTap] = [NullCapture(), Capture(io.BytesIO(), "x", lambda: 0)]
    streams: list[StreamTap] = [NullCapture(), Capture(io.BytesIO(), "x", lambda: 0)]
    for tap in taps:
        tap.udp(source=("127.0.0.1", 1), destination=("127.0.0.1", 2), payload=b"x")
    for stream in streams:
        stream.tcp(source=("127.0.0.1", 1), destination=("127.0.0.1", 2), payload=b"x")
