"""What makes the HSS of a process one of its own."""

import pytest

from aaa.near_hss import instance_of
from hss.config import HssConfig
from runtime.config import SocketAddress
from runtime.worker import Worker


@pytest.mark.parametrize(
    ("named", "worker", "instance"),
    [
        ("", Worker(2, 0), ""),
        ("one", None, "one"),
        ("one", Worker(2, 0), "one-2"),
        ("n" * 64, Worker(64, 0), "n" * 60 + "-64"),
    ],
)
def test_each_worker_is_an_hss_instance_of_its_own(named: str, worker: Worker | None, instance: str) -> None:
    hss = HssConfig(
        origin_host="hss.example", origin_realm="example", swx=SocketAddress("127.0.0.1", 0), instance=named
    )
    assert instance_of(hss, worker).instance == instance
