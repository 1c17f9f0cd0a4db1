#!/usr/bin/env python3
"""A source over HTTP: pages of people as JSON, `{"items": […], "next": "…"}`, from the address in `settings`.

The token comes from the variable API_TOKEN. A page that cannot be read makes the import incomplete, so that nobody on
it is taken for gone; the server's wish to be asked later (429, 503) is granted a few times.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request


def say(message, **more):
    print(json.dumps({"message": message, **more}), flush=True)


def get(address):
    """Get a document; None for one that is not there."""
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {os.environ['API_TOKEN']}"})
    for attempt in range(5):
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            if error.code not in (429, 503) or attempt == 4:
                raise
            time.sleep(min(float(error.headers.get("Retry-After") or 1), 20))


def person(one):
    given = {name: value for name, value in one.items() if name != "id"}
    say("object", type="person", id=one["id"], attributes=given, position=f"/people/{one['id']}")


def all_people():
    """Give everybody, page by page; say why not, where a page cannot be read."""
    address, begun = f"{url}/people", False
    while address:
        try:
            page = get(address)
        except (OSError, ValueError) as error:
            if not begun:
                reason = "credentials" if getattr(error, "code", 0) in (401, 403) else "connection"
                return say("failed", reason=reason, text=f"{address}: {error}")
            return say("end", complete=False, reason=f"{address}: {error}")
        for one in page["items"]:
            person(one)
        begun, address = True, page.get("next") and urllib.parse.urljoin(address, page["next"])
    say("end")


for line in sys.stdin:
    request = json.loads(line)
    match request["request"]:
        case "hello":
            url = request["settings"]["url"].rstrip("/")
            say("hello", protocol=1, name="rest.py")
        case "import":
            all_people()
        case "read":
            if (found := get(f"{url}/people/{urllib.parse.quote(request['id'])}")) is not None:
                person(found)
            say("end")
        case _:
            say("end")
