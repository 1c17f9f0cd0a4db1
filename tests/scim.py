"""Real SCIM services on loopback: that of the package scim2-server over TLS, and one that does what a test says."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx
from scim2_models import BulkRequest, EnterpriseUser, Group, ScimProvider, User
from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

from tests.certificates import Authority

TOKEN = "a token for tests"
MOST_OPERATIONS = 20
"""How many operations a bulk request may have."""
JSON = dict[str, Any]


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        return


class Asked:
    """A service as somebody else sees it."""

    authority: Authority
    url: str

    def ask(self, method: str, path: str, document: JSON | None = None) -> JSON:
        """Ask the service for something, as somebody else would."""
        context = ssl.create_default_context(cafile=str(self.authority.file))
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}
        with httpx.Client(verify=context, headers=headers, trust_env=False) as client:
            answer = client.request(method, self.url + path, json=document)
            assert answer.status_code < 300, answer.text
            return answer.json() if answer.content else {}

    def users(self) -> dict[str, JSON]:
        """Give all users by their names."""
        return {one["userName"]: one for one in self.ask("GET", "/Users?count=1000").get("Resources", [])}

    def groups(self) -> dict[str, JSON]:
        """Give all groups by their names."""
        return {one["displayName"]: one for one in self.ask("GET", "/Groups?count=1000").get("Resources", [])}


class ScimServer(Asked):
    """The service of the package scim2-server, and what it holds."""

    bulk: "BulkEndpoint | None" = None
    """What takes its bulk requests, where it has that."""

    def __init__(self, folder: Path, **features: bool) -> None:
        self.authority = Authority(folder / "authority")
        certificate = self.authority.sign("localhost", names="DNS:localhost,IP:127.0.0.1")
        self.application = make_application(features)
        if features.get("bulk"):
            self.application = self.bulk = BulkEndpoint(self.application)
        self.requests: list[tuple[str, str]] = []
        self._server = make_server("127.0.0.1", 0, self._noted, WSGIServer, _Quiet)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate.certificate, certificate.key)
        self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://localhost:{self._server.server_port}/v2"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def _noted(self, environ: JSON, start: Callable[..., Any]) -> Iterator[bytes]:
        self.requests.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        yield from self.application(environ, start)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def make_application(features: dict[str, bool]) -> Any:
    """Make the service; features such as `patch` can be switched off."""
    config = load_default_service_provider_config()
    for name, supported in features.items():
        getattr(config, name).supported = supported
    if features.get("bulk"):
        assert config.bulk is not None
        config.bulk.max_operations, config.bulk.max_payload_size = MOST_OPERATIONS, 1_000_000
    schemas, kinds = load_default_schemas().values(), load_default_resource_types().values()
    provider = ScimProvider.from_discovery(schemas, kinds, config=config)
    return BearerTokenApplication(InMemoryStorage(), provider, bearer_tokens=[TOKEN])


class BulkEndpoint:
    """Takes bulk requests for a service that has none itself, which carries out each operation of them."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._inside = httpx.WSGITransport(app=application)
        self.requests: list[JSON] = []
        self.limit = 1_000_000
        """How many bytes a request may have."""
        self.change: Callable[[JSON], tuple[int, JSON]] = lambda answer: (200, answer)
        """What becomes of an answer."""
        self.tells_places = True
        """Whether results say of which resource they are."""
        self.before: Callable[[JSON], tuple[int, JSON] | None] = lambda request: None

    def __call__(self, environ: JSON, start: Callable[..., Any]) -> Any:
        if environ["PATH_INFO"] != "/v2/Bulk":
            return self._application(environ, start)
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        request = json.loads(body)
        self.requests.append(request)
        # what the standard says of a request, by somebody else's models
        BulkRequest[User[EnterpriseUser] | Group].model_validate(request)
        status, answer = self._answer(request, len(body), environ.get("HTTP_AUTHORIZATION", ""))
        start(f"{status} told", [("Content-Type", "application/scim+json")])
        return [json.dumps(answer).encode()]

    def _answer(self, request: JSON, size: int, authorization: str) -> tuple[int, JSON]:
        if size > self.limit:
            return 413, {"status": "413", "detail": "too large"}
        if (refusal := self.before(request)) is not None:
            return refusal
        done = [self._carry_out(one, authorization) for one in request["Operations"]]
        schema = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
        return self.change({"schemas": [schema], "Operations": done})

    def _carry_out(self, one: JSON, authorization: str) -> JSON:
        headers = {"Authorization": authorization, "Content-Type": "application/scim+json"}
        headers |= {"If-Match": one["version"]} if "version" in one else {}
        with httpx.Client(transport=self._inside, base_url="https://localhost/v2") as client:
            answer = client.request(one["method"], one["path"], json=one.get("data"), headers=headers)
        location = answer.headers.get("Location") or f"https://localhost/v2{one['path']}"
        result = {"method": one["method"], "status": str(answer.status_code)}
        result |= {"bulkId": one["bulkId"]} if "bulkId" in one else {}
        if answer.status_code >= 300:
            return (
                result
                | {"response": answer.json()}
                | ({} if one["method"] == "POST" or not self.tells_places else {"location": location})
            )
        if one["method"] == "POST":
            location = answer.json()["meta"]["location"]
        return result | ({"location": location} if self.tells_places or one["method"] == "POST" else {})


class Scripted:
    """A service that answers what a function says: (method, path, query, document) → (status, document, headers)."""

    def __init__(self, answer: Callable[[str, str, dict[str, str], JSON], tuple[int, Any, dict[str, str]]]) -> None:
        script = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                parts = urlsplit(self.path)
                size = int(self.headers.get("Content-Length", 0))
                content = self.rfile.read(size)
                body = json.loads(content) if content.startswith(b"{") else {}
                script.requests.append((self.command, parts.path, self.headers.get("Authorization", "")))
                status, document, headers = answer(
                    self.command, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), body
                )
                content = document if isinstance(document, bytes) else json.dumps(document).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/scim+json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _any  # noqa: N815 - as http.server calls them

            def log_message(self, *_: object) -> None:
                return

        self.requests: list[tuple[str, str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
