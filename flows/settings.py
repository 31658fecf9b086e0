"""Settings from the environment and .env; a command's option wins over both."""

import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from difflib import get_close_matches
from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from dotenv import dotenv_values
from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from flows.errors import ConfigurationError, Fault
from flows.people import email_address
from flows.post.delivery.office_hours import OfficeHours
from flows.post.delivery.rate import Schedule, interval
from flows.post.mailing.return_path import LONGEST_LOCAL_PART
from flows.post.smtp.server import Server, loopback

if TYPE_CHECKING:
    from flows.post.smtp.imap import ImapFolder

ENV_FILE = ".env"
Security = Literal["tls", "starttls", "none"]
_Lower = BeforeValidator(lambda value: value.strip().lower() if isinstance(value, str) else value)
_PORTS = {"tls": 465, "starttls": 587, "none": 25}
_IMAP_PORTS = {"tls": 993, "starttls": 143, "none": 143}


class Settings(BaseSettings):
    """Every setting, with its safe default; .env.example describes them. Made by ``load``."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    smtp_host: str = ""
    smtp_port: int = Field(0, ge=0, le=65535)
    smtp_security: Annotated[Security, _Lower] = "tls"
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_connections: int = Field(4, ge=1, le=64)
    smtp_timeout: float = Field(600, gt=0)
    mail_from: str = ""
    mail_reply_to: str = ""
    mail_bcc_archive: str = ""
    mail_bounces_to: str = ""
    mail_rate: str = ""
    mail_redirect_to: str = ""
    mail_retry_minutes: str = "5 15 30 60 120 240"
    mail_give_up_days: float = Field(5, gt=0)
    imap_host: str = ""
    imap_port: int = Field(0, ge=0, le=65535)
    imap_security: Annotated[Security, _Lower] = "tls"
    imap_user: str = ""
    imap_password: SecretStr = SecretStr("")
    imap_folder: str = "Sent"
    imap_inbox: str = "INBOX"
    imap_mark_read: bool = False
    letter_processes: int = Field(0, ge=0, le=64)
    members_api_url: str = "https://members-api.parliament.uk"
    office_hours: str = "Mon-Fri 08:00-18:00"
    late_start_hours: float = Field(2, gt=0)
    ledger_url: str = ""
    dear_minister_var: Path = Path("var")

    @property
    def var(self) -> Path:
        """Where runtime files go."""
        return self.dear_minister_var

    @property
    def ledger(self) -> str:
        """The ledger's address."""
        return self.ledger_url or f"sqlite:///{self.var / 'ledger.db'}"

    @property
    def server(self) -> Server:
        """The mail server for live sendings. Raises ConfigurationError where none is named."""
        if not self.smtp_host:
            raise ConfigurationError(
                "SMTP_HOST is not set: name the mail server in .env (see .env.example)"
            )
        return Server(
            self.smtp_host,
            self.smtp_port or _PORTS[self.smtp_security],
            self.smtp_security,
            self.smtp_user,
            self.smtp_password.get_secret_value(),
            self.smtp_timeout,
        )

    @property
    def seconds_between_letters(self) -> float:
        """From MAIL_RATE; blank: 30 a minute, but no limit to this machine's own server."""
        if not self.mail_rate.strip():
            return 0.0 if loopback(self.smtp_host or "localhost") else interval("30/minute")
        return interval(self.mail_rate)

    @property
    def schedule(self) -> Schedule:
        """When deferred letters are due again."""
        return Schedule.parse(self.mail_retry_minutes, self.mail_give_up_days)

    @property
    def archive(self) -> "ImapFolder":
        """The folder of sent mails. Raises ConfigurationError where none is named."""
        return self._imap(self.imap_folder, "with the sent mails")

    @property
    def inbox(self) -> "ImapFolder":
        """The folder that answers come to. Raises ConfigurationError where none is named."""
        return self._imap(self.imap_inbox, "that answers come to")

    def _imap(self, folder: str, which: str) -> "ImapFolder":
        from flows.post.smtp.imap import ImapFolder

        if not self.imap_host:
            raise ConfigurationError(f"IMAP_HOST is not set: name the server {which} in .env")
        return ImapFolder(
            self.imap_host,
            self.imap_port or _IMAP_PORTS[self.imap_security],
            self.imap_security,
            self.imap_user,
            self.imap_password.get_secret_value(),
            folder,
        )


_world: ContextVar[Settings | None] = ContextVar("settings", default=None)


@contextmanager
def using(settings: Settings) -> Iterator[None]:
    """Within the block these are the settings, whatever the environment says: the demo's world."""
    token = _world.set(settings)
    try:
        yield
    finally:
        _world.reset(token)


def load(**given: object) -> Settings:
    """The settings; ``given`` wins. Raises ConfigurationError naming each setting at fault."""
    if (world := _world.get()) is not None:
        return world
    try:
        settings = Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise ConfigurationError(
            *(
                Fault(str(problem["loc"][0]).upper(), f"{problem['msg']}; correct it in {ENV_FILE}")
                for problem in error.errors(include_input=False, include_url=False)
            )
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{ENV_FILE}: is not UTF-8 text; save it as UTF-8") from error
    if faults := list(_faults(settings)):
        raise ConfigurationError(*faults)
    return settings


def _faults(settings: Settings) -> Iterator[Fault]:
    for name in (
        "mail_from",
        "mail_reply_to",
        "mail_bcc_archive",
        "mail_bounces_to",
        "mail_redirect_to",
    ):
        value = getattr(settings, name)
        if value and not (_is_ascii_address(parseaddr(value)[1]) and value.isprintable()):
            yield Fault(
                name.upper(),
                f"{value!r} is not an e-mail address in ASCII letters, like chair@example.org",
            )
    local = parseaddr(settings.mail_bounces_to)[1].rpartition("@")[0]
    if len(local) > LONGEST_LOCAL_PART:
        yield Fault(
            "MAIL_BOUNCES_TO",
            f"{local!r} is too long to add a token to; use an address with at most "
            f"{LONGEST_LOCAL_PART} characters before the @",
        )
    if "?" in str(settings.var):
        yield Fault("DEAR_MINISTER_VAR", "a folder with ? in its name cannot be used")
    for read in (
        lambda: interval(settings.mail_rate),
        lambda: settings.schedule,
        lambda: OfficeHours.parse(settings.office_hours),
    ):
        try:
            read()
        except ConfigurationError as error:
            yield from error.faults


def warnings() -> tuple[Fault, ...]:
    """Warnings about .env: that others may read it, and names in it that are nearly a setting's."""
    path = Path(ENV_FILE)
    try:
        mode = path.stat().st_mode
        names = dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError):
        return ()
    found = []
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        line = "others on this machine can read the password in it; type: chmod 600"
        found.append(Fault(str(path), f"{line} {path}", "warning"))
    known = [name.upper() for name in Settings.model_fields]
    for name in names:
        if name.upper() not in known and (near := get_close_matches(name.upper(), known, 1, 0.8)):
            what = f"{name} is not a setting; was {near[0]} meant?"
            found.append(Fault(str(path), what, "warning"))
    return tuple(found)


def _is_ascii_address(text: str) -> bool:
    try:
        return bool(email_address.ascii_address(text))
    except email_address.AddressError:
        return False


def mailbox(name: str, address: str) -> str:
    """A From header's mailbox: ``address`` as it is where it already names somebody."""
    shown, bare = parseaddr(address)
    # Not formataddr: it encodes what is not ASCII, and the message would encode that once more.
    quoted = re.sub(r'(["\\])', r"\\\1", shown or name)
    return f'"{quoted}" <{bare}>' if quoted else bare


def day(text: str) -> date:
    """A date typed as 2013-09-04. Raises ConfigurationError."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise ConfigurationError(f"{text!r} is not a date; write it as 2013-09-04") from error
