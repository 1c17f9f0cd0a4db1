"""Serve the project over TLS on a loopback port, which is written on standard output.

`python -m tests.scim_project.serve FOLDER CERTIFICATE KEY`
"""

import ssl
import sys
from pathlib import Path
from types import SimpleNamespace
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

TOKEN = "a token for tests"


class ByToken:
    """Let whoever has the token be somebody."""

    def __init__(self, get_response):
        self._get_response = get_response

    def __call__(self, request):
        is_known = request.headers.get("Authorization") == f"Bearer {TOKEN}"
        request.user = SimpleNamespace(is_authenticated=is_known, is_anonymous=not is_known)
        return self._get_response(request)


class Quiet(WSGIRequestHandler):
    """Says nothing of requests."""

    def log_message(self, *_):
        return


def configure(folder: Path) -> None:
    """Set the project up, with an empty database."""
    settings.configure(
        SECRET_KEY="for tests only",
        ALLOWED_HOSTS=["localhost"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "django.db")}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django_scim", "tests.scim_project"],
        AUTH_USER_MODEL="scim_project.User",
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        MIDDLEWARE=["tests.scim_project.serve.ByToken", "django_scim.middleware.SCIMAuthCheckMiddleware"],
        ROOT_URLCONF="tests.scim_project.urls",
        USE_TZ=True,
        SCIM_SERVICE_PROVIDER={
            "NETLOC": "localhost",
            "AUTHENTICATION_SCHEMES": [{"type": "oauthbearertoken", "name": "token"}],
            "GROUP_MODEL": "tests.scim_project.models.Group",
        },
    )
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)


def main() -> None:
    """Serve until somebody ends it."""
    folder, certificate, key = sys.argv[1:]
    configure(Path(folder))
    server = make_server("127.0.0.1", 0, get_wsgi_application(), WSGIServer, Quiet)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
