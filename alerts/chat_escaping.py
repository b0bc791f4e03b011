"""Escapes external text for chats: no mentions and no masked links, in any chat service."""

from __future__ import annotations

import re

BREAK = "\u200b"  # zero-width space: invisible, and it ends a mention or a link in every chat

_GROUPS = r"all|channel|everyone|group|here|online|room|team|todos"
_MENTION = re.compile(
    rf"""
    (?<![\w.])@(?=[\w*_])         # @name anywhere, @**name** and @_**name** in Zulip; not the sign in an e-mail address
    |@(?=(?:{_GROUPS})\b)         # groups after a letter too: Discord reads "x@everyone"
    |(?<=<)[@!#](?=\S)            # <@user>, <@&role>, <!channel>, <!subteam^id>, <#channel>
    |<(?=/?(?:at|users|mention)\b) # <at id="all"> in Teams, Feishu and Lark, <users/all> in Google Chat
    |\((?=(?:met|rol|chn)\))      # (met)all(met) in Kook
    |\[(?=CQ:)                    # [CQ:at,qq=all] in OneBot
    """,
    re.IGNORECASE | re.VERBOSE,
)
_MASKED_LINK = re.compile(r"\](?=[(\[:])|<(?=[a-z][a-z0-9+.-]{0,32}:[^\s|>]{0,4096}\|)", re.IGNORECASE)
"""[words](address), [words][name], [name]: address, and <address|words>."""
_ADDRESS = re.compile(r"https?://[^\s<>\[\]()]+")
_IN_ADDRESS = {"@": "%40", "<": "%3C", "[": "%5B", "(": "%28"}


def take_apart(text: str) -> str:
    """Return text in which ``@everyone``, ``<!channel>`` and ``[masked](links)`` are plain characters.

    A zero-width space is inserted. In an address, which that would change, the mention's sign is percent-encoded.
    """
    pieces, end = [], 0
    for address in _ADDRESS.finditer(text):
        pieces += [_broken(text[end : address.start()]), _encoded(address[0])]
        end = address.end()
    # Again over the whole text, because a link may span several pieces.
    return _MASKED_LINK.sub(lambda found: found[0] + BREAK, "".join([*pieces, _broken(text[end:])]))


def _broken(text: str) -> str:
    return _MENTION.sub(lambda found: found[0] + BREAK, text)


def _encoded(address: str) -> str:
    return _MENTION.sub(lambda found: _IN_ADDRESS.get(found[0], found[0] + BREAK), address)
