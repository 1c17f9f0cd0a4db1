"""A SCIM service over HTTP: signing in, asking again where that is safe, and what an answer means."""

import asyncio
import json
import math
import ssl
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import orjson

from engine.connectors.scim.answers import BROKEN, FAILED, Answer, BrokenOver
from engine.connectors.scim.options import ScimOptions
from engine.errors import CannotConnect, ConnectionLost, CredentialsRefused, StepFailed

LARGEST_ANSWER = 64 * 1024 * 1024
"""How many bytes an answer may have."""
_LATER = frozenset({429, 503})
"""Answers that say that nothing was done, and to ask again later."""
_MEDIA = "application/scim+json"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_TRIES = 4
"""How often a question is asked that changes nothing, where the service breaks down over it."""


class Service:
    """One service; entered, used and left."""

    def __init__(self, name: str, options: ScimOptions, folder: Path) -> None:
        self._name = name
        self._options = options
        self._folder = folder
        self._client: httpx.AsyncClient | None = None
        self._token = ""
        self._abandoned = asyncio.Event()
        self._have_answered: set[str] = set()
        """The hosts that have ever said anything: they want no other certificate than they were shown."""
        self._slots = asyncio.Semaphore(options.connections)

    async def open(self) -> None:
        """Get ready, and sign in where a token has to be asked for. Raises `CredentialsRefused` or `CannotConnect`."""
        options = self._options
        auth = None
        if options.user is not None and options.password is not None:
            auth = httpx.BasicAuth(options.user, options.password.reveal(self._folder))
        seconds = options.timeout.total_seconds()
        try:
            self._client = httpx.AsyncClient(
                verify=self._tls(),
                auth=auth,
                timeout=httpx.Timeout(seconds, connect=min(seconds, 30.0)),
                proxy=self._proxy(),
                follow_redirects=False,  # a token goes nowhere but to where it was meant for
                trust_env=False,
                headers={"Accept": f"{_MEDIA}, application/json;q=0.9", "User-Agent": "interlock"},
            )
        except (ValueError, httpx.InvalidURL) as error:
            raise CannotConnect(f"{self._name}: {error}; correct 'proxy'") from error
        if options.token is not None:
            self._token = options.token.reveal(self._folder)
            if not self._token.isascii():
                raise CredentialsRefused(f"{self._name}: the token holds what no token may: letters beyond ASCII")
        elif options.oauth is not None:
            await self._ask_token()

    async def close(self) -> None:
        """Let go of the service."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def abandon(self) -> None:
        """Wait no longer for any answer."""
        self._abandoned.set()

    def _proxy(self) -> httpx.Proxy | None:
        """Give the proxy to go through, and who we are there. Raises `CredentialsRefused` and ValueError."""
        options = self._options
        if options.proxy is None:
            return None
        if options.proxy_user is None or options.proxy_password is None:
            return httpx.Proxy(options.proxy)
        return httpx.Proxy(options.proxy, auth=(options.proxy_user, options.proxy_password.reveal(self._folder)))

    def _tls(self) -> ssl.SSLContext:
        options = self._options
        try:
            context = ssl.create_default_context(
                cafile=str(self._folder / options.ca_file) if options.ca_file else None
            )
            if options.client_certificate is not None:
                key = str(self._folder / options.client_key) if options.client_key else None
                # with a password, of which there is none, nobody is asked for one at the terminal
                context.load_cert_chain(str(self._folder / options.client_certificate), key, password="")
        except (OSError, ssl.SSLError) as error:
            told = f"a certificate cannot be read: {error}; a key behind a password is not"
            raise CannotConnect(f"{self._name}: {told}") from error
        return context

    async def _ask_token(self) -> None:
        """Ask for a token by client credentials. Raises `CredentialsRefused` or `CannotConnect`."""
        oauth = self._options.oauth
        if oauth is None:
            return
        form = {"grant_type": "client_credentials"} | ({"scope": oauth.scope} if oauth.scope else {})
        secret = oauth.client_secret.reveal(self._folder)
        auth = httpx.BasicAuth(oauth.client_id, secret)
        try:
            status, body, _ = await self._when_it_can(
                lambda: self._opened.build_request("POST", oauth.token_url, data=form), auth
            )
        except ConnectionLost as error:
            raise CannotConnect(str(error)) from error
        if status in BROKEN:
            raise CannotConnect(f"{self._name}: {oauth.token_url}: HTTP {status}")
        document = _document(body) or {}
        if status != 200 or not document.get("access_token"):
            said = document.get("error_description") or document.get("error") or f"HTTP {status}"
            raise CredentialsRefused(f"{self._name}: {oauth.token_url} gives no token: {said}")
        self._token = str(document["access_token"])

    @property
    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            raise ConnectionLost(f"{self._name}: it is closed")
        return self._client

    async def ask(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        """Ask for something, again where the service breaks down. Raises `StepFailed`."""
        pause = _FIRST_PAUSE
        for tried in range(1, _TRIES + 1):
            try:
                answer = await self._send("GET", path, query=query)
                if answer.status not in BROKEN:
                    return answer
                failure: StepFailed = ConnectionLost(f"{self._name}: {path}: {answer.detail}")
            except ConnectionLost as error:
                failure = error
            if tried == _TRIES or self._abandoned.is_set():
                raise failure
            await self._pause(pause)
            pause *= 3
        raise AssertionError  # the loop ends by itself

    async def change(
        self, method: str, path: str, document: dict[str, Any] | None = None, etag: str | None = None
    ) -> Answer:
        """Change something, once. Raises `ConnectionLost` where nobody knows whether that took place."""
        answer = await self._send(method, path, document=document, etag=etag)
        told = f"{self._name}: {method} {path}: {answer.detail}"
        if answer.status == FAILED:
            raise BrokenOver(told, answer)
        if answer.status in BROKEN:
            raise ConnectionLost(told)
        return answer

    async def answers(self) -> bool:
        """Tell whether the service answers what anybody may ask it."""
        try:
            return (await self._send("GET", "/ServiceProviderConfig")).status < FAILED
        except StepFailed:
            return False

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        document: dict[str, Any] | None = None,
        etag: str | None = None,
    ) -> Answer:
        """Send a request, later again where the service wishes that, and with another token where that has run out."""

        def request() -> httpx.Request:
            return self._request(method, path, query, document, etag)

        status, body, headers = await self._when_it_can(request)
        if status == 401 and self._options.oauth is not None:
            await self._ask_token()
            status, body, headers = await self._when_it_can(request)
        return self._understood(method, path, status, body, headers)

    async def _when_it_can(
        self, request: Callable[[], httpx.Request], auth: httpx.Auth | None = None
    ) -> tuple[int, bytes, httpx.Headers]:
        """Send a request, again and again for as long as it is wished later. Raises `ConnectionLost`."""
        until = time.monotonic() + self._options.patience.total_seconds()
        pause = _FIRST_PAUSE
        while True:
            status, body, headers = await self._waited(request(), auth)
            if status not in _LATER:
                return status, body, headers
            wait = _wished(headers.get("Retry-After"), pause)
            if time.monotonic() + wait > until:
                raise ConnectionLost(f"{self._name}: asks to be asked later (HTTP {status}), for too long by now")
            await self._pause(wait)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        document: dict[str, Any] | None,
        etag: str | None,
    ) -> httpx.Request:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        headers |= {"If-Match": etag} if etag else {}
        headers |= {"Content-Type": _MEDIA} if document is not None else {}
        content = None if document is None else orjson.dumps(document)
        address = f"{self._options.url}{path}"
        return self._opened.build_request(method, address, params=query, content=content, headers=headers)

    def _understood(self, method: str, path: str, status: int, body: bytes, headers: httpx.Headers) -> Answer:
        """Give an answer as what it means. Raises `StepFailed` for what no SCIM service says."""
        place = f"{self._name}: {method} {path}"
        if 300 <= status < 400:
            raise CannotConnect(f"{place}: leads elsewhere (to {headers.get('Location', 'nowhere')}); correct 'url'")
        document = _document(body)
        answer = Answer(status, document or {}, headers.get("ETag"), _date(headers.get("Date")))
        if status == 401:
            raise CredentialsRefused(f"{self._name}: refuses our credentials: {answer.detail}")
        if status < 300 and body and document is None:
            kind = headers.get("Content-Type", "nothing")
            raise ConnectionLost(
                f"{place}: the answer is no JSON object, but {kind}; is 'url' the base of a SCIM service?"
            )
        return answer

    async def _waited(self, request: httpx.Request, auth: httpx.Auth | None = None) -> tuple[int, bytes, httpx.Headers]:
        """Send a request and read its answer, for as long as nobody abandons it. Raises `ConnectionLost`."""
        async with self._slots:
            sending = asyncio.ensure_future(self._read(request, auth))
            stopping = asyncio.ensure_future(self._abandoned.wait())
            try:
                await asyncio.wait({sending, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not sending.done():
                    raise ConnectionLost(f"{self._name}: nobody waits for it any longer")
                return sending.result()
            except (httpx.HTTPError, OSError) as error:  # TLS that breaks behind the handshake is an OSError
                place = f"{self._name}: {request.url.copy_with(query=None)}"
                raise ConnectionLost(f"{place}: {self._why(request.url, error)}") from error
            finally:
                for one in (sending, stopping):
                    one.cancel()
                await asyncio.gather(sending, stopping, return_exceptions=True)

    def _why(self, url: httpx.URL, error: Exception) -> str:
        """Say why there is no answer, and what may be wrong with the way to the service."""
        told = _said(error)
        if isinstance(error, httpx.TimeoutException):
            what = "connection" if isinstance(error, httpx.ConnectTimeout) else "answer"
            told = f"no {what} for {self._options.timeout.total_seconds():g} s"
        if self._options.proxy is not None:
            told = f"through the proxy {self._options.proxy}: {told}"
        is_shown = url.scheme == "http" or self._options.client_certificate is not None
        if is_shown or url.host in self._have_answered or not _is_broken_tls(error):
            return told
        return f"{told}; if it wants a certificate of ours, name one by 'client_certificate'"

    async def _read(self, request: httpx.Request, auth: httpx.Auth | None) -> tuple[int, bytes, httpx.Headers]:
        answer = await self._opened.send(request, stream=True, auth=auth or httpx.USE_CLIENT_DEFAULT)
        self._have_answered.add(request.url.host)
        try:
            body = bytearray()
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > LARGEST_ANSWER:
                    raise ConnectionLost(f"{self._name}: an answer of more than {LARGEST_ANSWER >> 20} MB")
            return answer.status_code, bytes(body), answer.headers
        finally:
            await answer.aclose()

    async def _pause(self, seconds: float) -> None:
        """Wait, unless nobody does any longer. Raises `ConnectionLost`."""
        try:
            await asyncio.wait_for(self._abandoned.wait(), seconds)
        except TimeoutError:
            return
        raise ConnectionLost(f"{self._name}: nobody waits for it any longer")


def _said(error: BaseException) -> str:
    """Give what an error says, or the one that it comes from where it says nothing itself."""
    one: BaseException | None = error
    while one is not None and not str(one):
        one = one.__cause__ or one.__context__
    return type(error).__name__ if one is None else str(one)


def _is_broken_tls(error: Exception) -> bool:
    """Tell a connection that was made and then ended, as by who misses a certificate, from one that was never made.

    With TLS 1.3 such a server may end it behind the handshake, and few say why (RFC 8446 §4.4.2.4).
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, (ssl.SSLError, ConnectionResetError)):
            return not isinstance(cause, ssl.SSLCertVerificationError)
        cause = cause.__cause__ or cause.__context__
    return isinstance(error, (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError))


def _document(body: bytes) -> dict[str, Any] | None:
    """Read a JSON object; None where there is none. Half a character in it is the error of its object."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        try:
            found = json.loads(body)
        except ValueError:
            return None
    return found if isinstance(found, dict) else None


def _date(text: str | None) -> datetime | None:
    """Read a date of HTTP; one that names no zone is in UTC."""
    try:
        moment = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _wished(text: str | None, otherwise: float) -> float:
    """Give how many seconds to wait by the header `Retry-After`: a number, or a date (RFC 9110 §10.2.3)."""
    if text is None:
        return otherwise
    try:
        return otherwise if math.isnan(float(text)) else max(float(text), 0.05)
    except ValueError:
        pass
    moment = _date(text)
    return otherwise if moment is None else max((moment - datetime.now(UTC)).total_seconds(), 0.05)
