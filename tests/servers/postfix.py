"""A private Postfix: STARTTLS, SASL through Dovecot, every reader of example.org in one Maildir."""

import contextlib
import mailbox
import pwd
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers.certificates import Certificates
from tests.servers.programs import find, free_port, wait_until_open

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = mail.example.org
mydestination =
mynetworks =
inet_interfaces = loopback-only
inet_protocols = ipv4
disable_dns_lookups = yes
smtp_host_lookup = native
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = example.org
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
virtual_transport = {transport}
{extra}
mailbox_size_limit = 0
virtual_mailbox_limit = 0
message_size_limit = 52428800
smtpd_recipient_restrictions =
    check_recipient_access inline:{{
        {{ {refused} = 550 5.1.1 no such reader }}, {{ {busy} = 450 4.2.0 try again later }} }},
    permit_sasl_authenticated, reject_unauth_destination
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_chain_files = {folder}/localhost.pem
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = {sasl_enable}
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{sasl}
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_peername_lookup = no
"""

LMTP = """recipient_delimiter = +
transport_maps = inline:{{ {{ {gone} = error:5.1.1 no such mailbox here }} }}
smtpd_reject_unlisted_recipient = no
notify_classes =
"""

MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n -  0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n -  - trivial-rewrite
bounce    unix  - - n -  0 bounce
defer     unix  - - n -  0 bounce
trace     unix  - - n -  0 bounce
verify    unix  - - n -  1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n -  - proxymap
smtp      unix  - - n -  - smtp
lmtp      unix  - - n -  - lmtp
error     unix  - - n -  - error
retry     unix  - - n -  - error
discard   unix  - - n -  - discard
virtual   unix  - n n -  - virtual
anvil     unix  - - n -  1 anvil
scache    unix  - - n -  1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True)
class Postfix:
    """One running instance."""

    folder: Path
    port: int
    refused: str = "refused@example.org"
    """RCPT answers 550 5.1.1."""
    busy: str = "busy@example.org"
    """RCPT answers 450 4.2.0."""
    gone: str = "gone@example.org"
    """Taken, and then reported as undeliverable, where mail goes on by LMTP."""

    def delivered(self) -> Counter[tuple[str, str]]:
        """Copies in the Maildir by (Message-ID, reader), the reader from Delivered-To."""
        return Counter(
            (str(message["Message-ID"]).strip(), str(message["Delivered-To"]).strip())
            for message in mailbox.Maildir(self.folder / "mail" / "all", create=False)
        )

    def wait_delivered(self, message_id: str, seconds: float = 60) -> Counter[tuple[str, str]]:
        """The copies, once this letter is among them: delivery runs behind the answer."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            copies = self.delivered()
            if any(identifier == message_id for identifier, _ in copies):
                return copies
            time.sleep(0.02)
        raise TimeoutError(f"{message_id} was not delivered in {seconds} s:\n{self.log[-3000:]}")

    @property
    def log(self) -> str:
        return (self.folder / "postfix.log").read_text(errors="replace")


@contextlib.contextmanager
def postfix(
    certificates: Certificates,
    sasl: int | None = None,
    *,
    discard: bool = False,
    lmtp: int | None = None,
    port: int | None = None,
) -> Iterator[Postfix]:
    """Start one and stop it; ``sasl`` is Dovecot's port, ``discard`` drops mail once queued,
    ``lmtp`` is the port that it goes on by, to a mailbox each."""
    program = find("postfix")
    if program is None:
        raise FileNotFoundError("postfix: apt-get install postfix")
    # Others than root must be able to enter: pytest's tmp_path is closed to them.
    folder = Path(tempfile.mkdtemp(prefix="dm-postfix-"))
    folder.chmod(0o711)
    instance = Postfix(folder, port or free_port())
    nobody = pwd.getpwnam("nobody")
    for name in ("queue", "data", "mail"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    mailbox.Maildir(folder / "mail" / "all", create=True)
    for path in (folder / "mail", *(folder / "mail").rglob("*")):
        shutil.chown(path, "nobody", nobody.pw_gid)
    shutil.copy(certificates.file, folder / "localhost.pem")
    (folder / "master.cf").write_text(MASTER.format(port=instance.port))
    (folder / "main.cf").write_text(
        MAIN.format(
            folder=folder,
            uid=nobody.pw_uid,
            gid=nobody.pw_gid,
            transport=f"lmtp:inet:127.0.0.1:{lmtp}"
            if lmtp
            else "discard:"
            if discard
            else "virtual",
            extra=LMTP.format(gone=instance.gone) if lmtp else "",
            refused=instance.refused,
            busy=instance.busy,
            sasl_enable="yes" if sasl else "no",
            sasl=sasl or 0,
        )
    )
    command = [program, "-c", str(folder)]
    try:
        started = subprocess.run(
            [*command, "start"], stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        if started.returncode:
            log = folder / "postfix.log"
            raise RuntimeError(started.stderr + (log.read_text() if log.exists() else ""))
        wait_until_open(instance.port, folder / "postfix.log")
        yield instance
    finally:
        # Ending master alone would leave its children.
        subprocess.run([*command, "stop"], capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)
