"""Runs the revisions on the connection that `hss.store.schema` hands over."""

from alembic import context
from sqlalchemy import Connection

from hss.models import Model


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Model.metadata, render_as_batch=True, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


_migrate(context.config.attributes["connection"])
