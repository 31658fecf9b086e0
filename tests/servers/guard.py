"""Nothing that runs inside the test process may reach a host other than this one."""

import ipaddress
import socket
import sys
from typing import Any

import pytest

attempts: list[str] = []
"""Addresses that were tried; emptied by the fixture that reports them."""


def install() -> None:
    """Watch connect and sendto through the interpreter's audit events; there is no way around."""
    sys.addaudithook(_watch)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        return
    used, address = arguments
    if address is None or used.family not in (socket.AF_INET, socket.AF_INET6):
        return
    host = str(address[0])
    if not local(host):
        attempts.append(f"{host}:{address[1]}")
        # Not an OSError: the code under test would take that for a lost connection and try again.
        raise pytest.fail.Exception(f"a test reached for {host}:{address[1]}, not on the loopback")


def local(host: str) -> bool:
    if host in ("localhost", ""):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
