"""The databases of tests that need one and nothing else of the HSS."""

from tests.hss.conftest import _empty_database, database_path, location

__all__ = ["_empty_database", "database_path", "location"]
