"""`akadia apn …`: the APNs of one subscriber."""

from typing import Literal

from cyclopts import App

from hss.api import ApnProfile
from hss.provisioning import apn_changes, subscribers
from hss.provisioning.apns import apn_profiles
from hss.provisioning.cli_session import (
    ConfigFile,
    ImsiArgument,
    Json,
    Names,
    change,
    errors,
    imsi_of,
    looking,
    print_fields,
    print_rows,
)
from hss.provisioning.cli_subscriber import ambr_of
from hss.provisioning.description import PDN_TYPES, described, described_apn

PdnTypeName = Literal["ipv4", "ipv6", "ipv4v6", "ipv4-or-ipv6"]
_COLUMNS = {"name": 20, "context_id": 3, "default": 6, "pdn_type": 12, "home_address": 24}

_HELP = """\
Add, list, change and take away the APNs of a subscriber; the AAA server that serves it is told.

    akadia --config FILE apn add 001010000000002 ims --pdn-type ipv4v6
    akadia --config FILE apn set-default 001010000000002 ims
"""


def apn_app(config: ConfigFile) -> App:
    """The group of commands, for the front door to hang under its own."""
    app = App(name="apn", help=_HELP, help_format="plaintext")
    _register_values(app, config)
    _register_names(app, config)
    return app


def _register_values(app: App, config: ConfigFile) -> None:
    @app.command
    def add(
        imsi: ImsiArgument,
        name: str,
        *,
        pdn_type: PdnTypeName = "ipv6",
        home_address: Names = (),
        ambr_up: int | None = None,
        ambr_down: int | None = None,
        default: bool = False,
        json: Json = False,
    ) -> None:
        """Add an APN to a subscriber."""
        with errors():
            apn = _apn(name, pdn_type, home_address, ambr_up, ambr_down)
        with change(config()) as one:
            account = apn_changes.add(one, imsi_of(imsi), apn, default=default)
        print_fields(described(account), as_json=json)

    @app.command
    def update(
        imsi: ImsiArgument,
        name: str,
        *,
        pdn_type: PdnTypeName = "ipv6",
        home_address: Names = (),
        ambr_up: int | None = None,
        ambr_down: int | None = None,
        json: Json = False,
    ) -> None:
        """Give an APN that is there other values; what is not named becomes what it is by default."""
        with errors():
            apn = _apn(name, pdn_type, home_address, ambr_up, ambr_down)
        with change(config()) as one:
            account = apn_changes.update(one, imsi_of(imsi), apn)
        print_fields(described(account), as_json=json)


def _register_names(app: App, config: ConfigFile) -> None:
    @app.command(name="list")
    def list_(imsi: ImsiArgument, *, json: Json = False) -> None:
        """List the APNs of a subscriber."""
        with looking(config()) as connection:
            profile = subscribers.show(connection, imsi_of(imsi)).profile
        print_rows([described_apn(apn, profile) for apn in profile.apns], _COLUMNS, "APN", as_json=json)

    @app.command
    def remove(imsi: ImsiArgument, name: str, *, json: Json = False) -> None:
        """Take an APN away."""
        with change(config()) as one:
            account = apn_changes.remove(one, imsi_of(imsi), name)
        print_fields(described(account), as_json=json)

    @app.command(name="set-default")
    def set_default(imsi: ImsiArgument, name: str, *, json: Json = False) -> None:
        """Let an APN be the default one."""
        with change(config()) as one:
            account = apn_changes.set_default(one, imsi_of(imsi), name)
        print_fields(described(account), as_json=json)


def _apn(
    name: str, pdn_type: PdnTypeName, home_address: tuple[str, ...], up: int | None, down: int | None
) -> ApnProfile:
    (apn,) = apn_profiles((name,), pdn_type=PDN_TYPES[pdn_type], home_addresses=home_address, ambr=ambr_of(up, down))
    return apn
