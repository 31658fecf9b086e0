"""What the DNS says of the sender's domain, asked of a resolver on the loopback."""

from pathlib import Path

import pytest

from flows.letters.dkim_signing import Signer
from flows.post.smtp.deliverability import Resolver, problems
from tests.servers.dkim_key import dkim_key
from tests.servers.dns import Zone, dns_server

GOOD: Zone = {
    "office.example.org": {
        "MX": ["10 mail.example.org."],
        "TXT": ['"v=spf1 include:mail.example.org -all"', '"some-verification=abc"'],
    },
    "_dmarc.office.example.org": {"TXT": ['"v=DMARC1; p=none"']},
}
CHAIR = "chair@office.example.org"


def said(zone: Zone, address: str = CHAIR, signer: Signer | None = None) -> list[str]:
    with dns_server(zone) as server:
        return list(problems(address, signer, Resolver(server.address)))


def changed(name: str, **records: list[str]) -> Zone:
    return {**GOOD, name: {**GOOD.get(name, {}), **records}}


def test_a_domain_with_everything_in_order_is_passed_over_in_silence() -> None:
    assert said(GOOD) == []


def test_the_policy_of_the_domain_above_holds_for_one_below() -> None:
    zone = {name: records for name, records in GOOD.items() if not name.startswith("_dmarc")}
    assert said({**zone, "_dmarc.example.org": {"TXT": ['"v=DMARC1; p=reject"']}}) == []


def test_a_domain_in_its_own_letters_is_asked_for_in_punycode() -> None:
    with dns_server({}) as server:
        list(problems("chair@exämple.org", None, Resolver(server.address)))
    assert "xn--exmple-cua.org MX" in server.asked


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (changed("office.example.org", MX=["0 ."]), "takes no mail"),
        (changed("office.example.org", MX=[]), "has no MX record"),
        (changed("office.example.org", TXT=['"unrelated"']), "has no SPF record"),
        (
            changed("office.example.org", TXT=['"v=spf1 -all"', '"v=spf1 mx -all"']),
            "has 2 SPF records",
        ),
        (changed("office.example.org", TXT=['"v=spf1 +all"']), "allows every machine"),
        (changed("office.example.org", TXT=['"v=spf1 mx"']), "forbids nobody"),
        (changed("_dmarc.office.example.org", TXT=[]), "has no DMARC record"),
        (
            changed(
                "_dmarc.office.example.org",
                TXT=['"v=DMARC1; p=none"'] * 1 + ['"v=DMARC1;p=reject"'],
            ),
            "has 2 DMARC records",
        ),
    ],
)
def test_what_is_missing_or_wrong_is_one_line(zone: Zone, expected: str) -> None:
    (line,) = said(zone)
    assert expected in line
    assert "office.example.org" in line


def test_a_domain_that_does_not_exist_is_said_first() -> None:
    assert "does not exist in the DNS" in said({})[0]


def test_a_key_that_is_not_in_the_dns_and_one_that_is_another_are_told_apart(
    tmp_path: Path,
) -> None:
    key, public = dkim_key(tmp_path)
    _, another = dkim_key(tmp_path / "another")
    signer = Signer.load("office.example.org", "letters", key)
    name = "letters._domainkey.office.example.org"
    assert said(changed(name, TXT=[public]), signer=signer) == []
    assert "has no TXT record" in said(GOOD, signer=signer)[0]
    assert "is not the public key" in said(changed(name, TXT=[another]), signer=signer)[0]
    elsewhere = Signer.load("example.net", "letters", key)
    zone = changed("letters._domainkey.example.net", TXT=[public])
    assert "DMARC ignores it" in said(zone, signer=elsewhere)[0]


def test_a_resolver_that_never_answers_is_said_and_asked_once() -> None:
    with dns_server(GOOD, silent=True) as server:
        (line,) = problems(CHAIR, None, Resolver(server.address))
    assert "the DNS does not answer" in line
    assert {asked.split()[1] for asked in server.asked} == {"MX"}


def test_a_domain_for_examples_is_told_without_asking_the_network() -> None:
    """The tests' guard would stop a question to another host."""
    (line,) = problems("chair@example.org", None, Resolver())
    assert "a domain for examples" in line
