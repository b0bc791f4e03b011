"""Twelve ways in which sites lay out a release: three of wires, and nine of newsrooms and papers from 2003 to now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape

from press_copy import Copy

Layout = Callable[[Copy], str]
SITE = "Morning Ledger"


def _page(copy: Copy, inside: str, head: str = "") -> str:
    return (
        f'<!DOCTYPE html><html lang="{copy.language}"><head><meta charset="utf-8"><title>{escape(copy.headline)} - {SITE}'
        f'</title><meta property="og:site_name" content="{SITE}">{head}</head><body>{inside}</body></html>'
    )


def _each(tag: str, texts: Iterable[str], attributes: str = "") -> str:
    return "\n".join(f"<{tag}{attributes}>{escape(text, quote=False)}</{tag}>" for text in texts)


def _text(copy: Copy) -> tuple[str, ...]:
    """The body's paragraphs, the first behind its dateline."""
    return (copy.dateline + copy.body[0], *copy.body[1:])


def _body(copy: Copy, tag: str = "p", heading: str = "h2") -> str:
    text = _text(copy)
    return f"{_each(tag, text[:2])}<{heading}>{copy.heading}</{heading}>{_each(tag, text[2:])}"


def _cards(copy: Copy, title: str = "h3", text: str = "p") -> str:
    return "".join(
        f'<{title}><a href="/news/{number}-lantern">{escape(headline)}</a></{title}><{text}>{escape(said)}</{text}>'
        for number, (headline, said) in enumerate(copy.teasers)
    )


def _menu(words: Iterable[str] = ("News", "People", "Markets", "Weather", "Jobs")) -> str:
    return "".join(f'<a href="/{word.lower()}">{word}</a> ' for word in words)


def media_outreach(copy: Copy) -> str:
    """Hashtags with the issuer's account glued to them, the disclaimer, a pixel, an aside."""
    tail = (
        f'<p>Hashtag: #{copy.tag}<a href="https://www.linkedin.com/company/lantern">https://www.linkedin.com/company/lantern</a></p>'
        "<p><strong>The issuer is solely responsible for the content of this announcement.</strong></p>"
        f"<p><strong>{copy.about[0]}</strong></p><p>{copy.about[1]}</p>"
        '<img src="//track.media-outreach.com/index.php/WebView/470812/279561" width="1" height="1" alt="">'
    )
    side = f"<aside><h3>{copy.related}</h3>{_cards(copy, 'h4')}{_each('p', copy.sidebar)}</aside>"
    return _page(
        copy,
        f'<nav>{_menu()}</nav><div class="release"><h1>{copy.headline}</h1>{_body(copy)}{tail}</div>{side}'
        f"<footer>Copyright {SITE}</footer>",
    )


def pr_newswire(copy: Copy) -> str:
    """Bootstrap rows, SOURCE, related links, "also from this source" with whole sentences."""
    also = "".join(
        f'<a href="/news-releases/{number}.html"><h3>{title}</h3></a><p>{said}</p>'
        for number, ((title, _), said) in enumerate(zip(copy.teasers, copy.sidebar, strict=False))
    )
    return _page(
        copy,
        f'<header><ul class="menu"><li>{_menu()}</li></ul></header><article class="news-release inline-gallery-template">'
        f'<header class="container release-header"><h1>{copy.headline}</h1><p class="meta">News provided by</p>'
        '<p class="meta"><a href="/news/lantern-works/"><strong>Lantern Works</strong></a></p><p class="mb-no">09 Mar, 2026, '
        '08:30 ET</p><div class="social-links"><a href="https://x.example/share">Share this article</a></div></header>'
        f'<section class="release-body container"><div class="row"><div class="col-sm-10">{_body(copy, heading="h3")}'
        f"<p><b>{copy.about[0]}</b></p><p>{copy.about[1]}</p><p>SOURCE Lantern Works</p><h4>Related Links</h4>"
        '<p><a href="https://lantern.example">https://lantern.example</a></p></div></div></section></article>'
        f'<section class="read-more-explore"><h2>Also from this source</h2>{also}</section>',
    )


def business_wire(copy: Copy) -> str:
    """A style sheet inside the text, "View source version", contacts in a box, related news below."""
    return _page(
        copy,
        f'<nav>{_menu()}</nav><main><article><h1>{copy.headline}</h1><div class="date">Mar 09, 2026 9:00 AM Eastern Daylight '
        'Time</div><div id="bw-release-story" class="rich-text"><style>.bwalignc {text-align: center}</style>'
        f"{_body(copy, heading='h4')}<p><b>{copy.about[0]}</b></p><p>{copy.about[1]}</p><p><img alt='' src='https://cts.businesswire.com/ct/CT?id=bwnews'>"
        '<span>View source version on businesswire.com: <a href="https://www.businesswire.com/news/home/1/en/">'
        "https://www.businesswire.com/news/home/1/en/</a></span></p></div>"
        '<div class="press-release-contacts"><p>Lantern Works<br>Tom Reed, 617-555-0142<br>press@lantern.example</p></div>'
        f'</article><div class="bw-related-news"><h3>{copy.related}</h3>{_cards(copy, "h2")}</div></main>',
    )


def div_soup(copy: Copy) -> str:
    """No element says what it is: text, dates, shares and other stories in boxes with letters for names."""
    said = "".join(f'<div class="x{number}"><div>{text}</div></div>' for number, text in enumerate(_text(copy)[:2]))
    more = "".join(f'<div class="y{number}"><div>{text}</div></div>' for number, text in enumerate(_text(copy)[2:]))
    about = f'<div><div><b>{copy.about[0]}</b></div></div><div class="q"><div>{copy.about[1]}</div></div>'
    cards = "".join(
        f'<div class="c"><div class="d"><a href="/{number}">{title}</a></div><div class="e">{text}</div></div>'
        for number, (title, text) in enumerate(copy.teasers)
    )
    return _page(
        copy,
        f'<div class="a">{_menu()}</div><div class="b"><div class="m"><div class="h"><h1>{copy.headline}</h1></div>'
        f'<div class="s"><a href="#f">Facebook</a> <a href="#x">X</a></div>{said}<div><h3>{copy.heading}</h3></div>{more}{about}</div>'
        f'<div class="n"><div>{copy.related}</div>{cards}{_each("div", copy.sidebar)}</div></div>',
    )


def nested_tables(copy: Copy) -> str:
    """The year 2003: tables in tables, font elements, a menu on the left and other stories on the right."""
    text = "".join(f"<font face='Arial' size='2'>{part}</font><br><br>" for part in (*_text(copy)[:2],))
    rest = "".join(f"<font face='Arial' size='2'>{part}</font><br><br>" for part in _text(copy)[2:])
    menu = "".join(
        f"<tr><td><a href='/{word}'>{word}</a></td></tr>" for word in ("News", "People", "Markets", "Weather", "Jobs")
    )
    others = "".join(
        f"<tr><td><b><a href='/{number}'>{title}</a></b><br>{text}</td></tr>"
        for number, (title, text) in enumerate(copy.teasers)
    )
    return _page(
        copy,
        f"<table width='780'><tr><td colspan='3'><b>{SITE}</b></td></tr><tr><td width='120'><table>{menu}</table></td>"
        f"<td><table><tr><td><h1>{copy.headline}</h1></td></tr><tr><td>{text}<b>{copy.heading}</b><br><br>{rest}"
        f"<b>{copy.about[0]}</b><br><br>{copy.about[1]}</td></tr></table></td>"
        f"<td width='160'><table><tr><td>{copy.related}</td></tr>{others}</table></td></tr></table>",
    )


def article_and_aside(copy: Copy) -> str:
    """HTML as its makers meant it."""
    return _page(
        copy,
        f"<header><nav>{_menu()}</nav></header><main><article><header><h1>{copy.headline}</h1><time datetime='2026-03-09'>9 March"
        f" 2026</time></header>{_body(copy)}<section><h2>{copy.about[0]}</h2><p>{copy.about[1]}</p></section></article>"
        f"<aside><h2>{copy.related}</h2>{_cards(copy)}</aside></main><footer>{_each('p', copy.sidebar)}</footer>",
    )


def line_breaks(copy: Copy) -> str:
    """The text in one element, two line breaks between its paragraphs, other stories in a box beside it."""
    parts = "<br><br>".join((*_text(copy)[:2], f"<b>{copy.heading}</b>", *_text(copy)[2:]))
    side = f'<div class="right"><b>{copy.related}</b>{_cards(copy, "div", "div")}</div>'
    return _page(
        copy,
        f'<div id="top">{_menu()}</div><div id="wrap"><div class="left"><h1>{copy.headline}</h1><div class="txt">{parts}<br><br>'
        f"<b>{copy.about[0]}</b><br><br>{copy.about[1]}</div></div>{side}</div>",
    )


def one_paragraph(copy: Copy) -> str:
    """All of the text in one <p>, a single line break between its paragraphs."""
    parts = "<br>".join((*_text(copy)[:2], copy.heading, *_text(copy)[2:], copy.about[0], copy.about[1]))
    return _page(
        copy,
        f'<div id="top">{_menu()}</div><h1>{copy.headline}</h1><div id="news"><p>{parts}</p></div>'
        f'<div id="more"><h3>{copy.related}</h3>{_cards(copy)}{_each("p", copy.sidebar)}</div>',
    )


def microdata(copy: Copy) -> str:
    """Schema.org in the markup, a comment and an author's box below."""
    comments = "".join(
        f'<div itemprop="comment" class="comment"><p class="comment-author">Reader {number}</p><p>{text}</p></div>'
        for number, text in enumerate(copy.sidebar)
    )
    return _page(
        copy,
        f'<div class="nav">{_menu()}</div><div itemscope itemtype="https://schema.org/NewsArticle"><h1 itemprop="headline">'
        f'{copy.headline}</h1><meta itemprop="datePublished" content="2026-03-09T09:00:00+00:00"><div itemprop="articleBody">'
        f"{_body(copy)}<p><strong>{copy.about[0]}</strong></p><p>{copy.about[1]}</p></div></div>"
        f'<div class="author-box"><p>Ada Quill writes about lamps.</p></div><div class="comments"><h3>Comments</h3>{comments}</div>'
        f'<div class="related"><h3>{copy.related}</h3>{_cards(copy)}</div>',
    )


def amp(copy: Copy) -> str:
    """A page for phones: elements of its own, a sidebar before the text, an advertisement inside it."""
    side = f'<amp-sidebar id="s"><ul><li>{_menu()}</li></ul></amp-sidebar>'
    slot = '<amp-ad width="300" height="250" type="doubleclick"><div placeholder>Advertisement</div></amp-ad>'
    text = _text(copy)
    return _page(
        copy,
        f'{side}<main role="main"><article class="amp-wp-article"><header class="amp-wp-article-header"><h1 class="amp-wp-title">'
        f'{copy.headline}</h1></header><amp-img src="/i.jpg" width="640" height="360"></amp-img><div class="amp-wp-article-content">'
        f"{_each('p', text[:2])}{slot}<h2>{copy.heading}</h2>{_each('p', text[2:])}<h2>{copy.about[0]}</h2><p>{copy.about[1]}</p></div>"
        f'<footer class="amp-wp-article-footer"><a href="/c">Leave a comment</a></footer></article></main>'
        f'<amp-list class="recommended"><h3>{copy.related}</h3>{_cards(copy)}</amp-list>',
    )


def block_theme(copy: Copy) -> str:
    """WordPress with blocks: groups in groups, a query of latest posts, a newsletter group without a form."""
    posts = "".join(
        f'<li class="wp-block-post post-{number}"><h3 class="wp-block-post-title"><a href="/?p={number}">{title}</a></h3>'
        f'<div class="wp-block-post-excerpt"><p class="wp-block-post-excerpt__excerpt">{text}</p></div></li>'
        for number, (title, text) in enumerate(copy.teasers)
    )
    paragraphs = _each("p", _text(copy)[:2], ' class="wp-block-paragraph"')
    return _page(
        copy,
        f'<div class="wp-site-blocks"><header class="wp-block-template-part"><div class="wp-block-group">{_menu()}</div></header>'
        f'<main class="wp-block-group"><div class="wp-block-group has-global-padding"><h1 class="wp-block-post-title">{copy.headline}'
        f'</h1><div class="wp-block-post-date"><time datetime="2026-03-09T09:00:00+00:00">March 9, 2026</time></div></div>'
        f'<div class="entry-content wp-block-post-content">{paragraphs}<h2 class="wp-block-heading">{copy.heading}</h2>'
        f'{_each("p", _text(copy)[2:])}<h2 class="wp-block-heading">{copy.about[0]}</h2><p>{copy.about[1]}</p></div>'
        f'<div class="wp-block-query"><h2>{copy.related}</h2><ul class="wp-block-post-template">{posts}</ul></div></main>'
        f'<footer class="wp-block-template-part"><div class="wp-block-group">{_each("p", copy.sidebar)}</div></footer></div>',
    )


def definition_list(copy: Copy) -> str:
    """A newsroom that files its releases as terms and definitions."""
    text = _each("p", _text(copy)[:2]) + f"<h4>{copy.heading}</h4>" + _each("p", _text(copy)[2:])
    return _page(
        copy,
        f'<ul id="menu"><li>{_menu()}</li></ul><div id="content"><h1>{copy.headline}</h1><dl class="release"><dt>Text</dt><dd>{text}'
        f"<p><b>{copy.about[0]}</b></p><p>{copy.about[1]}</p></dd></dl></div>"
        f'<dl class="others"><dt>{copy.related}</dt>'
        + "".join(f'<dt><a href="/{n}">{title}</a></dt><dd>{said}</dd>' for n, (title, said) in enumerate(copy.teasers))
        + "</dl>",
    )


LAYOUTS: tuple[Layout, ...] = (
    media_outreach, pr_newswire, business_wire, div_soup, nested_tables, article_and_aside, line_breaks, one_paragraph, microdata,
    amp, block_theme, definition_list,
)  # fmt: skip
