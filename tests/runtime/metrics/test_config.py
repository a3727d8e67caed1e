"""Where metrics are asked for."""

from pathlib import Path

import pytest

from runtime.config import ConfigError, RawConfig
from runtime.metrics.config import MetricsConfig


def test_only_this_machine_may_ask_unless_it_is_said_otherwise() -> None:
    raw = RawConfig(Path("akadia.toml"), {"aaa": {"metrics": {"listen": "127.0.0.1:9464"}}})
    config = raw.section("aaa.metrics", MetricsConfig)
    assert [str(network) for network in config.addresses] == ["127.0.0.0/8", "::1/128"]


def test_address_is_wanted() -> None:
    raw = RawConfig(Path("akadia.toml"), {"aaa": {"metrics": {"connections": 3}}})
    with pytest.raises(ConfigError, match=r"aaa.metrics.listen: is missing; write where to listen"):
        raw.section("aaa.metrics", MetricsConfig)
