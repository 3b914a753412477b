"""Channels to a suite that may be closed: by TLS where the settings say so, showing who asks."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from cli.console import CommandError, Exit
from cli.suite.home import Home
from shared.callers.bearer import service_bearer
from shared.config import ConfigError
from shared.setting_types import key_bytes, listen
from shared.tls import channel_credentials
from touchpoint.client.bearing import BearingChannel, bearing

KEY_SETTING = "TOUCHPOINT_KEY"
"""A key or a token to ask with; else the command line asks as one of our own services."""
_DEPLOYMENT = "TOUCHPOINT_DEPLOYMENT_KEY"
_LOCAL = ("grpc.ssl_target_name_override", "localhost")
"""An address is no name that a certificate is made out to; every one of ours is to this."""

Options = Sequence[tuple[str, Any]]


def credentials(environ: Mapping[str, str] = os.environ) -> grpc.ChannelCredentials | None:
    """Return by what the suite is called; None without TLS. Raises CommandError."""
    names = ("AUTHORITY", "CERTIFICATE", "KEY")
    told = [environ.get(f"TOUCHPOINT_TLS_{name}") for name in names]
    if not any(told):
        return None
    try:
        return channel_credentials(*(Path(each) if each else None for each in told))
    except ConfigError as error:
        raise CommandError(str(error), Exit.USAGE) from None


def key_to_show(home: Home, address: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return what is shown to a service at an address; "" where the suite is open.

    Beyond this machine our own secret is shown by TLS only.
    """
    if told := environ.get(KEY_SETTING, ""):
        return told
    deployment_key = environ.get(_DEPLOYMENT, "")
    if not deployment_key and (environ.get("TOUCHPOINT_KEYS") or home.has_keys):
        deployment_key = home.deployment_key()
    if not deployment_key or not (credentials(environ) or _is_here(address)):
        return ""
    return service_bearer(key_bytes(deployment_key))


def _is_here(address: str) -> bool:
    try:
        return listen(address).is_loopback()
    except ValueError:
        return False


def options_for(address: str, options: Options = ()) -> Options:
    """Return the options of a channel by TLS to an address."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return options
    return (*options, _LOCAL) if _is_here(address) else options


def blocking(home: Home, address: str, options: Options = ()) -> grpc.Channel:
    """Open a channel to a service of the suite; raises CommandError."""
    tls, key = credentials(), key_to_show(home, address)
    if tls is None:
        channel = grpc.insecure_channel(address, options=options)
    else:
        channel = grpc.secure_channel(address, tls, options=options_for(address, options))
    return bearing(channel, key) if key else channel


def asynchronous(home: Home, address: str, options: Options = ()) -> grpc.aio.Channel:
    """Open the like in an event loop; raises CommandError."""
    tls, key = credentials(), key_to_show(home, address)
    if tls is None:
        channel = grpc.aio.insecure_channel(address, options=options)
    else:
        channel = grpc.aio.secure_channel(address, tls, options=options_for(address, options))
    return BearingChannel(channel, key) if key else channel
