"""Text of others mentions nobody and hides no address, whatever chat shows it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.chat_escaping import BREAK, take_apart

MENTIONS = (
    "@everyone", "x@everyone", "pay@here", "x@channel", "@all", "x@all", "@room", "x@room:server", "@group",
    "@EVERYONE", "@user", "@**all**", "@_**name**", "<@123>", "<@!123>", "<@&456>", "<!channel>", "<!here|x>",
    "<!subteam^S1|x>", "<#C123>", "<@all>", '<at user_id="all">x</at>', "<at id='1'>", "<users/all>", "(met)all(met)",
    "(rol)1(rol)", "[CQ:at,qq=all]", "https://wire.example/@everyone", "https://wire.example/x@here",
    "https://wire.example/<!channel>",
)  # fmt: skip
"""Ways in which Discord, Slack, Mattermost, Rocket.Chat, Teams, Telegram, Matrix, Zulip, Google Chat, Lark, Kook and
OneBot mention people: as their documentation has them."""
LINKS = (
    "[words](https://evil.example)", "[words][1]", "[1]: https://evil.example", "<https://evil.example|words>",
    "[words] (https://evil.example)"[:7] + "(x)", "![picture](https://evil.example/x.png)",
)  # fmt: skip


@pytest.mark.parametrize("mention", MENTIONS)
@pytest.mark.parametrize("around", ["{}", "Acme pays {} today", "a{}", "({})", "\n{}", "é{}"])
def test_no_mention_is_left_whole(mention, around):
    text = around.format(mention)
    shown = take_apart(text)
    assert mention not in shown or (
        around in ("a{}", "é{}") and mention in ("@user", "@room", "@**all**", "@_**name**")
    )
    assert not re.search(r"(?i)@(?:everyone|here|channel|all)\b|<[@!#]\w|<at |<users/|\(met\)all|\[CQ:", shown)


@pytest.mark.parametrize("link", LINKS)
def test_no_words_hide_an_address(link):
    assert not re.search(r"\][(\[:]|<https?:[^ >]*\|", take_apart(f"Acme {link}"))


@pytest.mark.parametrize(
    "text",
    ["press@acme.example", "3 @ 4", "P<0.05", "a < b", "Q4 (unaudited)", "[Correction] Acme", "https://wire.example/a@b",
     "https://wire.example/a_b?c=d#e", "R&D", "at <all> times"],
)  # fmt: skip
def test_ordinary_text_stays_as_it_is(text):
    assert take_apart(text) == text


@given(st.text(max_size=80), st.sampled_from(MENTIONS), st.text(max_size=80))
def test_whatever_is_around_a_mention_of_all_it_is_broken(before, mention, after):
    shown = take_apart(before + mention + after)
    assert not re.search(r"(?i)@(?:everyone|here|channel)\b", shown)
    assert shown.replace(BREAK, "").replace("%40", "@").replace("%3C", "<").count("@") >= mention.count("@")
