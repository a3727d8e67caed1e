"""Where the store is: a SQLite file, or a PostgreSQL database by its URL."""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

Location = Path | URL
"""A SQLite file, or a PostgreSQL database; a URL shows its password to nobody but the driver."""

_SCHEMES = ("postgresql://", "postgres://")
_DRIVER = "postgresql+psycopg"


def parse_location(text: str, folder: Path) -> Location:
    """The location that `text` names; a file's path is relative to `folder`. ValueError says what to write.

    A password may stand in the URL, or where libpq looks for it: PGPASSFILE, ~/.pgpass, PGPASSWORD.
    """
    if not text.startswith(_SCHEMES):
        if "://" in text:
            raise ValueError(
                f"{text.split('://', 1)[0]}:// is no store; write postgresql://USER@HOST/DATABASE or a file"
            )
        return folder / Path(text).expanduser()
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # the text may hold a password, so it is not repeated
        raise ValueError("is no URL; write postgresql://USER@HOST:PORT/DATABASE") from None
    if not url.database:
        raise ValueError("names no database; write postgresql://USER@HOST:PORT/DATABASE")
    return url.set(drivername=_DRIVER)


def describe(location: Location) -> str:
    """The location for a person or a log, without any password."""
    if isinstance(location, Path):
        return str(location)
    return location.set(drivername="postgresql").render_as_string(hide_password=True)
