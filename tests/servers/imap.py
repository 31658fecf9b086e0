"""Dovecot: IMAP over plain, STARTTLS and TLS, LMTP, and SASL for Postfix."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers.certificates import Certificates
from tests.servers.programs import find, free_port, running

CONFIGURATION = """
protocols = imap lmtp
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
default_internal_user = dovecot
default_login_user = dovenull
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{folder}/mail/%u
ssl = yes
ssl_cert = <{pem}
ssl_key = <{pem}
disable_plaintext_auth = no
auth_mechanisms = plain login
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
  mailbox Archive {{
    auto = create
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {sasl}
  }}
}}
recipient_delimiter = +
lmtp_save_to_detail_mailbox = no
postmaster_address = postmaster@example.org
{sieve}
# A test that gives a wrong password must not slow down the next one.
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""

SIEVE = """
submission_host = 127.0.0.1:{submission}
protocol lmtp {{
  mail_plugins = $mail_plugins sieve
}}
plugin {{
  sieve = {folder}/sieve/%u.sieve
}}
"""
"""Pigeonhole, for answers of people who are away."""


@dataclass(frozen=True)
class Dovecot:
    """Ports of one running instance. Any user name is known; all have the same password."""

    folder: Path
    imap: int
    """Plain and STARTTLS."""
    imaps: int
    lmtp: int
    sasl: int
    """Authentication for Postfix: smtpd_sasl_path = inet:127.0.0.1:PORT."""
    password: str = "correct-horse"

    def away(self, user: str, words: str) -> None:
        """From here on this user's mail is answered by a vacation notice (RFC 5230)."""
        folder = self.folder / "sieve"
        folder.mkdir(exist_ok=True)
        shutil.chown(folder, "nobody", "nogroup")
        script = folder / f"{user}.sieve"
        script.write_text(f'require ["vacation"];\nvacation :days 1 "{words}";\n')
        shutil.chown(script, "nobody", "nogroup")


@contextlib.contextmanager
def dovecot(certificates: Certificates, submission: int | None = None) -> Iterator[Dovecot]:
    """Start one and stop it. ``submission``: the port that Pigeonhole's answers go out by; without
    it there is no Pigeonhole."""
    program = find("dovecot")
    if program is None:
        raise FileNotFoundError("dovecot: apt-get install dovecot-imapd dovecot-lmtpd")
    folder = Path(tempfile.mkdtemp(prefix="dm-dovecot-"))
    folder.chmod(0o711)
    try:
        (folder / "mail").mkdir()
        shutil.chown(folder / "mail", "nobody", "nogroup")
        pem = shutil.copy(certificates.file, folder / "localhost.pem")
        instance = Dovecot(folder, *(free_port() for _ in range(4)))
        configuration = folder / "dovecot.conf"
        configuration.write_text(
            CONFIGURATION.format(
                folder=folder,
                pem=pem,
                imap=instance.imap,
                imaps=instance.imaps,
                lmtp=instance.lmtp,
                sasl=instance.sasl,
                password=instance.password,
                sieve=SIEVE.format(submission=submission, folder=folder) if submission else "",
            )
        )
        command = [program, "-F", "-c", str(configuration)]
        with running(command, instance.imap, folder / "start.log"):
            yield instance
    finally:
        shutil.rmtree(folder, ignore_errors=True)
