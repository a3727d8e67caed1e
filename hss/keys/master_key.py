"""Where the master key comes from: a file of its own, an environment variable, or a PKCS#11 token."""

import os
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path

from hss.keys.token import SCHEME, TokenMasterKey, TokenSource, open_token, parse_token_source
from hss.keys.vault import KEY_LENGTH, KEY_VERSION, MasterKeyRefused, Vault, key_of, read_master_key
from wire.sansio import RandomBytes
from wire.secret import Secret

_VARIABLE = "env:"


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable that holds the key as hex or base64."""

    name: str

    def __str__(self) -> str:
        return f"{_VARIABLE}{self.name}"


MasterSource = Path | Variable | TokenSource
"""A file that its owner alone can read, a variable of the environment, or a token."""


def parse_source(text: str, folder: Path) -> MasterSource:
    """The source that `text` names: "env:NAME", or a file's path relative to `folder`. ValueError: what to write."""
    if text.startswith(SCHEME):
        return parse_token_source(text, folder)
    if not text.startswith(_VARIABLE):
        return folder / Path(text).expanduser()
    name = text.removeprefix(_VARIABLE)
    if not name.isidentifier():
        raise ValueError(f"{text!r} names no environment variable; write env:NAME, or a file's path")
    return Variable(name)


def open_master(
    source: MasterSource, random: RandomBytes, environment: MutableMapping[str, str] = os.environ
) -> Vault | TokenMasterKey:
    """The master key of `source`, to seal and open with; MasterKeyRefused, a line that says what to do.

    A variable is taken out of `environment`, so that no child process inherits it.
    """
    if isinstance(source, TokenSource):
        return open_token(source, random)
    key = read_variable(source, environment) if isinstance(source, Variable) else read_master_key(source)
    return Vault({KEY_VERSION: key}, random=random)


def read_variable(source: Variable, environment: MutableMapping[str, str]) -> Secret:
    """The key in a variable, which is not there afterwards; MasterKeyRefused as `open_master`."""
    text = environment.pop(source.name, None)
    if text is None:
        here = f"{source}: there is no such variable"
        raise MasterKeyRefused(f"{here}; set {source.name}, or name a file in hss.master_key")
    key = key_of(text.strip())
    if key is None:
        raise MasterKeyRefused(f"{source}: holds no master key; it takes {KEY_LENGTH} octets as hex or base64")
    return key
