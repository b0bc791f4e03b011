"""Pages that are no release are named as what they are; any page at all ends in a release or in a refusal."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.extraction import NotARelease, Release, extract_release
from crawler.extraction.refusals import REASONS

URL = "https://ledger.example/business"
ENTRY = (
    '<div class="item"><h3><a href="/business/{n}-story">Barge number {n} of the Gull Line carries salt up the river</a></h3>'  # noqa: E501
    "<p>The town woke up to find that another barge had come in by night with salt and rope, and that the lo...</p></div>"  # noqa: E501
)
PAGES = {
    "empty": ("<html><body>  </body></html>", "empty"),
    "no bytes": ("", "empty"),
    "a feed": ('<?xml version="1.0"?><rss version="2.0"><channel><title>x</title></channel></rss>', "listing"),
    "a listing of teasers": (
        "<html><body><h1>Business</h1>" + "".join(ENTRY.format(n=n) for n in range(12)) + "</body></html>",
        "listing",
    ),
    "a listing of links": (
        "<html><body><h1>AppContext</h1><ul>"
        + "".join(f'<li><a href="/{n}">Barge number {n} of the Gull Line carries salt</a></li>' for n in range(30))
        + "</ul></body></html>",
        "listing",
    ),
    "an error page": (
        "<html><head><title>404 Page not found</title></head><body><h1>Page not found</h1><p>The page that you are looking for "  # noqa: E501
        "may have moved, or it was never here in the first place. Try the search.</p></body></html>",
        "error page",
    ),
    "a challenge": (
        "<html><head><title>Just a moment...</title></head><body><p>Checking your browser before you go on.</p></body></html>",  # noqa: E501
        "error page",
    ),
    "a log-in wall": (
        "<html><head><title>Sign in</title></head><body><h1>Please log in to continue</h1><form><input name=u><input "
        "type=password></form><p>Forgot your password?</p></body></html>",
        "log-in wall",
    ),
    "a cookie wall": (
        "<html><head><title>Ledger</title></head><body><h1>Your choice about cookies</h1><p>We and our partners set cookies on "  # noqa: E501
        "your device. With your consent we measure what is read.</p><p>You can change your privacy settings and your consent "  # noqa: E501
        "to cookies at any time.</p></body></html>",
        "cookie wall",
    ),
    "a shell": (
        '<html><head><title>Ledger</title></head><body><div id="root"></div><noscript>You need to enable JavaScript to run this '  # noqa: E501
        'app.</noscript><script src="/app.js"></script></body></html>',
        "needs JavaScript",
    ),
    "a PDF": ("%PDF-1.7 1 0 obj", "not HTML"),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_without_a_release_is_named_as_what_it_is(name):
    page, reason = PAGES[name]

    with pytest.raises(NotARelease) as refusal:
        extract_release(page.encode(), URL)

    assert refusal.value.reason == reason


WALLS = [
    (
        "err de",
        "error page",
        "Seite nicht gefunden",
        "<h1>Fehler 404</h1><p>Die angeforderte Seite wurde leider nicht gefunden. Bitte prüfen Sie die Adresse oder nutzen Sie die Suche unserer Startseite.</p>",  # noqa: E501
    ),
    (
        "err fr",
        "error page",
        "Erreur 404",
        "<h1>Page introuvable</h1><p>La page que vous cherchez n'existe pas ou a été déplacée. Revenez à l'accueil pour continuer votre visite.</p>",  # noqa: E501
    ),
    (
        "err es",
        "error page",
        "Error",
        "<h1>Página no encontrada</h1><p>La página que busca no existe o ha cambiado de lugar, vuelva a la portada.</p>",  # noqa: E501
    ),
    (
        "err pt",
        "error page",
        "Erro 404",
        "<h1>Página não encontrada</h1><p>A página que procura não existe ou mudou de lugar, volte à página inicial.</p>",  # noqa: E501
    ),
    (
        "err zh",
        "error page",
        "404",
        "<h1>找不到頁面</h1><p>您要找的頁面不存在或已經移除，請返回首頁再試一次，或使用搜尋功能。</p>",
    ),
    (
        "err ja",
        "error page",
        "404 Not Found",
        "<h1>お探しのページは見つかりませんでした</h1><p>ページが移動または削除された可能性があります。トップページからお探しください。</p>",
    ),
    (
        "err ko",
        "error page",
        "오류",
        "<h1>페이지를 찾을 수 없습니다</h1><p>요청하신 페이지가 삭제되었거나 주소가 변경되었습니다. 홈으로 이동해 주세요.</p>",  # noqa: E501
    ),
    (
        "err vi",
        "error page",
        "Lỗi 404",
        "<h1>Không tìm thấy trang</h1><p>Trang bạn tìm không tồn tại hoặc đã bị xóa, vui lòng quay lại trang chủ.</p>",
    ),
    (
        "err 500",
        "error page",
        "Server Error",
        "<h1>Internal Server Error</h1><p>The server encountered an internal error and was unable to complete your request. Please contact the administrator.</p>",  # noqa: E501
    ),
    (
        "err gone release",
        "error page",
        "Gull Wire",
        "<h1>This release is no longer available</h1><p>The news release that you asked for has been removed at the request of its issuer.</p>",  # noqa: E501
    ),
    (
        "maint",
        "error page",
        "Gull Wire",
        "<h1>We will be back soon</h1><p>Our site is down for scheduled maintenance. Thank you for your patience, please try again later.</p>",  # noqa: E501
    ),
    (
        "rate",
        "error page",
        "429 Too Many Requests",
        "<h1>Too Many Requests</h1><p>You have sent too many requests in a given amount of time. Try again later.</p>",
    ),
    (
        "waf",
        "error page",
        "Request Rejected",
        "<p>The requested URL was rejected. Please consult with your administrator. Your support ID is: 1234567890</p>",
    ),
    (
        "akamai",
        "error page",
        "Access Denied",
        '<h1>Access Denied</h1><p>You don\'t have permission to access "http://x/" on this server. Reference #18.2d</p>',  # noqa: E501
    ),
    (
        "human",
        "error page",
        "Human Verification",
        "<p>Please verify you are a human. Complete the security check to access the site.</p>",
    ),
    (
        "login de",
        "log-in wall",
        "Anmelden",
        "<h1>Bitte melden Sie sich an</h1><p>Um diesen Artikel zu lesen, melden Sie sich mit Ihrem Konto an oder registrieren Sie sich kostenlos.</p><form><input name=u><input type=password></form>",  # noqa: E501
    ),
    (
        "login fr",
        "log-in wall",
        "Connexion",
        "<h1>Connectez-vous</h1><p>Cet article est réservé aux abonnés. Connectez-vous ou créez un compte pour lire la suite de cet article.</p>",  # noqa: E501
    ),
    (
        "paywall",
        "log-in wall",
        "Gull Line",
        "<h1>Gull Line sails at night</h1><p>Subscribe now to continue reading this story. Already a subscriber? Log in to your account.</p>",  # noqa: E501
    ),
    (
        "login zh",
        "log-in wall",
        "登录",
        "<h1>请登录</h1><p>请登录后查看全文，还没有账号？立即注册成为会员，即可阅读更多内容。</p><input type=password>",
    ),
    (
        "cookie de",
        "cookie wall",
        "Zeitung",
        "<h1>Ihre Privatsphäre</h1><p>Wir und unsere Partner verwenden Cookies und ähnliche Technologien. Mit Ihrer Einwilligung messen wir die Nutzung.</p><p>Ihre Einwilligung zu Cookies können Sie in den Datenschutz-Einstellungen jederzeit widerrufen.</p>",  # noqa: E501
    ),
    (
        "cookie fr",
        "cookie wall",
        "Journal",
        "<h1>Votre consentement</h1><p>Avec votre accord, nos partenaires et nous utilisons des cookies ou des technologies similaires pour stocker des données personnelles.</p><p>Vous pouvez retirer votre consentement ou refuser les cookies à tout moment.</p>",  # noqa: E501
    ),
    (
        "cookie ja",
        "cookie wall",
        "新聞",
        "<h1>クッキーの利用について</h1><p>当サイトはクッキーを使用しています。クッキーの利用に同意してください。同意しない場合はクッキーを無効にしてください。</p>",
    ),
    ("shell next", "needs JavaScript", "Gull", "<div id='__next'></div><script src=/a.js></script>"),
    ("shell ng", "needs JavaScript", "Gull", "<app-root></app-root><script src=/a.js></script>"),
    (
        "shell loading",
        "needs JavaScript",
        "Gull",
        "<div class='app'><p>Loading...</p></div><script src=/a.js></script>",
    ),
    (
        "shell de",
        "needs JavaScript",
        "Gull",
        "<div id=main></div><noscript>Bitte aktivieren Sie JavaScript, um diese Seite zu nutzen.</noscript><script src=/a.js></script>",  # noqa: E501
    ),
    (
        "shell ja",
        "needs JavaScript",
        "Gull",
        "<div id=main></div><noscript>このサイトを利用するにはJavaScriptを有効にしてください。</noscript><script src=/a.js></script>",  # noqa: E501
    ),
    (
        "shell zh",
        "needs JavaScript",
        "Gull",
        "<div id=main></div><noscript>请启用JavaScript以查看此页面。</noscript><script src=/a.js></script>",
    ),
    (
        "shell bare",
        "needs JavaScript",
        "Gull",
        "<div class=spinner></div><script src=/runtime.js></script><script src=/main.js></script>",
    ),
    (
        "meta refresh",
        "needs JavaScript",
        "Redirecting",
        "<p>You are being redirected.</p><script>location='/x'</script>",
    ),
]


@pytest.mark.parametrize(("reason", "title", "body"), [wall[1:] for wall in WALLS], ids=[wall[0] for wall in WALLS])
def test_walls_speak_many_languages(reason, title, body):
    with pytest.raises(NotARelease) as refusal:
        extract_release(f"<html><head><title>{title}</title></head><body>{body}</body></html>", URL)

    assert refusal.value.reason == reason


def test_a_release_about_cookies_log_ins_and_errors_is_a_release():
    body = "".join(
        f"<p>Gull Line, maker of consent cookies for ferries, says that error 404 and the words page not found, please log "  # noqa: E501
        f"in to continue and enable JavaScript were seen by {number} thousand passengers of its night boats last year.</p>"  # noqa: E501
        for number in range(2, 9)
    )

    assert (
        len(extract_release(f"<html><body><h1>Gull Line ends the cookie wall</h1>{body}</body></html>", URL).body) == 7
    )


TAGS = st.sampled_from(
    [
        "p",
        "div",
        "h1",
        "h2",
        "a",
        "table",
        "tr",
        "td",
        "ul",
        "li",
        "br",
        "img",
        "article",
        "aside",
        "script",
        "style",
        "blockquote",
        "pre",
        "figure",
        "time",
    ]
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "HONG KONG - Media OutReach Newswire - 9 March 2026 - The barge came in by night and was unloaded before the day.",  # noqa: E501
            "About Gull Line",
            "###",
            "Hashtag: #Gull",
            "SOURCE Gull Line",
            "The issuer is solely responsible for the content of this announcement.",
            "News from Asia",
            "A sentence of the release that is long enough to be a paragraph of its own, and then some more of it.",
            "Media contact: ada@gull.example",
        ]
    ),
)


@st.composite
def soup(draw: st.DrawFn) -> str:
    """HTML as bad as it gets: tags that do not match, attributes without quotes, texts of releases in any order."""
    parts = []
    for _ in range(draw(st.integers(0, 30))):
        tag = draw(TAGS)
        parts.append(draw(st.sampled_from([f"<{tag}>", f"</{tag}>", f"<{tag} class=x href=/a src='b' style=", ""])))
        parts.append(draw(TEXTS))
    return "".join(parts)


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(soup(), st.text(max_size=300), st.binary(max_size=300)), st.sampled_from([None, URL, "http://[", "x:y"])
)
def test_any_page_ends_in_a_release_or_in_a_named_refusal(page, url):
    outcome = read(page, url)

    if isinstance(outcome, Release):
        assert outcome.headline
        assert all(text.strip() for text in (*outcome.body, *outcome.about, *outcome.tags))
    else:
        assert outcome in REASONS


def read(page: str | bytes, url: str | None) -> Release | str:
    """Return the release, or the reason why there is none."""
    try:
        return extract_release(page, url)
    except NotARelease as refusal:
        return refusal.reason


@pytest.mark.parametrize(
    "page",
    [
        b"<div>" * 100_000 + b"deep",
        b"<b><i>" * 50_000,
        b"<a href=/x>link text here</a>" * 30_000,
        b"<table><tr><td>" * 10_000,
        b"<p>contact" + b" " * 500_000 + b"x",
        b"<p>" + b"1" * 500_000,
        b"<p>" + b"a@" * 200_000,
        b"<p>" + b"#a" * 200_000,
        b"<p>For more " + b"information " * 40_000,
        b"<br>" * 100_000,
    ],
    ids=["deep", "inline", "links", "tables", "spaces", "digits", "mails", "tags", "words", "breaks"],
)
def test_hostile_pages_end_in_a_refusal(page):
    with pytest.raises(NotARelease):
        extract_release(page, URL)
