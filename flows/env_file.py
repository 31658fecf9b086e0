"""The office folder's .env: NAME=value lines, each of which has to be a setting that there is."""

import re
import stat
from collections.abc import Sequence
from difflib import get_close_matches
from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

from flows.errors import ConfigurationError, Fault
from flows.office import VARIABLE

# python-dotenv reads "Name" <address> as a value with something unreadable behind it.
_MAILBOX = re.compile(
    r"""\s*(?:export\s+)?(?P<name>\w+)\s*=\s*(?P<value>"[^"\n]*"\s*<[^<>\s]*>)\s*(?:#.*)?"""
)


def read(path: Path, known: Sequence[str]) -> dict[str, str]:
    """The settings in an .env file, by upper-case name; {} where there is none.

    ``known`` are the names that may stand there, in upper case.

    Values are as typed: ``$`` stays. Raises ConfigurationError naming file and line: a line that
    cannot be read, a name that is nearly a setting's.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise ConfigurationError(Fault(str(path), "is not UTF-8 text; save it as UTF-8")) from error
    except OSError as error:
        raise ConfigurationError(
            Fault(str(path), f"cannot be read ({error.strerror}); correct its permissions")
        ) from error
    values: dict[str, str] = {}
    faults = []
    for binding in parse_stream(StringIO(text)):
        original = binding.original
        typed = original.string.strip("\n")
        where = f"{path}:{original.line + len(original.string) - len(original.string.lstrip())}"
        name, value = binding.key, binding.value
        if binding.error and (mailbox := _MAILBOX.fullmatch(typed)):
            name, value = mailbox["name"], mailbox["value"]
        elif binding.error:
            faults.append(Fault(where, "cannot be read; write NAME=value, the value in quotes"))
            continue
        if name is None:
            continue  # a comment or a blank line
        if value is None:
            faults.append(Fault(where, f"{name} has no = behind it; write {name}=value"))
        elif name.upper() in values:
            faults.append(Fault(where, f"{name} stands in this file twice; delete one line"))
        elif reason := _not_a_setting(name.upper(), known):
            faults.append(Fault(where, f"{name} {reason}"))
        else:
            values[name.upper()] = value
    if faults:
        raise ConfigurationError(*faults)
    return values


def warnings(path: Path) -> tuple[Fault, ...]:
    """Warnings about an .env file: that others on this machine can read it."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return ()
    if not mode & (stat.S_IRGRP | stat.S_IROTH):
        return ()
    what = f"others on this machine can read the password in it; type: chmod 600 {path}"
    return (Fault(str(path), what, "warning"),)


def _not_a_setting(name: str, known: Sequence[str]) -> str:
    """Why a name cannot stand in .env; blank for a setting's name, and for a stranger's."""
    if name == VARIABLE:
        return f"says where this file is, so it cannot stand in it; use --office or set {VARIABLE}"
    if name in known:
        return ""
    family = [other for other in known if other.partition("_")[0] == name.partition("_")[0]]
    if near := get_close_matches(name, family, 1, 0.8):
        return f"is not a setting; was {near[0]} meant?"
    if family:
        return f"is not a setting; there are {', '.join(family)}"
    if near := get_close_matches(name, known, 1, 0.8):
        return f"is not a setting; was {near[0]} meant?"
    return ""
