"""Files and folders that only their owner can read: stored releases may be under embargo, settings hold secrets."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def private_folder(folder: Path) -> None:
    """Create a folder, with its parents, for its owner only; restrict an existing one."""
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    restrict_access(folder)


def private_file(file: Path) -> None:
    """Create an empty file for its owner only; restrict an existing one."""
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE))
    restrict_access(file)


def restrict_access(path: Path) -> None:
    """Remove the permissions of group and others from a file or folder of this user.

    Devices, pipes, and files of other users stay as they are. So do the home folder, the working folder and the root,
    because other programs use them.
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
