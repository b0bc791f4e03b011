"""What of ninjs 3.0 an export may hold, as a JSON Schema of our own, written after IPTC's published field list.

IPTC's own schema (iptc.org/std/ninjs/ninjs-schema_3.0.json, CC BY 4.0) is in no package registry. This one allows only
what we write, with the types, formats and words that the standard gives for it, and is as strict: nothing unnamed.
"""

from __future__ import annotations

from typing import Any

TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
URI: dict[str, Any] = {"type": "string", "format": "uri"}
MOMENT: dict[str, Any] = {"type": "string", "format": "date-time"}


def _record(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _several(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of, "minItems": 1}


_WORDS = _several(_record(("value",), role=TEXT, contentType=TEXT, value=TEXT))
_RENDITIONS = _several(_record(("name",), name=TEXT, href=URI, contentType=TEXT))
_TYPES = {"enum": ["text", "audio", "video", "picture", "graphic", "composite", "component", "event", "planning"]}

NINJS: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **_record(
        ("uri",),
        uri=URI,
        standard=_record(name={"const": "ninjs"}, version={"const": "3.0"}, schema=URI),
        type=_TYPES,
        representationType={"enum": ["full", "partial"]},
        version=TEXT,
        firstCreated=MOMENT,
        versionCreated=MOMENT,
        contentCreated=MOMENT,
        embargoed=MOMENT,
        pubStatus={"enum": ["usable", "withheld", "canceled"]},
        language=TEXT,
        title=TEXT,
        headlines=_WORDS,
        bodies=_several(
            _record(
                ("value",), role=TEXT, contentType=TEXT, value=TEXT,
                charCount={"type": "integer"}, wordCount={"type": "integer"},
            )
        ),
        edNote=TEXT,
        located=TEXT,
        organisations=_several(
            _record(name=TEXT, rel=TEXT, symbols=_several(_record(ticker=TEXT, exchange=TEXT, symbol=TEXT)))
        ),
        subjects=_several(_record(name=TEXT, rel=TEXT, literal=TEXT)),
        infoSources=_several(_record(name=TEXT, role=TEXT)),
        renditions=_RENDITIONS,
        associations=_several(
            _record(
                ("name", "uri"), name=TEXT, uri=URI, type=_TYPES, representationType={"enum": ["full", "partial"]},
                renditions=_RENDITIONS, descriptions=_WORDS,
            )
        ),
        altIds=_several(_record(role=TEXT, value=TEXT)),
    ),
}  # fmt: skip
