"""The release on a page: bytes in, a :class:`Release` out. Pure: no network, no Redis."""

from config.source_settings import ReleaseHints
from crawler.extraction.assemble import explain_release, extract_release
from crawler.extraction.body.site_boilerplate import Seen
from stories.model.release import NotARelease, Release

__all__ = ["NotARelease", "Release", "ReleaseHints", "Seen", "explain_release", "extract_release"]
