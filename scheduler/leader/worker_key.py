"""The key that proves that a process belongs to the same wirewatch: it signs the worker registry and shared polls.

The key never goes into Redis. It comes from ``[workers] secret``; left out, from the password in ``redis_url``. With
the embedded Redis server it comes from a file in ``data_dir`` that only its owner can read. With a ``redis_url`` that
has no password there is no secret to derive a key from. Then signatures prove nothing, and the log has a warning.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from config.settings import Settings

KEY_FILE = "workers.key"
REGISTRY_PURPOSE = "member"
"""The purpose of the signatures in the worker registry."""
_LABEL = b"wirewatch workers 1"


class Signer:
    """Signs texts with a key (HMAC-SHA-256), and checks signatures."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @property
    def is_authenticated(self) -> bool:
        """Whether signatures prove anything; without a secret, every process has the same key."""
        return self._key != b""

    def sign(self, purpose: str, text: str) -> str:
        """Return the signature of a text for one purpose, 64 hexadecimal digits."""
        return hmac.new(self._key, f"{purpose}\n{text}".encode(), hashlib.sha256).hexdigest()

    def verifies(self, purpose: str, text: str, signature: str) -> bool:
        """Return whether a signature is valid; compared in constant time."""
        return hmac.compare_digest(signature.encode("utf-8", "replace"), self.sign(purpose, text).encode())

    def seal(self, purpose: str, text: str) -> str:
        """Return a text with its signature before it."""
        return f"{self.sign(purpose, text)} {text}"

    def open(self, purpose: str, sealed: str) -> str | None:
        """Return the signed text; None when the signature is invalid."""
        signature, _, text = sealed.partition(" ")
        return text if self.verifies(purpose, text, signature) else None


def signer_of(settings: Settings) -> Signer:
    """Return the signer for the processes of this configuration.

    Raises:
        OSError: the file of the key in ``data_dir`` cannot be read or written.
    """
    if settings.workers.secret is not None:
        return Signer(_derived_key(settings.workers.secret.get_secret_value()))
    if settings.redis_url is None:
        return Signer(_key_from_file(settings.data_dir / KEY_FILE))
    password = password_of(settings.redis_url.get_secret_value())
    return Signer(_derived_key(password) if password else b"")


def password_of(redis_url: str) -> str:
    """Return the password in a ``redis_url``, or an empty text."""
    parts = urlsplit(redis_url)
    query = parse_qs(parts.query).get("password", [""])[0]
    authority = parts.netloc.rpartition("@")[0]
    return unquote(authority.partition(":")[2]) or query


def _derived_key(secret: str) -> bytes:
    # Signatures are in Redis: a slow function makes it costly to guess a short password from one.
    return hashlib.scrypt(secret.encode(), salt=_LABEL, n=2**14, r=8, p=1, dklen=32)


def _key_from_file(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_hex(32).encode())
    try:
        os.link(new, path)  # only if there is none, so that one of two concurrent starts wins
    except FileExistsError:
        path.chmod(0o600)
    finally:
        new.unlink()
    return path.read_bytes()
