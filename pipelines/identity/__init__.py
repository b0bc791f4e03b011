"""Stops 8 and 9, identify and relate: the same story, or another one.

Pure decisions: ``traits`` names the keys under which memory keeps a release, ``identify`` says what a release is to
the earlier ones that share a key with it.
"""

from pipelines.identity.blocking_keys import BlockingKey, traits
from pipelines.identity.types import Candidate, Verdict, VerdictKind
from pipelines.identity.verdict import identify

__all__ = ["BlockingKey", "Candidate", "Verdict", "VerdictKind", "identify", "traits"]
