"""What the DNS says of the domain that mails come from: MX, SPF, DMARC and the DKIM key.

Only the resolver of this machine, or the one that is set, is asked, for a few seconds at most.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from flows.letters.dkim_signing import Signer
from flows.people.email_address import for_the_wire

_SECONDS = 3.0
"""For one question, tries included. The first that nobody answers is the last that is asked."""
_RESERVED = ("example", "test", "invalid", "localhost", "local", "internal")
"""Top-level names that no public DNS has (RFC 2606, RFC 6761, RFC 6762)."""
_EXAMPLES = ("example.org", "example.com", "example.net")


class _OfflineError(Exception):
    """No resolver answers."""


@dataclass(frozen=True, slots=True)
class Resolver:
    """The DNS resolver that is asked: ``address`` "127.0.0.1:5353"; blank: this machine's own."""

    address: str = ""

    def _open(self) -> dns.resolver.Resolver:
        if not self.address:
            return dns.resolver.get_default_resolver()
        host, _, port = self.address.rpartition(":")
        made = dns.resolver.Resolver(configure=False)
        made.nameservers = [host or self.address]
        made.port = int(port) if host else 53
        return made

    def ask(self, name: str, kind: str) -> tuple[bool, list[str]]:
        """Whether the name exists, and its records of this kind. Raises _OfflineError."""
        try:
            found = self._open().resolve(name, kind, lifetime=_SECONDS, search=False)
        except dns.resolver.NXDOMAIN:
            return False, []
        except dns.resolver.NoAnswer:
            return True, []
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise _OfflineError(" ".join(str(error).split())[:160]) from error
        if kind == "TXT":  # the strings of one record are one text (RFC 7208 3.3)
            return True, [b"".join(record.strings).decode("utf-8", "replace") for record in found]
        return True, [record.to_text() for record in found]


def problems(address: str, signer: Signer | None, resolver: Resolver) -> Iterator[str]:
    """What keeps mails from this address from being accepted or answered, a line each."""
    domain = for_the_wire(address).rpartition("@")[2].lower()
    if not resolver.address and is_example(domain):
        yield (
            f"{domain} is a domain for examples and closed networks: other servers refuse mail "
            "from it, and nobody can answer; set MAIL_FROM to the office's own address"
        )
        return
    try:
        yield from _mx(domain, resolver)
        yield from _spf(domain, resolver)
        yield from _dmarc(domain, resolver)
        if signer:
            yield from _dkim(domain, signer, resolver)
    except _OfflineError as error:
        yield (
            f"the DNS does not answer ({error}), so MX, SPF, DMARC and DKIM of {domain} were not "
            "all looked at; check again when this machine is online"
        )


def is_example(domain: str) -> bool:
    """Whether the domain is reserved for examples or for networks without a public DNS."""
    if domain.rpartition(".")[2] in _RESERVED:
        return True
    return any(domain == one or domain.endswith(f".{one}") for one in _EXAMPLES)


def _mx(domain: str, resolver: Resolver) -> Iterator[str]:
    exists, records = resolver.ask(domain, "MX")
    if not exists:
        yield f"{domain} does not exist in the DNS: servers refuse mail from it; correct MAIL_FROM"
    elif any(record.split()[-1] == "." for record in records):
        yield f"{domain} says that it takes no mail (null MX, RFC 7505): nobody can answer"
    elif not records and not (resolver.ask(domain, "A")[1] or resolver.ask(domain, "AAAA")[1]):
        yield f"{domain} has no MX record: answers and reports of failed delivery get lost"


def _spf(domain: str, resolver: Resolver) -> Iterator[str]:
    texts = resolver.ask(domain, "TXT")[1]
    records = [text for text in texts if text.lower().split(" ")[0] == "v=spf1"]
    if not records:
        yield (
            f"{domain} has no SPF record: many servers refuse its mail or file it as spam; the "
            "provider of the mail server says which TXT record to add"
        )
    elif len(records) > 1:
        yield f"{domain} has {len(records)} SPF records, which counts as none (RFC 7208 4.5)"
    else:
        terms = records[0].lower().split()[1:]
        if "+all" in terms or "all" in terms:
            yield f"the SPF record of {domain} allows every machine to send (+all)"
        elif not any(term.lstrip("-~?") == "all" or "redirect=" in term for term in terms):
            yield f"the SPF record of {domain} forbids nobody: it has no ~all or -all at its end"


def _dmarc(domain: str, resolver: Resolver) -> Iterator[str]:
    labels = domain.split(".")
    for first in range(
        max(1, len(labels) - 1)
    ):  # the domain's own, else one above it (RFC 7489 6.6.3)
        name = ".".join(labels[first:])
        texts = resolver.ask(f"_dmarc.{name}", "TXT")[1]
        records = [text for text in texts if text.lower().replace(" ", "").startswith("v=dmarc1")]
        if len(records) > 1:
            yield f"{name} has {len(records)} DMARC records, which counts as none (RFC 7489 6.6.3)"
        if records:
            return
    yield (
        f"{domain} has no DMARC record: Gmail and Microsoft ask for one; a start is the TXT record "
        f'_dmarc.{domain} "v=DMARC1; p=none"'
    )


def _dkim(domain: str, signer: Signer, resolver: Resolver) -> Iterator[str]:
    import dkim

    name = f"{signer.selector}._domainkey.{signer.domain}"
    records = resolver.ask(name, "TXT")[1]
    if not records:
        yield f"{name} has no TXT record: nobody can check the signatures of MAIL_DKIM_KEY"
        return
    message = signer.signed(b"From: chair@example.org\r\n\r\ntest\r\n", datetime(2013, 9, 4))
    try:
        valid = dkim.verify(message, dnsfunc=lambda *asked, **options: records[0].encode())
    except dkim.DKIMException:
        valid = False
    if not valid:
        yield f"{name} is not the public key of MAIL_DKIM_KEY: every signature will fail"
    if not (domain == signer.domain or domain.endswith(f".{signer.domain}")):
        yield f"MAIL_DKIM_DOMAIN {signer.domain} is not the domain of {domain}: DMARC ignores it"
