"""Pictures of releases: from which hosts a page may load them, once a reader has asked for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from config.address_policy import AddressPolicy
from web.security.access_control import CONTENT_SECURITY_POLICY

HOSTS = 20  # of one story, at most
_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*")
_LITERAL = re.compile(r"[0-9a-f:.]+")  # without a zone, in which anything may stand (RFC 6874)
_AT_HOME = (".localhost", ".local", ".internal", ".lan", ".home", ".intranet", ".corp", ".home.arpa")
"""Names that lead into the reader's own network (RFC 6761, 6762, 8375, and what routers and firms use)."""


def picture_host(url: str, policy: AddressPolicy) -> str | None:
    """Return scheme, host and port of a picture's address, as a Content-Security-Policy names them.

    None for an address in the reader's own network: a release must not make a browser ask the router at home.
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
    elif _NAME.fullmatch(name) and not name.endswith(_AT_HOME):
        written = name
    else:
        return None
    return f"{parts.scheme}://{written}" + (f":{port}" if port else "")


def pictures_policy(hosts: Iterable[str]) -> str:
    """Return the Content-Security-Policy of a page that may load pictures from these hosts and nowhere else."""
    return CONTENT_SECURITY_POLICY.replace("img-src 'self'", " ".join(["img-src 'self'", *list(hosts)[:HOSTS]]))


def picture_hosts(urls: Iterable[str], policy: AddressPolicy) -> Sequence[str]:
    """Return the hosts of pictures that may be loaded, each once."""
    return list(dict.fromkeys(host for url in urls if (host := picture_host(url, policy))))
