"""A store is named by a path or a URL, and no password of it is shown."""

from pathlib import Path

import pytest
from sqlalchemy import URL

from hss.store.location import describe, parse_location

FOLDER = Path("/etc/akadia")


@pytest.mark.parametrize(("text", "path"), [("a.sqlite", "/etc/akadia/a.sqlite"), ("/var/lib/b", "/var/lib/b")])
def test_path_is_beside_the_configuration(text: str, path: str) -> None:
    assert parse_location(text, FOLDER) == Path(path)
    assert describe(Path(path)) == path


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_url_is_postgresql_by_psycopg(scheme: str) -> None:
    found = parse_location(f"{scheme}://akadia:hush@db.example:5433/hss?sslmode=require", FOLDER)
    assert isinstance(found, URL)
    assert (found.drivername, found.host, found.port, found.database) == (
        "postgresql+psycopg",
        "db.example",
        5433,
        "hss",
    )
    assert found.password == "hush"
    assert describe(found) == "postgresql://akadia:***@db.example:5433/hss?sslmode=require"
    assert "hush" not in repr(found) + str(found)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("mysql://root:hush@db/hss", "mysql:// is no store; write postgresql://USER@HOST/DATABASE or a file"),
        ("postgresql://db.example", "names no database"),
        ("postgresql://u:hush@db:port/hss", "is no URL; write postgresql://USER@HOST:PORT/DATABASE"),
    ],
)
def test_what_is_no_store_is_refused_without_its_password(text: str, advice: str) -> None:
    with pytest.raises(ValueError, match=advice.replace("?", ".")) as caught:
        parse_location(text, FOLDER)
    assert "hush" not in str(caught.value)
