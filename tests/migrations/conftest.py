"""The databases, the vault and the registry of the tests of the HSS."""

from tests.hss.conftest import _empty_database, database_path, location, registry, vault

__all__ = ["_empty_database", "database_path", "location", "registry", "vault"]
