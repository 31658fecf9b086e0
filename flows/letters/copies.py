"""Who gets a copy of the mail: mailboxes built from their parts, so that what a list says of a
reader is a name or an address, and never adds another recipient."""

import re
from collections.abc import Iterator, Mapping
from email.utils import getaddresses
from typing import Any, NamedTuple

from flows.errors import RowError
from flows.letters import headers
from flows.letters.headers import HeaderError
from flows.letters.jinja_environment import TemplateText

_OPEN, _CLOSE = "\ue000", "\ue001"
_VALUE = re.compile(f"{_OPEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}")
_PLACE = re.compile(f"{_OPEN}(\\d+){_CLOSE}")


class Mailbox(NamedTuple):
    """The name shown, blank where there is none, and the address."""

    name: str
    address: str


def marked(value: object) -> str:
    """A printed value between marks: the ``finalize`` of the environment that ``cc`` is compiled
    in. What stands outside the marks is the campaign's own text."""
    return f"{_OPEN}{str(value).replace(_OPEN, '').replace(_CLOSE, '')}{_CLOSE}"


def copies(cc: TemplateText, context: Mapping[str, Any]) -> tuple[Mailbox, ...]:
    """The mailboxes that get a copy of this reader's mail; () where ``cc`` comes to nothing.

    In ``{{ reader.name }} <office@example.org>`` the value is a name, whatever is in it. A value
    that stands alone may be a mailbox, or several. Raises RowError.
    """
    values: list[str] = []

    def place(found: re.Match[str]) -> str:
        values.append(found[1])
        return f"{_OPEN}{len(values) - 1}{_CLOSE}"

    text = _VALUE.sub(place, cc.filled(context))
    made: list[Mailbox] = []
    for name, address in _parsed(text):
        alone = _PLACE.fullmatch(address)
        if alone and not name:
            made += [_checked(*one) for one in _parsed(values[int(alone[1])])]
        else:
            made.append(_checked(_filled(name, values), _filled(address, values)))
    return tuple(made)


def _parsed(text: str) -> Iterator[tuple[str, str]]:
    wanted = [part for part in text.replace(";", ",").split(",") if part.strip()]
    found = [one for one in getaddresses([",".join(wanted)]) if any(one)]
    if wanted and not found:  # Python's parser gives up on the whole text at once
        raise RowError("cc", f"{text.strip()!r} is not one e-mail address")
    yield from found


def _filled(text: str, values: list[str]) -> str:
    return _PLACE.sub(lambda found: values[int(found[1])], text)


def _checked(name: str, address: str) -> Mailbox:
    try:
        headers.need_printable(name)
        headers.wire_address(address)
    except HeaderError as error:
        raise RowError("cc", str(error)) from error
    return Mailbox(name, address)
