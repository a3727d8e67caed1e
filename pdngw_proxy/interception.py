"""The kernel's part on the home link: it answers for Home Addresses, and leads what comes for them to the TUN device
(RFC 6275 §10.4.1, RFC 4861 §7.2.8)."""

from contextlib import suppress
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path
from socket import if_nametoindex
from typing import Protocol

from runtime import netlink
from runtime.config import ConfigError
from runtime.logs import get_logger

log = get_logger("pdngw.link")

_SETTINGS = Path("/proc/sys/net/ipv6")


class Device(Protocol):
    """What of a TUN device is needed here."""

    def add_route(self, network: IPv6Network) -> None:
        """Lead a network there; ConfigError in one line."""

    def remove_route(self, network: IPv6Network) -> None:
        """Take it back; ConfigError in one line."""


class Interception:
    """Proxies on the interface `name`, and a route to `device` for each of them but those of link-local addresses.

    A packet for a link-local address goes nowhere: the kernel says so to its sender (RFC 6275 §10.4.2).
    """

    def __init__(self, name: str, device: Device, home_prefix: IPv6Network) -> None:
        self._index = if_nametoindex(name)
        self._name = name
        self._device = device
        self._home_prefix = home_prefix
        self._held: set[IPv6Address] = set()

    @classmethod
    def open(cls, name: str, device: Device, home_prefix: IPv6Network, *, settings: Path = _SETTINGS) -> "Interception":
        """Lead the home prefix to the interface, and have it answer for others; ConfigError says what to do."""
        for where in ("all", name):
            # By the one it forwards packets, by the other it answers for who is behind it.
            if _read(settings / f"conf/{where}/forwarding") == "0":
                remedy = f"set net.ipv6.conf.{where}.forwarding to 1"
                raise ConfigError(f"home link {name}: IPv6 is not forwarded; {remedy}")
        _set(settings, f"conf/{name}/proxy_ndp", "1")
        # Who looks for a duplicate waits for a second in all, of which a delay by chance would take most.
        _set(settings, f"neigh/{name}/proxy_delay", "0")
        try:
            link = cls(name, device, home_prefix)
            link._forget_former()
            netlink.ask(netlink.new_route(link._index, home_prefix))
        except OSError as error:
            remedy = "run as root or with CAP_NET_ADMIN, and leave the route to home_prefix to the gateway"
            raise ConfigError(f"home link {name}: {error.strerror or error}; {remedy}") from None
        return link

    def begin(self, address: IPv6Address, *, is_own: bool = False) -> None:
        """Take what comes for `address`; an own one is a router's."""
        self._held.add(address)
        try:
            netlink.ask(netlink.new_proxy(self._index, address, router=is_own))
            if not address.is_link_local:
                self._device.add_route(IPv6Network(address))
        except (OSError, ConfigError) as error:
            log.error("address not intercepted", address=str(address), cause=f"{self._name}: {error}")

    def end(self, address: IPv6Address) -> None:
        """Leave what comes for `address` to others; one that was not taken changes nothing."""
        if address not in self._held:
            return
        self._held.discard(address)
        # What an operator has removed already is gone as well.
        with suppress(OSError):
            netlink.ask(netlink.no_proxy(self._index, address))
        if not address.is_link_local:
            with suppress(ConfigError):
                self._device.remove_route(IPv6Network(address))

    def close(self) -> None:
        """Answer for nobody any more."""
        for address in list(self._held):
            self.end(address)
        with suppress(OSError):
            netlink.ask(netlink.no_route(self._index, self._home_prefix))

    def _forget_former(self) -> None:
        """A gateway that was killed has left its proxies and the route behind."""
        for answer in netlink.answers_of(netlink.all_proxies()):
            proxy = netlink.parse_proxy(answer)
            if proxy is None or proxy[0] != self._index:
                continue
            if proxy[1] in self._home_prefix or proxy[1].is_link_local:
                netlink.ask(netlink.no_proxy(*proxy))
        with suppress(OSError):
            netlink.ask(netlink.no_route(self._index, self._home_prefix))


def _read(setting: Path) -> str:
    try:
        return setting.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _set(settings: Path, setting: str, value: str) -> None:
    if _read(settings / setting) == value:
        return
    try:
        (settings / setting).write_text(value, encoding="ascii")
    except OSError as error:
        name = "net.ipv6." + setting.replace("/", ".")
        raise ConfigError(f"{name} cannot be set to {value}: {error.strerror}; set it, or name no home link") from None
