"""The configuration of a laboratory: each part of Akadia reads its own section of it, and every key is explained."""

import tomllib
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from pathlib import Path

import pytest

from aaa.config import AaaConfig, SwxConfig
from aaa.diameter.config import DiameterConfig
from aaa.radius.config import RadiusConfig
from akadia.dns_server import DnsConfig, zone_of
from akadia.template import SECTIONS, AaaChoice, Block, HssChoice, Plan, configuration
from hss.config import HssConfig
from pdngw_proxy.aaa_link.config import DiameterLinkConfig, RadiusLinkConfig
from pdngw_proxy.config import PdnGwConfig
from runtime.config import CaptureConfig, LogConfig, NetworkConfig, RawConfig, Section
from ue_sim.config import UeConfig

BLOCK = Block(7, 9)


def read(plan: Plan) -> RawConfig:
    return RawConfig(Path("/lab/akadia.toml"), tomllib.loads(configuration(plan)))


@pytest.mark.parametrize(
    ("section", "model"),
    [
        ("network", NetworkConfig),
        ("log", LogConfig),
        ("capture", CaptureConfig),
        ("dns", DnsConfig),
        ("hss", HssConfig),
        ("aaa", AaaConfig),
        ("aaa.swx", SwxConfig),
        ("aaa.diameter", DiameterConfig),
        ("aaa.radius", RadiusConfig),
        ("pdngw", PdnGwConfig),
        ("pdngw.diameter", DiameterLinkConfig),
        ("pdngw.radius", RadiusLinkConfig),
        ("ue", UeConfig),
    ],
)
def test_every_section_is_what_its_reader_expects(section: str, model: type[Section]) -> None:
    assert read(Plan(BLOCK)).section(section, model)


def test_every_section_is_read_by_somebody() -> None:
    config = read(Plan(BLOCK))
    config.require_known(SECTIONS)
    assert set(config.sections()) == SECTIONS


def test_every_key_is_explained() -> None:
    settings = [line for line in configuration(Plan(BLOCK)).splitlines() if " = " in line and not line.startswith("#")]
    assert len(settings) > 60
    assert [line for line in settings if "  # " not in line] == []
    assert [line for line in settings if line.endswith("# ")] == []


@pytest.mark.parametrize("hss", ["local", "swx"])
@pytest.mark.parametrize("aaa", ["diameter", "radius"])
def test_choices_are_written(hss: HssChoice, aaa: AaaChoice) -> None:
    tables = read(Plan(BLOCK, hss=hss, aaa=aaa, log_level="debug", capture="capture")).tables
    assert tables["aaa"]["hss"] == hss
    assert tables["pdngw"]["aaa"] == aaa
    assert tables["log"]["level"] == "debug"
    assert tables["capture"]["folder"] == "capture"


@pytest.mark.parametrize(("capture", "esn"), [("", True), ("capture", False)])
def test_esp_of_a_capture_counts_as_wireshark_can_verify_it(capture: str, esn: bool) -> None:
    assert read(Plan(BLOCK, capture=capture)).tables["ue"]["esn"] is esn


def test_both_ends_of_every_conversation_agree() -> None:
    tables = read(Plan(BLOCK)).tables
    hss, aaa, pdngw, ue = (tables[name] for name in ("hss", "aaa", "pdngw", "ue"))
    assert aaa["swx"]["hss"] == hss["swx"]
    assert aaa["swx"]["local"] == aaa["diameter"]["address"].split(":")[0]
    assert aaa["swx"]["hss_origin_host"] == hss["origin_host"]
    assert aaa["origin_host"] in [peer["origin_host"] for peer in hss["peer"]]
    assert pdngw["diameter"]["aaa"] == aaa["diameter"]["address"]
    assert pdngw["diameter"]["aaa_origin_host"] == aaa["origin_host"]
    assert pdngw["diameter"]["origin_host"] in [peer["origin_host"] for peer in aaa["diameter"]["peer"]]
    assert pdngw["radius"]["aaa"] == aaa["radius"]["auth"]
    assert pdngw["radius"]["secret_file"] == aaa["radius"]["client"][0]["secret_file"]
    assert ue["dns"] == tables["dns"]["address"]
    assert ue["gateway_id"] == pdngw["id"]
    assert ue["gateway_port"] == pdngw["natt_port"]
    assert ue["dsmip_port"] == pdngw["dsmip_port"]


def test_dns_finds_the_gateway_in_it() -> None:
    assert len(zone_of(read(Plan(BLOCK))).records) == 4


def test_block_gives_each_node_its_own_address() -> None:
    assert BLOCK.pdngw == IPv4Address("127.7.9.4")
    assert len({BLOCK.dns, BLOCK.hss, BLOCK.aaa, BLOCK.pdngw, BLOCK.ue}) == 5
    assert BLOCK.home_prefix == IPv6Network("2001:db8:0:709::/64")
    assert BLOCK.home_agent in BLOCK.home_prefix
    assert BLOCK.ipv4_home_prefix == IPv4Network("10.7.9.0/24")


def test_no_port_needs_privileges() -> None:
    text = configuration(Plan(BLOCK))
    config = tomllib.loads(text)
    ports = [config["pdngw"][name] for name in ("ike_port", "natt_port", "dsmip_port")]
    ports += [int(config["dns"]["address"].split(":")[1]), int(config["aaa"]["radius"]["auth"].split(":")[1])]
    assert min(ports) >= 1024
