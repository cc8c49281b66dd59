"""A port to listen on, taken before anything is loaded."""

from __future__ import annotations

import errno
import socket

from penchant.core import UsageError


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens, for this process and those it starts.

    Args:
        host: a name or an address.
        port: 0 for any free one.

    Raises:
        UsageError: the port is taken or may not be used, or the host is not of this machine.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise UsageError(f"--host {host}: no address of that name ({error.strerror}).") from error
    family, kind, protocol, _, address = found[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
    except OSError as error:
        listening.close()
        raise UsageError(_why(host, port, error)) from error
    listening.setblocking(False)
    listening.set_inheritable(True)
    return listening


def _why(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"--port {port}: something listens on {host}:{port} already. Stop it, or take another "
            "--port."
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"--port {port}: ports below 1024 need the administrator. Take a higher --port."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"--host {host}: this machine has no such address. Use 127.0.0.1 or 0.0.0.0."
    return f"--host {host} --port {port}: {error.strerror}."
