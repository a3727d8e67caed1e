"""INSERT … ON CONFLICT, which SQLite and PostgreSQL write alike and SQLAlchemy by dialect."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, case
from sqlalchemy.dialects import postgresql, sqlite

from hss.models import Model

Insert = sqlite.Insert | postgresql.Insert


def insert_into(connection: Connection, model: type[Model]) -> Insert:
    """An INSERT that can be given an ON CONFLICT."""
    return insert_for(connection.dialect.name, model)


def insert_for(dialect: str, model: type[Model]) -> Insert:
    """The same for a dialect by its name, for a statement that is made once."""
    return postgresql.Insert(model) if dialect == "postgresql" else sqlite.Insert(model)


def later(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
    """The larger of two values of which either may be NULL; then it is the other."""
    return case((other.is_(None), one), (one.is_(None), other), (one > other, one), else_=other)
