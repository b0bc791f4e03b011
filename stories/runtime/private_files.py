"""Files and folders that only their owner can read: what is stored may be under embargo, and settings hold secrets."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

FILE = 0o600
FOLDER = 0o700


def private_folder(folder: Path) -> None:
    """Make a folder, with those above it, that only its owner can enter; narrow one that is there already."""
    folder.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    narrow(folder)


def private_file(file: Path) -> None:
    """Make an empty file that only its owner can read; narrow one that is there already."""
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE))
    narrow(file)


def narrow(path: Path) -> None:
    """Take the rights of others from a file or folder of this user; leave devices, pipes and what is another user's.

    The home folder, the working folder and the root stay as they are: they hold more than what is ours.
    """
    try:
        found = path.stat()
        mode = stat.S_IMODE(found.st_mode)
        is_ours = found.st_uid == os.geteuid() and (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode))
        if not is_ours or not mode & 0o077 or (stat.S_ISDIR(found.st_mode) and _is_shared(path)):
            return
        path.chmod(mode & 0o700)
    except FileNotFoundError:
        return
    except OSError as error:
        log.warning("mode_not_narrowed", path=str(path), reason=str(error), next="make it readable to its owner alone")
        return
    log.info("mode_narrowed", path=str(path), before=f"{mode:o}", now=f"{mode & 0o700:o}")


def _is_shared(folder: Path) -> bool:
    resolved = folder.resolve()
    return resolved in (Path.cwd().resolve(), Path(resolved.anchor)) or resolved == Path.home().resolve()
