"""`akadia log`: how the log writes an IMSI, and details of single subscribers while the daemons run."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

HELP = "How the log writes an IMSI, and details of single subscribers while the daemons run."


class _LogCommands:
    """The commands; `config_file` is asked only when one needs it."""

    def __init__(self, config_file: Callable[[], Path]) -> None:
        self._config_file = config_file

    def imsi(self, imsi: Annotated[str, Parameter(show_default=False)], /) -> int:
        """Print an IMSI as the log writes it, to look for it there.

        The form is log.imsi of the configuration: full, short, or hmac under the key in log.imsi_key.

            akadia --config lab/akadia.toml log imsi 001010000000001

        Parameters
        ----------
        imsi
            Six to fifteen digits.
        """
        from runtime.config import LogConfig, read_config
        from runtime.log_setup import imsi_text

        print(imsi_text(read_config(self._config_file()).section("log", LogConfig)).of(_checked(imsi)))
        return 0

    def debug(
        self,
        imsi: Annotated[str, Parameter(show_default=False)] = "",
        /,
        *,
        minutes: int = 10,
        stop: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    ) -> int:
        """Have running daemons log the details of one subscriber's conversations, and forget it by themselves.

        Every daemon and worker that reads this configuration file begins within a second. Without an IMSI it prints who
        is watched, and until when.

            akadia --config lab/akadia.toml log debug 001010000000001 --minutes 5
            akadia --config lab/akadia.toml log debug
            akadia --config lab/akadia.toml log debug 001010000000001 --stop

        Parameters
        ----------
        imsi
            Whose.
        minutes
            For how long, at most 1440.
        stop
            Stop now.
        """
        from runtime.config import read_config
        from runtime.log_watch import FILE_NAME, read_watched, write_watched

        path = read_config(self._config_file()).path.parent / FILE_NAME
        now = time.time()
        watched = {one: until for one, until in read_watched(path).items() if until > now}
        if imsi:
            watched.pop(_checked(imsi), None)
            if not stop:
                watched[imsi] = now + 60 * _in_range(minutes)
            write_watched(path, watched)
        for one, until in sorted(watched.items(), key=lambda item: item[1]):
            print(f"{one} until {datetime.fromtimestamp(until, UTC):%Y-%m-%d %H:%M:%S} UTC")
        if not watched:
            print("nobody is watched")
        return 0


def log_commands(config_file: Callable[[], Path]) -> App:
    """The group of commands."""
    commands = _LogCommands(config_file)
    app = App(name="log", help=HELP, help_format="plaintext", result_action="return_value")
    for command in (commands.imsi, commands.debug):
        app.command(command)
    return app


def _checked(imsi: str) -> str:
    from runtime.config import ConfigError
    from wire.identity import Imsi

    try:
        return str(Imsi(imsi))
    except ValueError as error:
        raise ConfigError(f"{imsi!r}: {error}; write those of the subscriber") from None


def _in_range(minutes: int) -> int:
    from runtime.config import ConfigError
    from runtime.log_watch import LONGEST

    if 0 < minutes * 60 <= LONGEST:
        return minutes
    raise ConfigError(f"--minutes {minutes}: write 1 to {LONGEST // 60}")
