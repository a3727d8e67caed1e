"""Tokens of the API."""

from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select

from hss.keys.vault import Vault
from hss.models import ApiToken
from hss.provisioning import tokens
from hss.provisioning.change import NotThere, ProvisioningRefused
from hss.provisioning.tokens import Caller, Role
from hss.store.engines import transaction
from hss.store.location import Location
from tests.hss.provisioning.desk import change, entries, now


def issued(location: Location, vault: Vault, name: str = "billing", *roles: Role, days: int = 1) -> bytes:
    with change(location, vault) as one:
        expires = now() + timedelta(days=days)
        return bytes(tokens.issue(one, name, roles or [Role.READER], expires, Random(name).randbytes))


def caller(location: Location, token: bytes, days: int = 0) -> Caller | None:
    with transaction(location, read_only=True) as connection:
        return tokens.identify(connection, token, now() + timedelta(days=days))


def test_token_is_its_owners_until_it_expires_or_is_revoked(location: Location, vault: Vault) -> None:
    token = issued(location, vault)
    assert token.startswith(b"akadia_")
    assert len(token) == 50
    assert caller(location, token) == Caller("billing", frozenset({Role.READER}))
    assert caller(location, token, days=1) is None
    assert caller(location, token + b"x") is None
    with change(location, vault) as one:
        tokens.revoke(one, "billing")
    assert caller(location, token) is None
    with pytest.raises(NotThere, match="there is no token billing to revoke"), change(location, vault) as one:
        tokens.revoke(one, "billing")
    assert [(e.action, e.subject) for e in entries(location)] == [("token.add", "billing"), ("token.revoke", "billing")]


def test_nothing_that_opens_is_kept(location: Location, vault: Vault) -> None:
    token = issued(location, vault)
    with transaction(location, read_only=True) as connection:
        row = connection.execute(select(ApiToken)).mappings().one()
    assert token not in repr(dict(row)).encode()
    assert token.decode() not in str(entries(location))
    assert token.decode() not in repr(tokens.issue)


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.READER, {Role.READER}),
        (Role.PROVISIONER, {Role.PROVISIONER, Role.READER}),
        (Role.IMPORTER, {Role.IMPORTER, Role.READER}),
        (Role.VECTORS, {Role.VECTORS}),
        (Role.ADMIN, {Role.ADMIN, Role.READER, Role.PROVISIONER, Role.IMPORTER}),
    ],
)
def test_nobody_but_vectors_may_have_vectors(location: Location, vault: Vault, role: Role, may: set[Role]) -> None:
    found = caller(location, issued(location, vault, "x", role))
    assert found is not None
    assert found.roles == may


def test_name_is_used_once_and_a_role_is_needed(location: Location, vault: Vault) -> None:
    issued(location, vault)
    for name, roles, said in (
        ("billing", [Role.READER], "a token billing is there, or was"),
        ("a b", [Role.READER], "is no name of a token"),
        ("x", [], "token x needs a role: reader, provisioner, importer, vectors, admin"),
    ):
        with pytest.raises(ProvisioningRefused, match=said), change(location, vault) as one:
            tokens.issue(one, name, roles, None, Random(1).randbytes)


def test_tokens_are_listed_by_name(location: Location, vault: Vault) -> None:
    issued(location, vault, "b", Role.ADMIN, Role.VECTORS)
    issued(location, vault, "a")
    with transaction(location, read_only=True) as connection:
        rows = [tokens.described(line) for line in tokens.listed(connection)]
    assert [(row["name"], row["roles"], row["revoked"]) for row in rows] == [
        ("a", ["reader"], None),
        ("b", ["vectors", "admin"], None),
    ]
