"""The same story, or another one.

Pure decisions: ``blocking_keys_of`` names the keys under which a release is stored. ``identify`` returns what a release
is to the earlier releases that share a key with it.
"""

from pipelines.identity.blocking_keys import blocking_keys_of
from pipelines.identity.types import Verdict, VerdictKind
from pipelines.identity.verdict import identify

__all__ = ["Verdict", "VerdictKind", "blocking_keys_of", "identify"]
