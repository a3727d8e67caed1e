"""A PKCS#11 token that holds the master key, and in whose custody K may be (PKCS#11 v2.40, RFC 7512).

Two AES keys of 256 bits lie in it, neither of which can be taken out: the object that the URI names wraps data keys by
AES-GCM; the one that has "-k" after that name wraps K by AES key wrap (RFC 3394). A wrapped K is opened inside the
token alone, for as long as one vector takes.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol, cast
from urllib.parse import parse_qs, unquote

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass, exceptions
from pkcs11.exceptions import NoSuchKey, PKCS11Error
from pkcs11.mechanisms import GCMParams

from hss.keys.vault import Altered, MasterKeyRefused, Misplaced, VaultError
from wire.aka.milenage import Milenage, MilenageConstants
from wire.sansio import RandomBytes
from wire.secret import Secret

SCHEME = "pkcs11:"
FORM = "pkcs11:token=LABEL;object=LABEL?module-path=/usr/lib/….so&pin-source=file:/path"
_FORMAT = b"\x03"
_HEADER = 9
_NONCE = 12
_TAG = 16
_BODY = _HEADER + _NONCE
_ACCESS_BY_OTHERS = 0o077


class TokenKey(Protocol):
    """A key of a token, as python-pkcs11 gives it at run time."""

    def encrypt(self, data: bytes, *, mechanism: Mechanism, mechanism_param: object = None) -> bytes:
        """`data` enciphered."""

    def decrypt(self, data: bytes, *, mechanism: Mechanism, mechanism_param: object = None) -> bytes:
        """`data` deciphered."""

    def wrap_key(self, key: object, *, mechanism: Mechanism) -> bytes:
        """`key` as this one alone opens it."""

    def unwrap_key(
        self, kind: ObjectClass, algorithm: KeyType, wrapped: bytes, *, mechanism: Mechanism, template: object
    ) -> "TokenKey":
        """The key in `wrapped`, as an object of the session."""

    def destroy(self) -> None:
        """Forget it."""


class TokenFailed(VaultError):
    """The token did not do it; one line with its own name for why."""


@dataclass(frozen=True, slots=True)
class TokenSource:
    """Which token, which object in it, by which module, and the file of the PIN (RFC 7512 §2.3, §2.4)."""

    token: str
    object: str
    module: Path
    pin_file: Path

    def __str__(self) -> str:
        return f"{SCHEME}token={self.token};object={self.object}"


def parse_token_source(text: str, folder: Path) -> TokenSource:
    """The source in a PKCS#11 URI; ValueError says what to write."""
    path, _, query = text.removeprefix(SCHEME).partition("?")
    attributes = dict(part.partition("=")[::2] for part in path.split(";") if part)
    options = {name: values[0] for name, values in parse_qs(query).items()}
    pin = options.get("pin-source", "").removeprefix("file:")
    if not (attributes.get("token") and attributes.get("object") and options.get("module-path") and pin):
        raise ValueError(f"is no whole PKCS#11 URI; write {FORM}")
    return TokenSource(
        token=unquote(attributes["token"]),
        object=unquote(attributes["object"]),
        module=Path(options["module-path"]),
        pin_file=folder / pin,
    )


class TokenMasterKey:
    """The master key in a token: `hss.keys.data_keys.MasterKey`, and the custodian of wrapped K.

    PKCS#11 sessions are not for two threads at once, so its methods take turns.
    """

    def __init__(self, session: pkcs11.Session, source: TokenSource, random: RandomBytes) -> None:
        self._session = session
        self._source = source
        self._random = random
        self._lock = threading.Lock()
        self._master = self._key(source.object)

    @property
    def fingerprint(self) -> str:
        """16 hex digits that tell one master key from another, and no more."""
        with self._turn("tell the fingerprint of the master key"):
            block = self._master.encrypt(bytes(16), mechanism=Mechanism.AES_ECB)
        return hashlib.sha256(b"akadia token key\0" + bytes(block)).hexdigest()[:16]

    def seal(self, value: bytes, *, table: str, column: str, imsi: str) -> bytes:
        """`value` sealed inside the token for this place: format 1 octet, check 8, nonce 12, ciphertext, tag 16."""
        place = _place(table, column, imsi)
        header, nonce = _FORMAT + _check(place), self._random(_NONCE)
        with self._turn(f"seal {table}.{column}"):
            return header + nonce + bytes(self._master.encrypt(bytes(value), **_gcm(nonce, header + place)))

    def open(self, sealed: bytes, *, table: str, column: str, imsi: str) -> Secret:
        """What was sealed for this place; a VaultError names what is wrong otherwise."""
        place, where = _place(table, column, imsi), f"{table}.{column} of {imsi}"
        if len(sealed) < _BODY + _TAG or sealed[:1] != _FORMAT:
            raise Altered(f"{where}: was not sealed by a token, or was cut")
        nonce, header = sealed[_HEADER:_BODY], sealed[:_HEADER]
        try:
            with self._lock:
                return Secret(self._master.decrypt(sealed[_BODY:], **_gcm(nonce, header + place)))
        except PKCS11Error:
            _explain(where, sealed, place)

    def wrap_k(self, k: Secret) -> bytes:
        """K of 16 octets as the token alone can open it."""
        template = {
            Attribute.CLASS: ObjectClass.SECRET_KEY,
            Attribute.KEY_TYPE: KeyType.AES,
            Attribute.VALUE: bytes(k),
            Attribute.EXTRACTABLE: True,
            Attribute.TOKEN: False,
        }
        with self._turn("wrap K"):
            one = self._session.create_object(template)
            try:
                return bytes(self._wrapping().wrap_key(one, mechanism=Mechanism.AES_KEY_WRAP))
            finally:
                one.destroy()

    def functions(self, wrapped: bytes, opc: Secret, constants: MilenageConstants | None) -> "TokenFunctions":
        """Milenage with a K that only the token can open."""
        return TokenFunctions(self, wrapped, opc, constants)

    @contextmanager
    def opened_k(self, wrapped: bytes) -> Iterator[TokenKey]:
        """K as an object of the session that cannot be read, gone at the end."""
        template = {
            Attribute.EXTRACTABLE: False,
            Attribute.SENSITIVE: True,
            Attribute.ENCRYPT: True,
            Attribute.TOKEN: False,
        }
        with self._turn("open a wrapped K"):
            one = self._wrapping().unwrap_key(
                ObjectClass.SECRET_KEY, KeyType.AES, wrapped, mechanism=Mechanism.AES_KEY_WRAP, template=template
            )
            try:
                yield one
            finally:
                one.destroy()

    def _wrapping(self) -> TokenKey:
        return self._key(f"{self._source.object}-k")

    def _key(self, label: str) -> TokenKey:
        try:
            return cast("TokenKey", self._session.get_key(object_class=ObjectClass.SECRET_KEY, label=label))
        except NoSuchKey:
            here = f"{self._source}: the token has no key {label}"
            raise MasterKeyRefused(f"{here}; make both with: akadia keys init-token") from None

    @contextmanager
    def _turn(self, what: str) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except PKCS11Error as error:
                raise TokenFailed(f"the token did not {what}: {type(error).__name__}") from None


class TokenFunctions:
    """`wire.aka.functions.AkaFunctions` whose AES runs inside the token: each call takes the token's time."""

    def __init__(self, token: TokenMasterKey, wrapped: bytes, opc: Secret, constants: MilenageConstants | None) -> None:
        self._token = token
        self._wrapped = wrapped
        self._opc = opc
        self._constants = constants

    def vector(self, rand: bytes, sqn: bytes, amf: bytes) -> tuple[bytes, Secret, Secret, Secret, bytes]:
        """(MAC-A 8, XRES 8, CK 16, IK 16, AK 6 octets)."""
        with self._milenage() as milenage:
            return milenage.vector(rand, sqn, amf)

    def f1star(self, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        """MAC-S, 8 octets."""
        with self._milenage() as milenage:
            return milenage.f1star(rand, sqn, amf)

    def f5star(self, rand: bytes) -> bytes:
        """AK* of 6 octets."""
        with self._milenage() as milenage:
            return milenage.f5star(rand)

    @contextmanager
    def _milenage(self) -> Iterator[Milenage]:
        with self._token.opened_k(self._wrapped) as k:
            yield Milenage.over(
                lambda blocks: bytes(k.encrypt(blocks, mechanism=Mechanism.AES_ECB)), self._opc, self._constants
            )


def open_token(source: TokenSource, random: RandomBytes) -> TokenMasterKey:
    """The master key in a token; MasterKeyRefused, a line that says what to do."""
    return TokenMasterKey(open_session(source), source, random)


def open_session(source: TokenSource) -> pkcs11.Session:
    """A session of the token's user; MasterKeyRefused as `open_token`."""

    pin = _read_pin(source)
    try:
        token = pkcs11.lib(str(source.module)).get_token(token_label=source.token)
        return token.open(rw=True, user_pin=pin)
    except exceptions.NoSuchToken:
        raise MasterKeyRefused(
            f"{source}: the module {source.module} has no such token; name one that it has"
        ) from None
    except (exceptions.PinIncorrect, exceptions.PinLenRange):
        raise MasterKeyRefused(f"{source}: the PIN is wrong; correct it in {source.pin_file}") from None
    except exceptions.UserAlreadyLoggedIn:
        return token.open(rw=True)
    except exceptions.PKCS11Error as error:
        cause = " ".join(str(error).split()) or type(error).__name__
        raise MasterKeyRefused(f"{source}: {cause}; name the token's module in module-path") from None


def init_token(source: TokenSource) -> list[str]:
    """Make the two keys that are not there yet, inside the token; their names."""
    session = open_session(source)
    made = []
    for label in (source.object, f"{source.object}-k"):
        try:
            session.get_key(object_class=ObjectClass.SECRET_KEY, label=label)
        except NoSuchKey:
            kept = {Attribute.EXTRACTABLE: False, Attribute.SENSITIVE: True}
            session.generate_key(KeyType.AES, 256, label=label, store=True, template=kept)
            made.append(label)
    return made


def _read_pin(source: TokenSource) -> str:
    try:
        mode = source.pin_file.stat().st_mode
        text = source.pin_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise MasterKeyRefused(f"{source}: the PIN cannot be read from {source.pin_file}; put it there") from None
    if mode & _ACCESS_BY_OTHERS:
        raise MasterKeyRefused(
            f"{source.pin_file}: others can read the PIN; close it with: chmod 600 {source.pin_file}"
        )
    return text


def _gcm(nonce: bytes, associated: bytes) -> dict[str, Any]:
    return {"mechanism": Mechanism.AES_GCM, "mechanism_param": GCMParams(nonce, associated, 8 * _TAG)}


def _place(table: str, column: str, imsi: str) -> bytes:
    return f"akadia token\0{table}\0{column}\0{imsi}".encode()


def _check(place: bytes) -> bytes:
    return hashlib.sha256(place).digest()[:8]


def _explain(where: str, sealed: bytes, place: bytes) -> NoReturn:
    if sealed[1:_HEADER] != _check(place):
        raise Misplaced(f"{where}: was sealed for another row or column, and does not open here") from None
    raise Altered(f"{where}: was changed after it was sealed, or sealed by another key of the token") from None
