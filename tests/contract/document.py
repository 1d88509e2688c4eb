#!/usr/bin/env python3
"""api/openapi.yaml in itself: it is OpenAPI 3.1 as far as stepd uses it, every reference leads
somewhere, nothing lies about unused, every operation is described, and every example fits its
schema. The statuses of the errors are those of src/base/errors.def.
"""

import json
import re

import jsonschema

from openapi import METHODS, Contract, read_json
from replay import error_rows
from stepd import Tally, check

SERVED_ONLY_IN_GENERAL = {"MethodNotAllowed", "HeadersTooLarge"}  # see info.description
# Rows whose time has not come: no token is asked for, and a second request with a key waits.
# headers-too-large is described by words.
NEVER_ANSWERED = {"unauthorized", "forbidden", "in-flight", "headers-too-large"}


def walk(node, where="#"):
    """Every mapping of the document with its place."""
    if isinstance(node, dict):
        yield node, where
        for key, value in node.items():
            yield from walk(value, where + "/" + key.replace("~", "~0").replace("/", "~1"))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from walk(value, f"{where}/{i}")


def as_read(value):
    """A value of the YAML as if it had come as JSON text."""
    return read_json(json.dumps(value))


def references(contract):
    used = set()
    for node, where in walk(contract.document):
        if isinstance(node.get("$ref"), str):
            contract.at(node["$ref"])
            used.add("/".join(node["$ref"].split("/")[:4]))
    for kind, members in contract.document["components"].items():
        for name in members:
            known = f"#/components/{kind}/{name}" in used or name in SERVED_ONLY_IN_GENERAL
            check(known, f"components/{kind}/{name} is not used")


def operation(contract, method, template, operation, ids):
    check(re.fullmatch(r"[a-z]+[A-Za-z]+", operation.get("operationId", "")), "no operationId")
    check(operation["operationId"] not in ids, "its operationId is not unique")
    ids.add(operation["operationId"])
    check(operation.get("summary") and operation.get("tags"), "no summary or no tags")
    in_path = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
    check(in_path == set(re.findall(r"\{(\w+)\}", template)), f"path parameters {in_path}")
    check(any(s.startswith("2") for s in operation["responses"]), "no success is documented")
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]
        body = content.get("application/json") or next(iter(content.values()))
        check("example" in body or "examples" in body, "no example of the request")
    for status, response in operation["responses"].items():
        check(response.get("description"), f"{status} has no description")
        if int(status) >= 400:
            check("application/problem+json" in response["content"], f"{status} is no problem")


def examples(contract):
    """Counts the examples that fit; each media type and parameter that has one."""
    count = 0
    for node, where in walk(contract.document):
        if "schema" not in node or where.endswith("/properties"):
            continue
        given = [node["example"]] if "example" in node else []
        given += [e["value"] for e in node.get("examples", {}).values()]
        for value in given:
            contract.check_value(node["schema"], as_read(value), f"the example at {where}", False)
            count += 1
    for name, schema in contract.schemas.items():
        for value in schema.get("examples", []):
            contract.check_value(schema, as_read(value), f"the example of {name}", False)
            count += 1
    check(count >= 40, f"only {count} examples")


def schemas(contract):
    for name, schema in contract.schemas.items():
        jsonschema.Draft202012Validator.check_schema(schema)


def errors(contract):
    """Each row of errors.def has a status that the components' responses know, and the other way
    round each slug that a description names is a row."""
    rows = error_rows()
    named = set()
    for name, response in contract.document["components"]["responses"].items():
        if "application/problem+json" in response.get("content", {}):
            found = {slug for slug in re.findall(r"`([a-z-]+)`", response["description"]) if slug in rows}
            check(found, f"the response {name} names no row of errors.def")
            named |= found
    for slug in rows:
        if slug not in NEVER_ANSWERED:
            check(slug in named, f"no response describes the error {slug}")


def main():
    tally = Tally()
    contract = Contract()
    document = contract.document
    tally.test("version", check, document["openapi"] == "3.1.0")
    tally.test("references", references, contract)
    tally.test("schemas are JSON Schema 2020-12", schemas, contract)
    tally.test("examples fit their schemas", examples, contract)
    tally.test("errors are those of errors.def", errors, contract)
    for template, item in document["paths"].items():
        tally.test(f"{template} has known members only", check,
                   not set(item) - set(METHODS) - {"parameters", "summary", "description"}, sorted(item))
    ids = set()
    for (method, template), found in contract.operations.items():
        tally.test(f"{method} {template}", operation, contract, method, template, found, ids)
    tally.end()


if __name__ == "__main__":
    main()
