"""Who may ask, from where, and how much: before anything of a request is looked at, and over every answer."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from urllib.parse import parse_qs, quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config.settings import LOOPBACK, WebSettings
from web.problems import problem, wants_page
from web.security.head_limits import COOKIES
from web.security.login_throttle import LoginThrottle
from web.templating import page

MAX_BODY_BYTES = 64 << 10  # bytes; the longest honest body is one address
BODY_TIMEOUT_SECONDS = 10.0  # seconds for a whole body to arrive
MAX_CONCURRENT_REQUESTS = (
    24  # requests that are worked on; the rest wait, for crawl and delivery share the connections to Redis
)
COOKIE_DAYS = 30
PATHS_WITHOUT_TOKEN = ("/healthz",)  # a probe holds no token
PROBES = ("/healthz", "/readyz", "/metrics")  # they never wait for others
LOGIN = "/login"
LOGIN_STYLE = "/static/page.css"  # the form's own style; it says nothing of what is stored
FEED = re.compile(r"/feeds/([a-z0-9_-]{1,64})\.(?:atom|json)")
OWN_ADDRESS = re.compile(r"/(?![/\\])[!-\[\]-~]*")  # printable ASCII without a backslash
MAX_ADDRESS_CHARACTERS = 2_000  # characters
FORM = "application/x-www-form-urlencoded"  # what the pages send; each form is sealed besides (web.security.csrf)
IS_HEAD_REQUEST = "wirewatch.head_alone"  # in the scope of a request: nobody waits for the body
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "private, no-cache",
}


FORM_HEADERS = {"Referrer-Policy": "same-origin"}
"""Of the form's page: under ``no-referrer`` a browser sends ``Origin: null`` with it (Fetch, "append a request
Origin header"), and on plain HTTP off loopback it sends no ``Sec-Fetch-Site`` either."""


def host_of(header: str) -> str:
    """Return the host of a Host header without its port, in small letters; empty for what is none."""
    try:
        return urlsplit(f"//{header.strip()}").hostname or ""
    except ValueError:
        return ""


def allowed_hosts(settings: WebSettings) -> frozenset[str] | None:
    """Return the hosts that a request may name; None for any.

    On loopback a foreign name that leads here is DNS rebinding: a page elsewhere reading what is ours; the operator's
    own name, that of ``public_url``, is none. On other addresses the token keeps such a page out, and which names lead
    there only the operator knows.
    """
    if settings.host not in LOOPBACK:
        return None
    own = urlsplit(settings.public_url or "").hostname
    return frozenset(LOOPBACK) | ({own} if own else frozenset())


def same_origin(headers: Headers) -> bool | None:
    """Return whether a browser says that a page of ours asks; None when no browser says anything.

    Fetch Metadata first (``Sec-Fetch-Site``), else ``Origin`` against ``Host``.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    if origin is None:
        return None
    try:
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower() != ""
    except ValueError:
        return False


class AccessControl:
    """Refuses what must not pass, bounds bodies, and puts the security headers on every answer."""

    def __init__(self, app: ASGIApp, *, settings: WebSettings) -> None:
        self._app = app
        self._hosts = allowed_hosts(settings)
        self._token = settings.token.get_secret_value() if settings.token else None
        self._slots = asyncio.Semaphore(MAX_CONCURRENT_REQUESTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        started = working = False

        async def answer(message: Message) -> None:
            nonlocal started, working
            if message["type"] == "http.response.start":
                started = True
                if working:  # what is sent from here on, a stream for hours, keeps nobody waiting
                    working = False
                    self._slots.release()
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, answer)
            return
        # Read before a desk is taken: whoever sends a byte a second keeps nobody waiting.
        body = await _body(receive, str(scope["path"]))
        if isinstance(body, Response):
            await body(scope, receive, answer)
            return
        if scope["method"] == "HEAD":  # what GET answers, whose body the server leaves out (RFC 9110, 9.3.2)
            scope = {**scope, "method": "GET", IS_HEAD_REQUEST: True}
        if scope["path"] not in PROBES:
            await self._slots.acquire()
            working = True
        try:
            await self._app(scope, _replay(body, receive), answer)
        except Exception:
            if not started:
                detail = "wirewatch has met a fault of its own; its log says which"
                await problem(500, detail, scope["path"])(scope, receive, answer)
            raise
        finally:
            if working:
                self._slots.release()

    def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), str(scope["path"])
        if self._hosts is not None and host_of(headers.get("host", "")) not in self._hosts:
            allowed = ", ".join(sorted(self._hosts))
            return problem(421, f"this is no name of this server, which listens on loopback alone: {allowed}", path)
        if path in PATHS_WITHOUT_TOKEN:
            return None
        has_token_header = False
        if self._token is not None:
            wait, known, has_token_header = self._authenticate(scope, headers, self._token)
            if not known and path not in (LOGIN, LOGIN_STYLE):
                return self._unauthorized(scope, headers, wait)
        if scope["method"] in SAFE_METHODS:
            return None
        return self._refused_change(str(scope["method"]), path, headers, has_token_header)

    @staticmethod
    def _authenticate(scope: Scope, headers: Headers, token: str) -> tuple[int, bool, bool]:
        """Return for how many seconds nothing more is compared, and whether the token is known, and by the header.

        Cookies and keys are made from the token: to try one is to try a token.
        """
        given = [headers.get("authorization", ""), *scope.get(COOKIES, ()), _feed_key(scope)]
        if not any(given):
            return 0, False, False
        throttle: LoginThrottle = scope["app"].state.login_throttle
        who = str((scope.get("client") or ("",))[0])
        wait = throttle.wait(who)
        if wait:
            return wait, False, False
        has_token_header = _bearer(headers, token)
        known = has_token_header or _cookie(scope, token) or _by_feed_key(scope, token)
        if known:
            throttle.succeeded(who)
        else:
            for one in filter(None, given):
                throttle.failed(who, one)
        return 0, known, has_token_header

    def _refused_change(self, method: str, path: str, headers: Headers, has_token_header: bool) -> Response | None:
        """Changes come from a program with the token or from our own page; without a token, not from a page elsewhere.

        A cookie goes along by itself, so it alone is no proof; where nothing is asked for, a request that no
        browser marks comes from a program of this machine.
        """
        ours = same_origin(headers)
        form = not path.startswith("/api/")
        if not has_token_header and (ours is False or (ours is None and (self._token is not None or form))):
            return problem(403, "a page elsewhere asks for this, or a program without the token", path)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:12]) > MAX_BODY_BYTES:
            return problem(413, f"a body has at most {MAX_BODY_BYTES} bytes", path)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        wanted = FORM if form else "application/json"
        if kind != wanted and method == "POST":  # no other method changes anything here: 405 says so
            return problem(415, f"a body is {wanted}", path)
        return None

    @staticmethod
    def _unauthorized(scope: Scope, headers: Headers, wait: int) -> Response:
        asks, path = {"WWW-Authenticate": 'Bearer realm="wirewatch"'}, str(scope["path"])
        if wants_page(path, headers.get("accept", "")):
            # A link elsewhere brings no strict cookie along; our own page, which asks once more by itself, does.
            again = scope["method"] == "GET" and headers.get("sec-fetch-site") in ("cross-site", "same-site")
            return page(
                "login.html", status=401, headers=asks | FORM_HEADERS, wrong=None, onward=_address(scope), again=again
            )
        if wait:
            said = f"too many wrong tokens came from this address; try again in {wait} s"
            return problem(429, said, path, headers={"Retry-After": str(wait)})
        return problem(401, "send the token: Authorization: Bearer …", path, headers=asks)


def _address(scope: Scope) -> str:
    """Return what was asked for, to go on there with the token; the first page for what is no page to go on to."""
    if scope["method"] != "GET":
        return "/"
    query = scope["query_string"].decode("latin-1")
    return own_address(quote(str(scope["path"])) + (f"?{query}" if query else ""))


def own_address(given: str) -> str:
    """Return an address if it is one of this server, else that of the first page.

    ``//host`` and ``/\\host`` lead elsewhere, and browsers leave out tabs and ends of lines before they look.
    """
    return given if OWN_ADDRESS.fullmatch(given) and len(given) <= MAX_ADDRESS_CHARACTERS else "/"


def cookie_value(token: str) -> str:
    """Return what the cookie holds: made from the token, not the token, and void once that changes."""
    return hmac.new(token.encode(), b"wirewatch cookie 1", hashlib.sha256).hexdigest()


def feed_key(token: str, watch: str) -> str:
    """Return the key of a watch's feeds: it opens these alone, does not tell the token, and is void once that changes.

    A feed reader sends no headers of ours, and its address lies about: in its file, in logs of proxies.
    """
    return hmac.new(token.encode(), f"wirewatch feed 1 {watch}".encode(), hashlib.sha256).hexdigest()[:32]


def constant_time_equal(given: str, wanted: str) -> bool:
    """Compare secrets in a time that tells nothing."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())


def _bearer(headers: Headers, token: str) -> bool:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    # Headers are decoded as Latin-1, bytes for letters; a token may be of any script.
    sent = given.strip().encode("latin-1").decode("utf-8", "surrogateescape")
    return scheme.lower() == "bearer" and constant_time_equal(sent, token)


def _feed_key(scope: Scope) -> str:
    """Return the key that a feed is asked for with; empty without one."""
    if FEED.fullmatch(scope["path"]) is None or scope["method"] not in SAFE_METHODS:
        return ""
    try:
        fields = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=10)
    except ValueError:  # more fields than anybody honest sends
        return ""
    return str(fields.get("key", [""])[0])


def _by_feed_key(scope: Scope, token: str) -> bool:
    feed, given = FEED.fullmatch(scope["path"]), _feed_key(scope)
    return feed is not None and given != "" and constant_time_equal(given, feed_key(token, feed[1]))


def _cookie(scope: Scope, token: str) -> bool:
    wanted = cookie_value(token)
    return any(constant_time_equal(value, wanted) for value in scope.get(COOKIES, ()))


async def _body(receive: Receive, path: str) -> bytes | Response:
    """Return the body of a request, or what is answered where it is too long or too late."""
    parts, taken = [], 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":  # what is there may say something else than was meant
                    return problem(400, "the body was cut off", path)
                part = message.get("body", b"")
                taken += len(part)
                if taken > MAX_BODY_BYTES:
                    return problem(413, f"a body has at most {MAX_BODY_BYTES} bytes", path)
                parts.append(part)
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        return problem(408, f"the body did not arrive within {BODY_TIMEOUT_SECONDS:.0f} s", path)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return what gives the body that was read, and then whether the one who asks has gone."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
