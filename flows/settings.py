"""Settings from the environment and the office folder's .env; a command's option wins over both."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from flows import env_file
from flows.errors import ConfigurationError, Fault
from flows.office import VARIABLE, Office, find
from flows.people import email_address
from flows.post.delivery.office_hours import OfficeHours
from flows.post.delivery.rate import Schedule, interval
from flows.post.delivery.sending import CONNECTIONS_IN_ALL, SAME_REFUSALS
from flows.post.mailing.return_path import LONGEST_LOCAL_PART
from flows.post.smtp.server import Server, loopback
from flows.post.smtp.token import TokenSource

if TYPE_CHECKING:
    from flows.letters.dkim_signing import Signer
    from flows.post.smtp.imap import ImapFolder

Auth = Literal["password", "xoauth2"]
Security = Literal["tls", "starttls", "none"]
_Lower = BeforeValidator(lambda value: value.strip().lower() if isinstance(value, str) else value)
_PORTS = {"tls": 465, "starttls": 587, "none": 25}
_IMAP_PORTS = {"tls": 993, "starttls": 143, "none": 143}


class Settings(BaseSettings):
    """Every setting, with its safe default; .env.example says more. Made by ``load``."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,  # for the table in README.md
    )

    smtp_host: str = ""
    """The mail server that live letters are handed to. Rehearsals need none."""
    smtp_port: int = Field(0, ge=0, le=65535)
    """0: 465 for tls, 587 for starttls, 25 for none."""
    smtp_security: Annotated[Security, _Lower] = "tls"
    """tls, starttls, or none; none only to a server on this machine."""
    smtp_user: str = ""
    """The account at the mail server. Blank: no login."""
    smtp_password: SecretStr = SecretStr("")
    """Its password, as typed; in quotes if it holds # or spaces."""
    smtp_auth: Annotated[Auth, _Lower] = "password"
    """password, or xoauth2 for Microsoft 365 and Gmail."""
    smtp_token_file: Path | None = None
    """For xoauth2: the file that holds the access token."""
    smtp_token_command: str = ""
    """For xoauth2: the command that prints the access token."""
    smtp_connections: int = Field(4, ge=1, le=64)
    """Connections at once, 1 to 64; one where MAIL_RATE is below two a second."""
    smtp_connections_in_all: int = Field(CONNECTIONS_IN_ALL, ge=1, le=63)
    """Connections at once of all runs on this ledger together, 1 to 63."""
    smtp_timeout: float = Field(600, gt=0)
    """Seconds to wait for an answer; RFC 5321 has its own, lower limits for most."""
    mail_from: str = ""
    """Whom the mails come from. Blank: the sender in campaign.toml."""
    mail_reply_to: str = ""
    """Where answers go, if not to MAIL_FROM."""
    mail_bcc_archive: str = ""
    """Gets a copy of every live letter, in the same handing over."""
    mail_bounces_to: str = ""
    """Where reports of letters that did not arrive go. Blank: to MAIL_FROM."""
    mail_list_id: str = ""
    """The List-Id of every live mail. Blank: none."""
    mail_list_unsubscribe: str = ""
    """Where readers say that they want no more letters. Blank: no such header."""
    mail_dkim_key: Path | None = None
    """A private key that signs every mail, where the mail server does not sign."""
    mail_dkim_selector: str = ""
    """The selector of the public key in DNS."""
    mail_dkim_domain: str = ""
    """The domain that signs. Blank: that of the sender."""
    dns_resolver: str = ""
    """The resolver that check asks. Blank: this machine's."""
    mail_rate: str = ""
    """How fast: 30/minute, 500/hour. Blank: 30/minute; no limit to this machine."""
    mail_redirect_to: str = ""
    """Rehearsals go here instead of the built-in mailbox."""
    mail_same_refusals: int = Field(SAME_REFUSALS, ge=0, le=1000)
    """So many readers in a row refused in the same words stop the run. 0: never."""
    mail_retry_minutes: str = "5 15 30 60 120 240"
    """When a letter that was put off is tried again; the last number is repeated."""
    mail_give_up_days: float = Field(5, gt=0)
    """Days after which a letter that is put off again and again is refused."""
    imap_host: str = ""
    """Where answers come to, and where uncertain letters are looked for."""
    imap_port: int = Field(0, ge=0, le=65535)
    """0: 993 for tls, 143 otherwise."""
    imap_security: Annotated[Security, _Lower] = "tls"
    """As SMTP_SECURITY."""
    imap_user: str = ""
    """The account at the IMAP server."""
    imap_password: SecretStr = SecretStr("")
    """Its password."""
    imap_auth: Annotated[Auth, _Lower] = "password"
    """As SMTP_AUTH."""
    imap_token_file: Path | None = None
    """As SMTP_TOKEN_FILE."""
    imap_token_command: str = ""
    """As SMTP_TOKEN_COMMAND."""
    imap_folder: str = "Sent"
    """The mailbox with the sent mails, or the copies of the archive."""
    imap_inbox: str = "INBOX"
    """The mailbox that answers and bounces come to."""
    imap_mark_read: bool = False
    """Whether mails that were filed are marked as read."""
    letter_processes: int = Field(0, ge=0, le=64)
    """Processes that fill letters and lay out PDFs. 0: one for each core."""
    notify: str = ""
    """Who is told of what waits for a person: an e-mail address, and any Apprise address."""
    members_api_url: str = "https://members-api.parliament.uk"
    """Where contacts refresh asks for MPs, peers and government posts."""
    office_hours: str = "Mon-Fri 08:00-18:00"
    """When flows send live letters, in London; "always" turns it off."""
    late_start_hours: float = Field(2, gt=0)
    """A scheduled run that starts later than this does nothing but say so."""
    ledger_url: str = Field("", repr=False)
    """What became of every letter. Blank: sqlite:///var/ledger.db."""
    ledger_witness: str = ""
    """A folder elsewhere that remembers how far the ledger has come."""
    ledger_allow_fsync_off: bool = False
    """Whether a PostgreSQL server that runs with fsync=off is accepted."""
    dear_minister_var: Path = Path("var")
    """Ledger, built-in mailbox, previews, refused rows."""
    dear_minister_office: Path = Path()
    """The office folder; not in .env. --office sets it."""

    @property
    def office(self) -> Office:
        """Where campaigns and contact lists are."""
        return Office(self.dear_minister_office)

    @property
    def var(self) -> Path:
        """Where runtime files go; a relative path begins at the office folder."""
        return self.dear_minister_office / self.dear_minister_var

    def mailing_folder(self, mailing: str) -> Path:
        """Where what is written about one mailing goes: reviews, reports, print packs."""
        return self.var / "mailings" / mailing

    @property
    def ledger(self) -> str:
        """The ledger's address; a relative SQLite path begins at the office folder."""
        if not self.ledger_url:
            return f"sqlite:///{self.var / 'ledger.db'}"
        if self.ledger_url.startswith("sqlite:///"):
            return f"sqlite:///{self.dear_minister_office / self.ledger_url[10:]}"
        return self.ledger_url

    @property
    def witness_folder(self) -> Path | None:
        """Where the ledger's witness is kept beside the one at its file; a relative path begins at
        the office folder. None: an SQLite ledger has only the one at its file."""
        if self.ledger_witness:
            return self.dear_minister_office / self.ledger_witness
        return None if self.ledger.startswith("sqlite") else self.var / "witness"

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
            self._token("SMTP", self.smtp_auth, self.smtp_token_file, self.smtp_token_command),
        )

    def _token(
        self, setting: str, auth: Auth, file: Path | None, command: str
    ) -> TokenSource | None:
        if auth == "password":
            return None
        return TokenSource(setting, self.dear_minister_office / file if file else None, command)

    @property
    def signer(self) -> "Signer | None":
        """What signs mails with DKIM; None where the server does. Raises ConfigurationError."""
        if self.mail_dkim_key is None:
            return None
        from flows.letters.dkim_signing import Signer

        domain = self.mail_dkim_domain or parseaddr(self.mail_from)[1].rpartition("@")[2]
        path = self.dear_minister_office / self.mail_dkim_key
        return Signer.load(email_address.for_the_wire(domain), self.mail_dkim_selector, path)

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
            self._token("IMAP", self.imap_auth, self.imap_token_file, self.imap_token_command),
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


def office() -> Office:
    """The office folder of this command or run. Raises ConfigurationError."""
    world = _world.get()
    return world.office if world else find()


def load(**given: object) -> Settings:
    """The settings; ``given`` wins. Raises ConfigurationError naming each setting at fault."""
    if (world := _world.get()) is not None:
        return world
    here = office()
    in_file = env_file.read(here.env_file, _names())
    in_environment = {name.upper() for name, value in os.environ.items() if value}
    below = {name: value for name, value in in_file.items() if value and name not in in_environment}
    values = {name.lower(): value for name, value in below.items()}
    try:
        settings = Settings(
            **{"dear_minister_office": here.folder, **values, **given}  # type: ignore[arg-type]
        )
    except ValidationError as error:
        raise ConfigurationError(
            *(
                Fault(
                    name := str(problem["loc"][0]).upper(),
                    f"{_plain(problem)}; correct it in "
                    f"{here.env_file if name in below else 'the environment'}",
                )
                for problem in error.errors(include_input=False, include_url=False)
            )
        ) from error
    if faults := list(_faults(settings)):
        raise ConfigurationError(*faults)
    return settings


_KINDS = {
    "int_parsing": "is not a whole number",
    "int_from_float": "is not a whole number",
    "float_parsing": "is not a number",
    "bool_parsing": "is neither true nor false",
}


def _plain(problem: Mapping[str, Any]) -> str:
    """One pydantic error, in words."""
    wrong: str = problem["msg"].removeprefix("Value error, ")
    return _KINDS.get(problem["type"], wrong)


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
    yield from _auth_faults("SMTP", settings.smtp_auth, settings)
    yield from _auth_faults("IMAP", settings.imap_auth, settings)
    if settings.mail_dkim_key and not settings.mail_dkim_selector:
        yield Fault("MAIL_DKIM_SELECTOR", "is not set: MAIL_DKIM_KEY signs under a selector")
    if settings.mail_dkim_key and not (settings.mail_dkim_domain or settings.mail_from):
        yield Fault("MAIL_DKIM_DOMAIN", "is not set, and neither is MAIL_FROM: name the domain")
    local = parseaddr(settings.mail_bounces_to)[1].rpartition("@")[0]
    if len(local) > LONGEST_LOCAL_PART:
        yield Fault(
            "MAIL_BOUNCES_TO",
            f"{local!r} is too long to add a token to; use an address with at most "
            f"{LONGEST_LOCAL_PART} characters before the @",
        )
    for one in settings.notify.split():
        if "://" not in one and not _is_ascii_address(one):
            yield Fault(
                "NOTIFY", f"{one!r} is neither an e-mail address nor an Apprise address (ntfys://x)"
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


def _names() -> list[str]:
    """Every setting that .env may hold."""
    return [name.upper() for name in Settings.model_fields if name.upper() != VARIABLE]


def warnings() -> tuple[Fault, ...]:
    """Warnings about .env: that others on this machine can read it."""
    try:
        return env_file.warnings(office().env_file)
    except ConfigurationError:
        return ()


def _auth_faults(setting: str, auth: Auth, settings: Settings) -> Iterator[Fault]:
    name = setting.lower()
    file, command = (getattr(settings, f"{name}_token_{kind}") for kind in ("file", "command"))
    if auth == "xoauth2" and bool(file) == bool(command):
        yield Fault(
            f"{setting}_AUTH",
            f"xoauth2 needs one of {setting}_TOKEN_FILE and {setting}_TOKEN_COMMAND: the access "
            "token that Microsoft's or Google's own tool fetches",
        )
    if auth == "xoauth2" and not getattr(settings, f"{name}_user"):
        yield Fault(f"{setting}_USER", "is not set: xoauth2 logs in as somebody")
    if auth == "password" and (file or command):
        yield Fault(f"{setting}_AUTH", "set it to xoauth2, or the token is not used")


def _is_ascii_address(text: str) -> bool:
    try:
        return bool(email_address.ascii_address(text))
    except email_address.AddressError:
        return False


def day(text: str) -> date:
    """A date typed as 2013-09-04. Raises ConfigurationError."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise ConfigurationError(f"{text!r} is not a date; write it as 2013-09-04") from error
