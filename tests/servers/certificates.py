"""Certificates of a test's own authority: good, expired, self-signed, for another name."""

import datetime
import ssl
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Certificates:
    """An authority whose certificate is at ``authority``; clients trust it by SSL_CERT_FILE."""

    folder: Path

    @cached_property
    def _authority(self) -> trustme.CA:
        return trustme.CA()

    @cached_property
    def authority(self) -> Path:
        """PEM file of the authority."""
        path = self.folder / "authority.pem"
        self._authority.cert_pem.write_to_path(path)
        return path

    @cached_property
    def file(self) -> Path:
        """Key and chain for localhost and 127.0.0.1 in one PEM file, for Postfix and Dovecot."""
        path = self.folder / "localhost.pem"
        self._good.private_key_and_cert_chain_pem.write_to_path(path)
        return path

    @cached_property
    def _good(self) -> trustme.LeafCert:
        return self._authority.issue_cert("localhost", "127.0.0.1")

    def good(self) -> ssl.SSLContext:
        return _serving(self._good)

    def expired(self) -> ssl.SSLContext:
        past = datetime.datetime(2013, 9, 4, tzinfo=datetime.UTC)
        return _serving(self._authority.issue_cert("localhost", "127.0.0.1", not_after=past))

    def unknown(self) -> ssl.SSLContext:
        """Signed by an authority that nobody trusts, as a self-signed one is."""
        return _serving(trustme.CA().issue_cert("localhost", "127.0.0.1"))

    def other_name(self) -> ssl.SSLContext:
        return _serving(self._authority.issue_cert("mail.example.org"))


def _serving(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return context
