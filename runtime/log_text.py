"""Details of a log line as text, all in one go: what most lines say can be written down as it is."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from wire.frozen import dataclass

PLAIN = "[!#-<>-~]+"
"""Of a value that needs no quotation marks: visible ASCII, and neither space nor the marks that are between values."""

_WORD = r"[!#-<>-\[\]-~]"
_SPACED = f"{_WORD}* (?:{_WORD}| )*"
"""Of a value that needs quotation marks for its spaces alone: no JSON would escape anything in it."""
_is_spaced = re.compile(rf"{_SPACED}\Z").match

_SECRET_KEY = re.compile(r"(k|opc|op|ck|ik|xres|res|msk|emsk|sk_\w+|password|secret)\Z", re.IGNORECASE)
_NAME = re.compile(r"\w+\Z")

_KINDS: Mapping[type, tuple[str, str]] = {
    str: ("%s", PLAIN),
    # no longer than what is never taken for an IMSI
    int: ("%d", "-?[0-9]{1,13}"),
    bool: ("%s", "True|False"),
    type(None): ("%s", "None"),
}
"""How a value of a type, itself and no subclass, is written, and what it must look like then."""
_IMSI = "[0-9]{14,15}"
"""An IMSI that is hidden in the same way wherever it stands."""


@dataclass(frozen=True, slots=True)
class _Form:
    """The details of all lines with the same names and kinds of values."""

    template: str
    is_plain: Callable[[str], object]
    is_marked: Callable[[str], object]
    """The same, where values with spaces stand in quotation marks."""


@lru_cache(maxsize=1024)
def names_a_key(name: str) -> bool:
    """Whether what is called so is key material."""
    return _SECRET_KEY.match(name) is not None


def plain_details(event: Mapping[str, object]) -> str | None:
    """` name=value` for each detail, IMSIs whole; None where one of them must be looked at by itself.

    As no plain value has a space or an equals sign in it, one look at the whole text is a look at each value.
    """
    values = tuple(event.values())
    form = _form(tuple(event), tuple(map(type, values)))
    if form is None:
        return None
    text = form.template % values
    if form.is_plain(text):
        return text
    # a value without a space that has marks of its own is not taken for one of ours, which have spaces between them
    text = form.template % tuple([_marked(value) if type(value) is str and " " in value else value for value in values])
    return text if form.is_marked(text) else None


@lru_cache(maxsize=256)
def _marked(text: str) -> str:
    """`text` in quotation marks; nothing, which is in no form, where marks are not all that it needs."""
    return f'"{text}"' if _is_spaced(text) else ""


@lru_cache(maxsize=512)
def _form(names: tuple[str, ...], kinds: tuple[type, ...]) -> _Form | None:
    if any(names_a_key(name) or not _NAME.match(name) for name in names) or not _KINDS.keys() >= set(kinds):
        return None
    written, looks, marked = [], [], []
    for name, kind in zip(names, kinds, strict=True):
        conversion, look = _KINDS[kind]
        is_imsi = name == "imsi" and kind is str
        written.append(f" {name}={conversion}")
        looks.append(f" {name}=({_IMSI if is_imsi else look})")
        marked.append(f' {name}=({look}|"{_SPACED}")' if kind is str and not is_imsi else looks[-1])
    plain, spaced = (re.compile("".join(one) + r"\Z").match for one in (looks, marked))
    return _Form("".join(written), plain, spaced)
