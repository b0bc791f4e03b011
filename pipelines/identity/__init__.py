"""Decides whether a release belongs to a known story.

Pure decisions. ``blocking_keys_of`` returns the keys under which a release is stored (blocking, as in record linkage).
``identify`` returns the relation of a release to the earlier releases that share a key with it.
"""

from pipelines.identity.blocking_keys import blocking_keys_of
from pipelines.identity.types import Verdict, VerdictKind
from pipelines.identity.verdict import identify

__all__ = ["Verdict", "VerdictKind", "blocking_keys_of", "identify"]
