"""`akadia aaa identity-keys`: the epochs of the key that seals pseudonyms and fast re-authentication identities."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

HELP = "The keys that seal pseudonyms and fast re-authentication identities."


class _IdentityKeys:
    """The commands; `config_file` is asked only when one needs it."""

    def __init__(self, config_file: Callable[[], Path]) -> None:
        self._config_file = config_file

    @property
    def _path(self) -> Path:
        from aaa.identities.commands import keyring_path

        return keyring_path(self._config_file())

    def rotate(self, *, delay: int = 60) -> int:
        """Add an epoch with a new key, and make the file if there is none.

        A running AAA server reads the file again by itself. Copy it to every node within the delay.

            akadia --config lab/akadia.toml aaa identity-keys rotate

        Parameters
        ----------
        delay
            Seconds until the new epoch seals; until then the one before it does. The first seals at once.
        """
        from aaa.identities.commands import rotate

        print(rotate(self._path, delay=delay))
        return 0

    def retire(self, number: Annotated[int, Parameter(show_default=False)], /) -> int:
        """Destroy the key of an epoch that seals no more: what it sealed is unknown from then on.

            akadia --config lab/akadia.toml aaa identity-keys retire 1

        Parameters
        ----------
        number
            The epoch, as `status` numbers it.
        """
        from aaa.identities.commands import retire

        print(retire(self._path, number))
        return 0

    def revoke(self, imsi: Annotated[str, Parameter(show_default=False)], /) -> int:
        """Void every identity that one subscriber has been given until now.

            akadia --config lab/akadia.toml aaa identity-keys revoke 001010000000001

        Parameters
        ----------
        imsi
            The subscriber; the next login shows a permanent identity, or an encrypted one.
        """
        from aaa.identities.commands import revoke
        from runtime.config import ConfigError
        from wire.identity import Imsi

        try:
            subscriber = Imsi(imsi)
        except ValueError as error:
            raise ConfigError(f"{imsi}: {error}") from None
        print(revoke(self._path, subscriber))
        return 0

    def status(self) -> int:
        """Show the epochs and the revoked subscribers, and never a key.

        akadia --config lab/akadia.toml aaa identity-keys status
        """
        from aaa.identities.commands import status

        print(status(self._path))
        return 0


def identity_keys(config_file: Callable[[], Path]) -> App:
    """The group of commands."""
    commands = _IdentityKeys(config_file)
    app = App(name="identity-keys", help=HELP, help_format="plaintext", result_action="return_value")
    for command in (commands.rotate, commands.retire, commands.revoke, commands.status):
        app.command(command)
    return app
