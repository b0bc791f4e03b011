"""A page's bytes to text, whatever charset they are said to be in, and in fact are.

Labels are read as browsers read them (WHATWG Encoding Standard, through w3lib): ``gb2312`` is GB 18030,
``iso-8859-1`` is windows-1252. Valid UTF-8 wins over every declaration: other charsets do not look like it by chance.
"""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

from crawler.http.charset_names import text_codec

HEAD = 4096  # browsers look for a declaration in the first 1024 bytes; old pages have it later
SAMPLE = 20_000  # bytes of text are enough for telling charsets apart
CANDIDATES = [
    "cp1252", "gb18030", "big5hkscs", "cp932", "euc_jp", "cp949", "cp1251", "koi8_r", "cp1250", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "tis_620",  # noqa: E501
]  # fmt: skip
SINGLE_BYTE = re.compile(r"cp125\d|iso8859|latin|koi8|mac|tis|ascii")

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
         (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))  # fmt: skip
_META = re.compile(rb"""<(?:meta\b[^>]*?charset|\?xml\b[^>]*?encoding)\s*=\s*["']?\s*([\w:.-]{2,40})""", re.I)
_HEADER = re.compile(r"""charset\s{0,8}=\s{0,8}["']?\s{0,8}([\w.:-]{2,40})""", re.I)
_UNREAD = re.compile(rb"<(script|style)\b")
_MARKUP = re.compile(rb"<[^<>]*+>|&#?\w++;")
_HIGH = re.compile(rb"[\x80-\xff]")


def decode(raw: bytes, *, header: str | None = None, hint: str | None = None) -> str:
    """Return the page as text; never fails, a byte that means nothing becomes U+FFFD.

    ``header`` is the charset of the HTTP reply (or its whole Content-Type), ``hint`` what the source is known to use.
    """
    for bom, name in _BOMS:
        if raw.startswith(bom):
            return raw[len(bom) :].decode(name, "replace")
    if hint and (text := _strictly(raw, _codec(hint))) is not None:
        return text
    if raw.isascii() and b"\x1b$" not in raw:
        return raw.decode("ascii")
    if (text := _strictly(raw, "utf-8")) is not None and b"\x1b$" not in raw:
        return text
    declared = _declared(raw, header)
    for name in declared:
        text = _strictly(raw, name)
        if text is not None and not _implausible(raw, name):
            return text
    if "utf-8" in declared and (text := _nearly_utf8(raw)) is not None:
        return text
    for name in declared:
        if name != "utf-8" and not SINGLE_BYTE.match(name) and (text := _nearly(raw, name)) is not None:
            return text
    return _detected(raw, declared)


_BROWSERS = {"shift_jis": "cp932", "big5": "big5hkscs", "euc_kr": "cp949", "gb2312": "gb18030", "gbk": "gb18030",
             "iso8859-1": "cp1252", "iso8859-9": "cp1254", "ascii": "cp1252"}  # fmt: skip


def _codec(label: str | None) -> str | None:
    """Return Python's codec for a label, as browsers read it."""
    name = text_codec(label)
    return _BROWSERS.get(name, name) if name else None


def _declared(raw: bytes, header: str | None) -> list[str]:
    """Return the codecs that the header and the page name, in this order."""
    found = _HEADER.search(header or "")
    labels = [found[1] if found else header]
    labels += [match.decode("ascii", "replace") for match in _META.findall(raw[:HEAD])]
    names = dict.fromkeys(name for label in labels if (name := _codec(label)))
    return ["utf-8" if name.startswith("utf-16") else name for name in names]  # a readable declaration is not UTF-16


def _strictly(raw: bytes, name: str | None) -> str | None:
    if name is None:
        return None
    try:
        return raw.decode(name)
    except (UnicodeDecodeError, ValueError):
        return None


def _implausible(raw: bytes, name: str) -> bool:
    """Whether a page in a single-byte charset has too many high bytes for it: any bytes decode, few make sense.

    European languages have one such letter in four at most; a wrongly declared Cyrillic, Chinese or Japanese page has
    nearly nothing else.
    """
    if name not in ("cp1252", "iso8859-15", "cp1250", "cp1254"):
        return False
    text = _without_markup(raw)[:SAMPLE]
    high = len(_HIGH.findall(text))
    letters = sum(map(text.count, b"etaoinsr"))
    return high > 40 and high > letters


def _without_markup(raw: bytes) -> bytes:
    """Return what a page says: without tags, entities, scripts and style sheets; one pass, whatever stays open."""
    lower = raw.lower()
    kept: list[bytes] = []
    at, reached = 0, 0
    unclosed: set[bytes] = set()
    while opens := _UNREAD.search(lower, reached):
        reached = opens.end()
        if opens[1] in unclosed:
            continue
        closes = lower.find(b"</" + opens[1], reached)
        if closes < 0:
            unclosed.add(opens[1])
            continue
        kept.append(raw[at : opens.start()])
        at = reached = closes  # the closing tag is markup
    kept.append(raw[at:])
    return _MARKUP.sub(b" ", b" ".join(kept))


def _nearly_utf8(raw: bytes) -> str | None:
    """Return a page that is UTF-8 but for a few strange bytes, those read as windows-1252."""
    text = raw.decode("utf-8", "surrogateescape")
    odd = sum(text.count(chr(code)) for code in range(0xDC80, 0xDD00)) if len(raw) < 2_000_000 else 0
    good = sum(1 for char in text if char > "\x7f") - odd
    if odd > max(8, good):
        return None
    return re.sub("[\udc80-\udcff]", lambda match: bytes([ord(match[0]) - 0xDC00]).decode("cp1252", "replace"), text)


def _nearly(raw: bytes, name: str) -> str | None:
    """Return a page that is in its declared multi-byte charset but for one in two hundred characters."""
    text = raw.decode(name, "replace")
    wide = sum(1 for char in text if char > "\x7f")
    return text if text.count("\ufffd") * 200 <= max(wide, 200) else None


def _detected(raw: bytes, declared: list[str]) -> str:
    """Return the text in the charset that its letters speak for."""
    sample = b" ".join(word for word in _without_markup(raw).split() if not word.isascii())[:SAMPLE]
    best = (
        from_bytes(sample, cp_isolation=CANDIDATES, threshold=0.5, steps=5, chunk_size=1024).best() if sample else None
    )
    names = [best.encoding] if best is not None else []
    for name in (*names, *declared, "cp1252"):
        if (text := _strictly(raw, name)) is not None:
            return text
    return raw.decode(names[0] if names else "cp1252", "replace")
