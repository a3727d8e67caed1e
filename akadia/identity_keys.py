"""`akadia aaa identity-keys`: the epochs of the key that seals pseudonyms and fast re-authentication identities."""

import json as json_format
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

if TYPE_CHECKING:
    from aaa.identities.commands import KeyringDoor, Said

Flag = Annotated[bool, Parameter(negative="", show_default=False)]

HELP = "The keys that seal pseudonyms and fast re-authentication identities."


class _IdentityKeys:
    """The commands; `config_file` is asked only when one needs it."""

    def __init__(self, config_file: Callable[[], Path]) -> None:
        self._config_file = config_file

    @property
    def _door(self) -> "KeyringDoor":
        from aaa.ledger import keyring_door

        return keyring_door(self._config_file())

    def rotate(self, *, delay: int = 60, json: Flag = False) -> int:
        """Add an epoch with a new key; make the file, or the transport key of the database, if there is none.

        A running AAA server notices by itself. Copy a file to every node within the delay.

            akadia --config lab/akadia.toml aaa identity-keys rotate

        Parameters
        ----------
        delay
            Seconds until the new epoch seals; until then the one before it does. The first seals at once.
        json
            Print it as JSON.
        """
        from aaa.identities.commands import rotate

        _tell(rotate(self._door, delay=delay), as_json=json)
        return 0

    def retire(self, number: Annotated[int, Parameter(show_default=False)], /, *, json: Flag = False) -> int:
        """Destroy the key of an epoch that seals no more: what it sealed is unknown from then on.

            akadia --config lab/akadia.toml aaa identity-keys retire 1

        Parameters
        ----------
        number
            The epoch, as `status` numbers it.
        json
            Print it as JSON.
        """
        from aaa.identities.commands import retire

        _tell(retire(self._door, number), as_json=json)
        return 0

    def revoke(self, imsi: Annotated[str, Parameter(show_default=False)], /, *, json: Flag = False) -> int:
        """Void every identity that one subscriber has been given until now.

            akadia --config lab/akadia.toml aaa identity-keys revoke 001010000000001

        Parameters
        ----------
        imsi
            The subscriber; the next login shows a permanent identity, or an encrypted one.
        json
            Print it as JSON.
        """
        from aaa.identities.commands import revoke
        from runtime.config import ConfigError
        from wire.identity import Imsi

        try:
            subscriber = Imsi(imsi)
        except ValueError as error:
            raise ConfigError(f"{imsi}: {error}") from None
        _tell(revoke(self._door, subscriber), as_json=json)
        return 0

    def status(self, *, json: Flag = False) -> int:
        """Show the epochs and the revoked subscribers, and never a key.

            akadia --config lab/akadia.toml aaa identity-keys status

        Parameters
        ----------
        json
            Print it as JSON.
        """
        from aaa.identities.commands import status

        _tell(status(self._door), as_json=json)
        return 0


def _tell(said: "Said", *, as_json: bool) -> None:
    print(json_format.dumps(said.fields) if as_json else said.text)


def identity_keys(config_file: Callable[[], Path]) -> App:
    """The group of commands."""
    commands = _IdentityKeys(config_file)
    app = App(name="identity-keys", help=HELP, help_format="plaintext", result_action="return_value")
    for command in (commands.rotate, commands.retire, commands.revoke, commands.status):
        app.command(command)
    return app
