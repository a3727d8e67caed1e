"""A little authoritative DNS server, so that a UE finds the PDN GW (RFC 1035, RFC 5026 §5.1, TS 24.303 §5.1.2.1.2)."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from pydantic import Field

from runtime.config import CaptureConfig, ConfigError, NetworkConfig, RawConfig, Section, SocketAddress, read_config
from runtime.log_limit import LogLimit
from runtime.log_setup import set_up
from runtime.logs import get_logger
from runtime.udp import Address, UdpEndpoint
from wire.names import Plmn, ha_apn_name

log = get_logger("dns")

TTL = 60
"""Seconds that an answer may be kept."""

RECEIVE_LIMIT = 4096
"""Octets of a query; longer ones are not read."""

_HEADER = 12

Records = Mapping[dns.name.Name, tuple[dns.rdata.Rdata, ...]]


class DnsConfig(Section):
    """[dns]: where the server listens, and the APNs beside [network] apn whose PDN GW it knows."""

    address: SocketAddress = Field(description='an address such as "127.0.0.53:5300"')
    apns: tuple[str, ...] = ()
    pdngw: IPv4Address | None = Field(
        default=None, description="which of its addresses UEs are told of, where [pdngw] address is 0.0.0.0"
    )


class _GatewayTable(Section, extra="ignore"):
    """What the DNS says of the PDN GW."""

    id: str
    address: IPv4Address
    ha_address: IPv6Address
    ike_port: int = 5500


@dataclass(frozen=True, slots=True)
class Gateway:
    """A PDN GW as the DNS knows it: its own name, both addresses of its home agent, its IKE port."""

    name: str
    ipv4: IPv4Address
    ipv6: IPv6Address
    port: int


@dataclass(frozen=True, slots=True)
class Zone:
    """All that is known: `records` by name, and the `origins` below which nothing else exists."""

    origins: tuple[dns.name.Name, ...]
    records: Records


@dataclass(frozen=True, slots=True)
class Reply:
    """`datagram` to send back, or None for silence; `cause` is why the query was refused, if it was."""

    datagram: bytes | None
    cause: str | None = None


def gateway_zone(*, plmn: Plmn, realm: str, apns: tuple[str, ...], gateway: Gateway) -> Zone:
    """The HA-APN name of every APN (TS 23.003 §21.2), the gateway's own name, and the SRV records of RFC 5026 §5.1."""
    addresses = (_record("A", str(gateway.ipv4)), _record("AAAA", str(gateway.ipv6)))
    own = dns.name.from_text(gateway.name)
    public = f"mnc{plmn.mnc3}.mcc{plmn.mcc}.pub.3gppnetwork.org"
    records: dict[dns.name.Name, tuple[dns.rdata.Rdata, ...]] = {own: addresses}
    records |= {dns.name.from_text(ha_apn_name(apn, plmn)): addresses for apn in apns}
    service = _record("SRV", f"0 0 {gateway.port} {own}")
    for domain in (realm, public):
        records[dns.name.from_text(f"_mip6._ipv6.{domain}")] = (service,)
    return Zone((dns.name.from_text(public), dns.name.from_text(realm), own), records)


def answer(zone: Zone, datagram: bytes) -> Reply:
    """The reply to one datagram of any content: an answer, a DNS error, or silence for what is no query."""
    if len(datagram) < _HEADER or datagram[2] & 0x80:
        return Reply(None, "not a query")
    try:
        query = dns.message.from_wire(datagram, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError) as error:
        return Reply(_form_error(datagram), f"malformed: {type(error).__name__}")
    try:
        response, cause = _response(zone, query)
        return Reply(response.to_wire(), cause)
    except (dns.exception.DNSException, ValueError) as error:
        return Reply(_form_error(datagram), f"malformed: {type(error).__name__}")


def _form_error(datagram: bytes) -> bytes:
    """A header alone: the query's id and opcode, FORMERR, no sections (RFC 1035 §4.1.1)."""
    return datagram[:2] + bytes((0x80 | datagram[2] & 0x79, dns.rcode.FORMERR)) + bytes(8)


def _response(zone: Zone, query: dns.message.Message) -> tuple[dns.message.Message, str | None]:
    response = dns.message.make_response(query, our_payload=RECEIVE_LIMIT)
    refusal = _refusal(zone, query)
    if refusal is not None:
        code, cause = refusal
        response.set_rcode(code)
        return response, cause
    response.flags |= dns.flags.AA
    question = query.question[0]
    found = [record for record in zone.records.get(question.name, ()) if _is_asked_for(record, question.rdtype)]
    for record in found:
        response.answer.append(dns.rrset.from_rdata(question.name, TTL, record))
    if not found:
        response.authority.append(_authority(zone, question.name))
    if not found and not _exists(zone, question.name):
        response.set_rcode(dns.rcode.NXDOMAIN)
    return response, None


def _refusal(zone: Zone, query: dns.message.Message) -> tuple[dns.rcode.Rcode, str] | None:
    if query.opcode() != dns.opcode.QUERY:
        return dns.rcode.NOTIMP, f"opcode {query.opcode()}"
    if query.edns > 0:
        return dns.rcode.BADVERS, f"EDNS version {query.edns}"
    if len(query.question) != 1:
        return dns.rcode.FORMERR, f"{len(query.question)} questions"
    question = query.question[0]
    if question.rdclass != dns.rdataclass.IN:
        return dns.rcode.REFUSED, f"class {question.rdclass}"
    if not any(question.name.is_subdomain(origin) for origin in zone.origins):
        return dns.rcode.REFUSED, "a name that is not ours"
    return None


def _is_asked_for(record: dns.rdata.Rdata, kind: dns.rdatatype.RdataType) -> bool:
    return kind in (record.rdtype, dns.rdatatype.ANY)


def _exists(zone: Zone, name: dns.name.Name) -> bool:
    """Whether `name` or anything below it has records: only else there is no such name (RFC 8020 §2)."""
    return name in zone.origins or any(known.is_subdomain(name) for known in zone.records)


def _authority(zone: Zone, name: dns.name.Name) -> dns.rrset.RRset:
    """The SOA record that says how long a missing answer may be kept (RFC 2308 §3)."""
    origin = next(origin for origin in zone.origins if name.is_subdomain(origin))
    record = _record("SOA", f"ns.{origin} hostmaster.{origin} 1 3600 600 86400 {TTL}")
    return dns.rrset.from_rdata(origin, TTL, record)


def _record(kind: str, text: str) -> dns.rdata.Rdata:
    return dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(kind), text)


def zone_of(config: RawConfig) -> Zone:
    """The zone that [network], [dns] and [pdngw] describe. Raises ConfigError."""
    network = config.section("network", NetworkConfig)
    gateway = config.section("pdngw", _GatewayTable)
    told = config.section("dns", DnsConfig)
    plmn, apns, ipv4 = Plmn(network.mcc, network.mnc), told.apns, told.pdngw or gateway.address
    if ipv4.is_unspecified:
        raise ConfigError(
            f"{config.path}: no UE reaches the PDN GW at {ipv4}, which is where it listens; "
            "name one of its addresses in [dns] pdngw"
        )
    _check(config, "network.realm", network.realm, dns.name.from_text)
    _check(config, "pdngw.id", gateway.id, dns.name.from_text)
    for where, apn in (("network.apn", network.apn), *(("dns.apns", apn) for apn in apns)):
        _check(config, where, apn, lambda text: ha_apn_name(text, plmn))
    return gateway_zone(
        plmn=plmn,
        realm=network.realm,
        apns=(network.apn, *apns),
        gateway=Gateway(gateway.id, ipv4, gateway.ha_address, gateway.ike_port),
    )


def _check(config: RawConfig, where: str, text: str, read: Callable[[str], object]) -> None:
    try:
        read(text)
    except (ValueError, dns.exception.DNSException) as error:
        raise ConfigError(f"{config.path}: {where}: {text!r} is in no domain name: {error}; correct it") from None


def main(path: Path) -> int:
    """Serve until told to stop; the exit code."""
    from runtime.process import run

    config = read_config(path)
    set_up(config)
    zone, listen = zone_of(config), config.section("dns", DnsConfig).address
    folder = config.section("capture", CaptureConfig).folder

    return run(lambda stop: _serve(zone, listen, folder, stop), hangup_stops=False)


async def _serve(zone: Zone, listen: SocketAddress, capture_folder: Path | None, stop: asyncio.Event) -> None:
    from runtime.capture import open_capture
    from runtime.process import notify_ready

    def on_query(datagram: bytes, peer: Address) -> None:
        reply = answer(zone, datagram)
        if reply.cause is not None:
            _log_refusal(limit, reply.cause, peer, loop.time())
        if reply.datagram is not None:
            endpoint.send(reply.datagram, peer, endpoint.place)

    loop, limit = asyncio.get_running_loop(), LogLimit()
    tap = open_capture(capture_folder, "dns")
    endpoint = UdpEndpoint.bind(listen, on_query, capture=tap, receive_limit=RECEIVE_LIMIT, answers=True)
    log.info("listening", address=str(listen))
    notify_ready()
    await stop.wait()
    endpoint.close()
    tap.close()


def _log_refusal(limit: LogLimit, cause: str, peer: Address, now: float) -> None:
    withheld = limit.allow(cause, now)
    if withheld is not None:
        log.warning("query refused", cause=cause, peer=f"{peer[0]}:{peer[1]}", withheld=withheld)
