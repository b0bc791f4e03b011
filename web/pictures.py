"""Pictures of releases: the hosts from which a page may load them, when the reader has requested them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from config.address_policy import AddressPolicy
from web.security.access_control import CONTENT_SECURITY_POLICY

MAX_HOSTS = 20  # of one story
_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*")
_LITERAL = re.compile(r"[0-9a-f:.]+")  # without a zone, which may contain any text (RFC 6874)
_LOCAL_SUFFIXES = (".localhost", ".local", ".internal", ".lan", ".home", ".intranet", ".corp", ".home.arpa")
"""Host names inside the reader's own network (RFC 6761, 6762, 8375, and common names of routers and companies)."""


def picture_host(url: str, policy: AddressPolicy) -> str | None:
    """Return scheme, host and port of a picture's address, as a Content-Security-Policy names them.

    None for a host in the reader's own network, because a release must not send a browser's requests there.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        name = host if ":" in host else host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        return None
    if parts.scheme not in ("http", "https") or parts.username is not None:
        return None
    if _LITERAL.fullmatch(name) and policy.permits(name):
        written = f"[{name}]" if ":" in name else name
    elif _NAME.fullmatch(name) and not name.endswith(_LOCAL_SUFFIXES):
        written = name
    else:
        return None
    return f"{parts.scheme}://{written}" + (f":{port}" if port else "")


def pictures_policy(hosts: Iterable[str]) -> str:
    """Return the Content-Security-Policy of a page that may load pictures from these hosts and nowhere else."""
    return CONTENT_SECURITY_POLICY.replace("img-src 'self'", " ".join(["img-src 'self'", *list(hosts)[:MAX_HOSTS]]))


def picture_hosts(urls: Iterable[str], policy: AddressPolicy) -> Sequence[str]:
    """Return the hosts of pictures that may be loaded, each once."""
    return list(dict.fromkeys(host for url in urls if (host := picture_host(url, policy))))
