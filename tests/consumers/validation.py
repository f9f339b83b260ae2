"""Compares records with what events/ says about them: their headers and keys with asyncapi.json, their bodies with the
JSON Schema that ce_dataschema names.

It is stricter than a consumer may be: a consumer passes over headers, fields and types of events that it does not know.
"""

import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker

EVENTS = Path(__file__).resolve().parents[2] / "events"

FORMATS = FormatChecker()
for needed in ("uuid", "date-time"):
    if needed not in FORMATS.checkers:
        sys.exit(f"jsonschema does not check the format {needed}: install what is in requirements.txt")


def validator(schema: dict) -> Draft202012Validator:
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FORMATS)


class Validation:
    def __init__(self):
        document = json.loads((EVENTS / "asyncapi.json").read_text("utf-8"))
        self.messages = {message["name"]: message for message in document["components"]["messages"].values()}
        schemas = [json.loads(path.read_text("utf-8")) for path in (EVENTS / "schemas").glob("*.schema.json")]
        self.bodies = {schema["$id"]: validator(schema) for schema in schemas}
        self.checked = self.wrong = 0

    def fits(self, record) -> bool:
        """Whether the record is right; what is wrong is told."""
        self.checked += 1
        wrong = self.problems(record)
        self.wrong += bool(wrong)
        for problem in wrong:
            print(f"{record.topic}/{record.partition} at offset {record.offset}: {problem}", file=sys.stderr)
        return not wrong

    def problems(self, record) -> list[str]:
        try:
            names = [name for name, _ in record.headers]
            headers = {name: value.decode() for name, value in record.headers}
            key = (record.key or b"").decode()
            body = json.loads(record.value or b"")
        except (AttributeError, ValueError) as error:
            return [f"a header, its key or its body cannot be read: {error}"]
        message = self.messages.get(headers.get("ce_type"))
        if message is None:
            return [f"ce_type: there is no {headers.get('ce_type')}"]
        wanted = list(message["headers"]["properties"])
        if names != wanted:
            return [f"headers: they are {names}, and {wanted} are wanted"]
        problems = of_schema("headers", message["headers"], headers)
        problems += of_schema("key", message["bindings"]["kafka"]["key"], key)
        if not problems:
            problems = [told("body", error) for error in self.bodies[headers["ce_dataschema"]].iter_errors(body)]
        # What the two say together can be compared only where each is of its form.
        return problems or differences(key, headers, body)


def of_schema(what: str, schema: dict, value) -> list[str]:
    return [told(what, error) for error in validator(schema).iter_errors(value)]


def told(what: str, error) -> str:
    return f"{what}{error.json_path[1:]}: {error.message}"


def differences(key: str, headers: dict[str, str], body: dict) -> list[str]:
    """Where headers and body say two things."""
    if headers["ce_type"].startswith("keyledger.Key.v"):
        says = {
            "ce_subject": body["keyId"],
            "ce_partner": body["partnerId"],
            "ce_position": str(body["position"]),
        }
    else:
        says = {
            "ce_id": body["id"],
            "ce_source": f"urn:keyledger:log:{body['log']}",
            "ce_type": f"keyledger.{body['type']}.v{body['schemaVersion']}",
            "ce_subject": body["stream"].removeprefix("key-"),
            "ce_time": body["occurredAt"],
            "ce_epoch": str(body["epoch"]),
        }
        if "ce_partner" in headers:
            says["ce_partner"] = body["data"]["partnerId"]
    found = [f"{name}: it is {headers[name]}, and the body says {said}"
             for name, said in says.items() if headers[name] != said]
    if key != headers["ce_subject"]:
        found.append(f"key: it is {key}, and ce_subject is {headers['ce_subject']}")
    return found
