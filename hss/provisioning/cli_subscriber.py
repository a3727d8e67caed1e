"""`akadia subscriber …`: what an operator does with subscribers; keys are read, and never shown."""

import json as json_format
import sys
from contextlib import closing
from typing import Annotated, Literal

from cyclopts import App, Parameter

from hss.api import Ambr
from hss.models import SubscriberState
from hss.provisioning import subscribers
from hss.provisioning.apns import ApnRefused, apn_profiles
from hss.provisioning.change import ProvisioningRefused
from hss.provisioning.cli_session import (
    BatchNumber,
    ConfigFile,
    ImsiArgument,
    Json,
    Most,
    change,
    errors,
    imsi_of,
    looking,
    print_fields,
    print_rows,
)
from hss.provisioning.cli_verify import register_verify
from hss.provisioning.description import PDN_TYPES, described
from hss.provisioning.keys_input import KeysInput, read_keys_from
from hss.provisioning.listing import Filter, count, lines
from hss.provisioning.subscribers import NewSubscriber, Update, card_keys
from runtime.config import NetworkConfig, read_config

DEFAULT_AMF = "8000"
"""The separation bit is 1, as EAP-AKA' needs it (TS 33.102 Annex H)."""

Keys = Annotated[
    str,
    Parameter(help="FILE, or - for standard input: k=…, opc=… or op=…, amf=… as hex", allow_leading_hyphen=True),
]
State = Literal["enabled", "barred"]
IfRevision = Annotated[int | None, Parameter(help="refuse when somebody has changed it since")]

_HELP = """\
Add, show, list, change, bar and remove subscribers.

Keys come from a file or standard input, never from an argument, and no command shows them again:

    akadia --config FILE subscriber add 001010000000002 --keys card.txt --apn internet
    akadia --config FILE subscriber list --apn internet --state barred
    akadia --config FILE subscriber verify 001010000000002 --keys card.txt
"""


def subscriber_app(config: ConfigFile) -> App:
    """The group of commands, for the front door to hang under its own."""
    app = App(name="subscriber", help=_HELP, help_format="plaintext")
    _register_add(app, config)
    _register_views(app, config)
    _register_update(app, config)
    _register_changes(app, config)
    register_verify(app, config)
    return app


def _register_add(app: App, config: ConfigFile) -> None:
    @app.command
    def add(
        imsi: ImsiArgument,
        *,
        keys: Keys,
        apn: Annotated[
            tuple[str, ...], Parameter(help="an APN; the first is the default", negative="", show_default=False)
        ] = (),
        pdn_type: Literal["ipv4", "ipv6", "ipv4v6", "ipv4-or-ipv6"] = "ipv6",
        home_address: Annotated[
            tuple[str, ...], Parameter(help="static, for the first APN", negative="", show_default=False)
        ] = (),
        ambr_up: Annotated[int | None, Parameter(help="bit/s")] = None,
        ambr_down: Annotated[int | None, Parameter(help="bit/s")] = None,
        amf: Annotated[str | None, Parameter(help="4 hex digits, when the keys have none")] = None,
        msisdn: str | None = None,
        profile: Annotated[str, Parameter(help="an algorithm profile: akadia profile list")] = "milenage",
        json: Json = False,
    ) -> None:
        """Add a subscriber. Keys come from a file or standard input, never from an argument."""
        with errors():
            # standard input may take its time, so it is read before the database is held
            read = read_keys_from(keys)
            profiles = apn_profiles(
                apn or (read_config(config()).section("network", NetworkConfig).apn,),
                pdn_type=PDN_TYPES[pdn_type],
                home_addresses=home_address,
                ambr=ambr_of(ambr_up, ambr_down),
            )
            wanted, number = imsi_of(imsi), _msisdn(msisdn)
            octets = _amf(read, amf)
        with change(config()) as one:
            card = card_keys(one.connection, read, profile)
            account = subscribers.add(one, NewSubscriber(wanted, card, octets, profiles, number, profile))
        print_fields(described(account), as_json=json)


def _register_views(app: App, config: ConfigFile) -> None:
    @app.command
    def show(imsi: ImsiArgument, *, json: Json = False) -> None:
        """Show a subscriber; of its keys only what checks them (a key check value each)."""
        with looking(config()) as connection:
            account = subscribers.show(connection, imsi_of(imsi))
        print_fields(described(account), as_json=json)

    @app.command(name="list")
    def list_(
        *,
        state: State | None = None,
        imsi_prefix: str | None = None,
        msisdn: str | None = None,
        apn: str | None = None,
        profile: str | None = None,
        serving_aaa: str | None = None,
        batch: BatchNumber | None = None,
        after: Annotated[str, Parameter(help="begin above this IMSI: the last one of the page before")] = "",
        limit: Most | None = None,
        json: Json = False,
    ) -> None:
        """List subscribers in the order of their IMSIs; every filter that is given must hold."""
        wanted = _filter(state, imsi_prefix, msisdn, apn, profile, serving_aaa, batch)
        with looking(config()) as connection, closing(lines(connection, wanted, after=after, limit=limit)) as found:
            rows = (
                {
                    "imsi": line.imsi,
                    "state": line.state.value,
                    "msisdn": line.msisdn,
                    "profile": line.profile,
                    "seq": line.seq,
                }
                for line in found
            )
            # as they are read: there may be more than memory holds
            print_rows(rows, {"imsi": 15, "state": 8, "msisdn": 15}, "subscriber", as_json=json)

    @app.command(name="count")
    def count_(
        *,
        state: State | None = None,
        imsi_prefix: str | None = None,
        apn: str | None = None,
        profile: str | None = None,
        serving_aaa: str | None = None,
        batch: BatchNumber | None = None,
        json: Json = False,
    ) -> None:
        """Count subscribers; every filter that is given must hold."""
        wanted = _filter(state, imsi_prefix, None, apn, profile, serving_aaa, batch)
        with looking(config()) as connection:
            found = count(connection, wanted)
        print(json_format.dumps({"subscribers": found}) if json else found)


def _register_update(app: App, config: ConfigFile) -> None:
    @app.command
    def update(
        imsi: ImsiArgument,
        *,
        msisdn: Annotated[str | None, Parameter(help='"" takes it away')] = None,
        amf: Annotated[str | None, Parameter(help="4 hex digits")] = None,
        keys: Annotated[str | None, Parameter(help="a new card's keys, as for add", allow_leading_hyphen=True)] = None,
        profile: str | None = None,
        if_revision: IfRevision = None,
        json: Json = False,
    ) -> None:
        """Change a subscriber; what is not named stays. SEQ goes on, whatever changes."""
        with errors():
            read = read_keys_from(keys) if keys is not None else None
            octets = _amf(read, amf) if amf is not None or (read is not None and read.amf is not None) else None
            number = _msisdn(msisdn) if msisdn else msisdn
            if read is None and (octets, number, profile) == (None, None, None):
                raise ProvisioningRefused("nothing is to change; name one of --msisdn, --amf, --keys and --profile")
        with change(config()) as one:
            card = None
            if read is not None:
                standing = profile or subscribers.show(one.connection, imsi_of(imsi)).algorithm_profile
                card = card_keys(one.connection, read, standing)
            wanted = Update(msisdn=number, amf=octets, keys=card, profile=profile)
            account = subscribers.change_subscriber(one, imsi_of(imsi), wanted, if_revision)
        print_fields(described(account), as_json=json)


def _register_changes(app: App, config: ConfigFile) -> None:
    @app.command
    def enable(imsi: ImsiArgument, *, if_revision: IfRevision = None, json: Json = False) -> None:
        """Let a barred subscriber in again."""
        with change(config()) as one:
            account = subscribers.enable(one, imsi_of(imsi), if_revision)
        print_fields(described(account), as_json=json)

    @app.command
    def disable(imsi: ImsiArgument, *, if_revision: IfRevision = None, json: Json = False) -> None:
        """Bar a subscriber, and end its registration with an AAA server."""
        with change(config()) as one:
            account = subscribers.disable(one, imsi_of(imsi), if_revision)
        print_fields(described(account), as_json=json)

    @app.command
    def remove(imsi: ImsiArgument, *, if_revision: IfRevision = None, json: Json = False) -> None:
        """Delete a subscriber with its keys."""
        with change(config()) as one:
            subscribers.remove(one, imsi_of(imsi), if_revision)
        print_fields({"imsi": imsi, "removed": True}, as_json=json)


def ambr_of(up: int | None, down: int | None) -> Ambr | None:
    """An AMBR of both directions, or none."""
    if up is None and down is None:
        return None
    if up is None or down is None:
        raise ApnRefused("an AMBR has two directions; give both --ambr-up and --ambr-down")
    return Ambr(uplink=up, downlink=down)


def _filter(
    state: State | None,
    imsi_prefix: str | None,
    msisdn: str | None,
    apn: str | None,
    profile: str | None,
    serving_aaa: str | None,
    batch: int | None,
) -> Filter:
    if imsi_prefix is not None and not (imsi_prefix.isascii() and imsi_prefix.isdigit()):
        print(f"error: {imsi_prefix!r} is no prefix of an IMSI; write its digits alone", file=sys.stderr)
        raise SystemExit(1)
    return Filter(
        state=SubscriberState(state) if state else None,
        imsi_prefix=imsi_prefix,
        msisdn=msisdn,
        apn=apn,
        profile=profile,
        serving_aaa=serving_aaa,
        batch=batch,
    )


def _msisdn(text: str | None) -> str | None:
    digits = text.removeprefix("+") if text is not None else None
    if digits is not None and not (digits.isascii() and digits.isdigit() and 5 <= len(digits) <= 15):
        raise ProvisioningRefused(f"{text!r} is no MSISDN; write 5 to 15 digits with the country code first")
    return digits


def _amf(read: KeysInput | None, option: str | None) -> int:
    of_keys = read.amf if read is not None else None
    text = option if option is not None else (f"{of_keys:04x}" if of_keys is not None else DEFAULT_AMF)
    try:
        octets = bytes.fromhex(text)
    except ValueError:
        octets = b""
    if len(octets) != 2:
        raise ProvisioningRefused(f"{text!r} is no AMF; write 4 hex digits such as {DEFAULT_AMF}")
    value = int.from_bytes(octets, "big")
    if option is not None and of_keys not in (None, value):
        raise ProvisioningRefused("the keys and --amf name different AMFs; keep one of them")
    return value
