"""Octets and packets, each way."""

from pdngw_proxy.aaa_link.records import Usage
from pdngw_proxy.traffic import Traffic


def test_traffic_counts_both_ways_apart() -> None:
    traffic = Traffic()
    traffic.came(100)
    traffic.came(40)
    traffic.went(1500)
    assert traffic.usage() == Usage(octets_in=140, octets_out=1500, packets_in=2, packets_out=1)
