"""What an operator types about subscribers and their database: every group of commands, for the front door."""

from cyclopts import App

from hss.provisioning.cli_apn import apn_app
from hss.provisioning.cli_audit import audit_app
from hss.provisioning.cli_backup import backup_apps
from hss.provisioning.cli_db import db_app
from hss.provisioning.cli_import import import_app
from hss.provisioning.cli_keys import keys_app
from hss.provisioning.cli_node import node_app
from hss.provisioning.cli_profile import profile_app
from hss.provisioning.cli_session import ConfigFile
from hss.provisioning.cli_subscriber import subscriber_app
from hss.provisioning.cli_token import token_app

__all__ = ["ConfigFile", "apps"]


def apps(config: ConfigFile) -> list[App]:
    """The groups of commands, for the front door to hang under its own."""
    groups = (subscriber_app, apn_app, profile_app, node_app, import_app, keys_app, token_app, audit_app, db_app)
    return [*(make(config) for make in groups), *backup_apps(config)]
