"""The settings of a run: .env and environment, and Prefect's Secret block for the password."""

from prefect.blocks.system import Secret
from pydantic import SecretStr

from flows.settings import Settings, load

BLOCK = "smtp-password"
"""The Secret block that is asked where SMTP_USER is set and SMTP_PASSWORD is not."""


def settings() -> Settings:
    """The settings, password included. Raises ConfigurationError."""
    found = load()
    if not found.smtp_user or found.smtp_password.get_secret_value():
        return found
    try:
        password = Secret.load(BLOCK, _sync=True).get()  # type: ignore[call-arg, union-attr]
    except ValueError:  # there is no such block
        return found
    return found.model_copy(update={"smtp_password": SecretStr(str(password))})
