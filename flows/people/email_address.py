"""E-mail addresses: what one is, how two are compared, and what looks like a forgery."""

import re
import unicodedata
from contextlib import suppress
from email.utils import parseaddr
from functools import lru_cache

import idna

_DOT_STRING = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
"""A local part without quotation marks (RFC 5321, 4.1.2)."""
_IN_TEXT = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+")
_LONGEST_LOCAL = 64
"""Octets (RFC 5321, 4.5.3.1.1)."""
_LONGEST = 254
"""Octets (RFC 5321, 4.5.3.1.3, erratum 1690)."""
_ALPHABETS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "GEORGIAN")
"""Scripts with letters that look like those of another (Unicode Technical Standard 39)."""


class AddressError(ValueError):
    """Not one e-mail address, or not a domain; the text says why."""


def parse(text: str, *, local_names: bool = False) -> str:
    """Return the one address in ``text`` (RFC 5321 syntax, no DNS), its domain in lower case.

    A domain stays in the letters it is written in, punycode ("xn--...") included. Letters outside
    ASCII are allowed (RFC 6531); whether the server takes them is found out when it is asked.
    ``local_names`` allows domains that no other machine resolves, such as localhost. Raises
    AddressError.
    """
    if text.count("@") > 1:
        raise AddressError(f"more than one address in the cell ({text}); keep one")
    local, at, domain = text.rpartition("@")
    simple = _DOT_STRING.fullmatch(local) and len(local) <= _LONGEST_LOCAL
    if at and simple and len(text) <= _LONGEST and domain.isascii():
        # Else what is said names the whole address, as whoever looks for it in the list needs it.
        with suppress(AddressError):
            return f"{local}@{_checked(domain, local_names)}"
    return _validated(text, local_names)


def ascii_address(text: str) -> str:
    """Return the one address in ``text``, which is in ASCII and may be at any host.

    For the office's own addresses: an envelope sender outside ASCII would ask every reader's
    server for SMTPUTF8. A domain in letters of its own is written in punycode. Raises AddressError.
    """
    written = for_the_wire(text)
    if not written.isascii():
        raise AddressError(f"{text!r} is not in ASCII letters")
    return parse(written, local_names=True)


def sender(text: str) -> str:
    """Return the one address in ``text`` as ``ascii_address`` does, from behind a name too.

    Raises AddressError, which says the text as it is written.
    """
    try:
        return ascii_address(parseaddr(text)[1])
    except AddressError:
        raise AddressError(
            f"{text!r} cannot be a sender: use an ASCII address at a named domain, like "
            "chair@example.org"
        ) from None


def for_the_wire(address: str) -> str:
    """Return the address with its domain in ASCII (RFC 5890), as headers and RCPT name it.

    An address whose local part is ASCII needs no SMTPUTF8 then. What cannot be written so is
    returned as it is.
    """
    if address.isascii():
        return address
    local, at, host = address.rpartition("@")
    try:
        return f"{local}{at}{idna.encode(host, uts46=True).decode()}"
    except idna.IDNAError:
        return address


def hidden(text: str) -> str:
    """Return the text with every address in it replaced by "(address)", for logs."""
    return _IN_TEXT.sub("(address)", text)


def domain(text: str) -> str:
    """Return the domain in ``text`` as ``key`` compares it. Raises AddressError."""
    try:
        return _fold(_checked(text, False))
    except AddressError as error:
        why = str(error).partition(": ")[2]
        raise AddressError(f"{text!r} is no domain: {why}") from None


def key(address: str) -> str:
    """Return what two spellings of one address have in common.

    The case of letters makes no difference: only the host may tell local parts apart by it (RFC
    5321, 2.3.11), and hardly one does. Nor does punycode (RFC 5891).
    """
    local, _, host = address.strip().rpartition("@")
    return f"{local.casefold()}@{_fold(host)}"


def mixed_scripts(text: str) -> str:
    """Return the scripts that one word or label of ``text`` mixes, "Cyrillic and Latin"; or ""."""
    if text.isascii():
        return ""
    for word in re.split(r"[\W\d_]+", text):
        found = {unicodedata.name(letter, "").partition(" ")[0] for letter in word}
        if len(mixed := found.intersection(_ALPHABETS)) > 1:
            return " and ".join(sorted(script.capitalize() for script in mixed))
    return ""


@lru_cache(4096)
def _checked(host: str, local_names: bool) -> str:
    """The domain as written, in lower case; many addresses share one."""
    return _validated(f"a@{host}", local_names).removeprefix("a@")


def _validated(text: str, local_names: bool) -> str:
    import email_validator  # slow to load, and a command that only asks has no address to check

    # The library refuses localhost, .local and .test by name; below another domain it takes them.
    suffix = ".example.org" if local_names and "@" in text else ""
    try:
        found = email_validator.validate_email(text + suffix, check_deliverability=False)
    except email_validator.EmailNotValidError as error:
        raise AddressError(f"{text!r} is no e-mail address: {str(error).rstrip('.')}") from None
    written = text.rpartition("@")[2]
    domain = found.ascii_domain if written.isascii() else found.domain
    return f"{found.local_part}@{domain.removesuffix(suffix)}"


def _fold(host: str) -> str:
    """One form for a domain written in its own letters and in punycode."""
    host = host.strip().rstrip(".").casefold()
    try:
        return host.encode("ascii").decode("idna")
    except UnicodeError:
        return host


def mailbox(name: str, address: str) -> str:
    """A From header's mailbox: ``address`` as it is where it already names somebody."""
    shown, bare = parseaddr(address)
    # Not formataddr: it encodes what is not ASCII, and the message would encode that once more.
    quoted = re.sub(r'(["\\])', r"\\\1", shown or name)
    return f'"{quoted}" <{bare}>' if quoted else bare
