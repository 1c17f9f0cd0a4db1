#!/usr/bin/env python3
"""A target in Python: objects in one JSON file, {type: {id: attributes}}, which `path` in `settings` names."""

import json
import os
import sys


def say(message, **more):
    print(json.dumps({"message": message, **more}), flush=True)


def load():
    return json.load(open(path)) if os.path.exists(path) else {}


def save(content):
    with open(f"{path}.new", "w") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())  # what is reported as done is on the disk
    os.replace(f"{path}.new", path)


def carry_out(objects, one):
    if one["change"] == "create":
        key = str(one["attributes"][names[one["type"]]][0])
        if key in objects:
            return {"code": "existing-object", "text": f"{key} is there already"}
        objects[key] = one["attributes"]
    elif one["id"] not in objects:
        return {"code": "missing-object", "text": f"{one['id']} is not there"}
    elif one["change"] == "delete":
        del objects[one["id"]]
    else:
        for change in one["changes"]:
            held = [] if change["replace"] else objects[one["id"]].get(change["name"], [])
            kept = [value for value in held if value not in change["remove"] + change["add"]]
            objects[one["id"]][change["name"]] = kept + change["add"]
    return None


for line in sys.stdin:
    request = json.loads(line)
    match request["request"]:
        case "hello":
            path = request["settings"]["path"]
            names = {kind: one["external_id"] for kind, one in request["types"].items()}
            say("hello", protocol=1, name="json_file.py", writes=True, batch_size=500, types=[*load()])
            continue
        case "import":
            for kind in request["types"]:
                for key, attributes in load().get(kind, {}).items():
                    say("object", type=kind, id=key, attributes=attributes)
        case "read":
            found = load().get(request["type"], {}).get(request["id"])
            if found is not None:
                say("object", type=request["type"], id=request["id"], attributes=found)
        case "export":
            content = load()
            problems = [carry_out(content.setdefault(one["type"], {}), one) for one in request["operations"]]
            save(content)
            for one, problem in zip(request["operations"], problems):
                say("result", n=one["n"], problem=problem)
    say("end")
