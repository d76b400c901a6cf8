"""Holding a fake API and its client to the official OpenAPI document: nothing passes that the document does not have.

openapi-core checks what is there against its schema. It lets pass what a schema does not mention; a misspelt field or
parameter would go unseen, so those are looked for here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class ContractError(AssertionError):
    """A request or an answer that the document does not allow."""


@dataclass(frozen=True)
class Operation:
    """One method of one path, as the document has it."""

    path: str
    pattern: re.Pattern[str]
    parameters: tuple[Mapping[str, Any], ...]
    definition: Mapping[str, Any] = field(repr=False)


class Contract:
    """An OpenAPI document, and what was breached of it.

    server    the URL that the document's paths are below of
    breaches  each in words; a test's fixture fails when there is one at its end
    """

    def __init__(self, document: Mapping[str, Any], server: str) -> None:
        self.document = document
        self.breaches: list[str] = []
        self._openapi = OpenAPI.from_dict(dict(document))
        host, _, prefix = server.partition("://")[2].partition("/")
        self._host, self._prefix = f"{server.partition('://')[0]}://{host}", f"/{prefix}" if prefix else ""
        self._operations = {
            (path, method): Operation(path, _pattern(path), tuple(self._parameters(shared, one)), one)
            for path, shared in document["paths"].items()
            for method, one in shared.items()
            if method in ("get", "put", "post", "patch", "delete")
        }

    def check_request(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> MockRequest:
        """The request in openapi-core's form. Raises ContractError, which is also noted in `breaches`."""
        what = f"{method} {path}"
        request = MockRequest(
            self._host,
            method.lower(),
            self._prefix + path,
            args=dict(query),
            headers=dict(headers),
            data=body or None,
            content_type="application/json",
        )
        try:
            self._openapi.validate_request(request)
        except OpenAPIError as error:
            raise self._breach(f"{what}: {_told(error)}") from None
        operation = self._operation(method, path)
        known = {one["name"] for one in operation.parameters if one["in"] == "query"}
        if unknown := set(query) - known:
            raise self._breach(f"{what}: no such parameter: {', '.join(sorted(unknown))}")
        if body:
            content = self._resolved(operation.definition.get("requestBody", {})).get("content")
            if not content:
                raise self._breach(f"{what}: takes no body")
            self._require_declared(what, content["application/json"].get("schema", {}), json.loads(body))
        return request

    def check_response(self, request: MockRequest, path: str, status: int, body: bytes) -> None:
        """Raises ContractError for an answer that the document does not have, and notes it in `breaches`."""
        what = f"{request.method.upper()} {path}: {status}"
        try:
            self._openapi.validate_response(request, MockResponse(body, status_code=status))
        except OpenAPIError as error:
            raise self._breach(f"{what}: {_told(error)}") from None
        responses = self._operation(request.method, path).definition["responses"]
        response = self._resolved(responses.get(str(status)) or responses.get("default") or {})
        if body:
            schema = response.get("content", {}).get("application/json", {}).get("schema", {})
            self._require_declared(what, schema, json.loads(body))

    def _breach(self, what: str) -> ContractError:
        self.breaches.append(what)
        return ContractError(what)

    def _operation(self, method: str, path: str) -> Operation:
        fitting = [
            operation
            for (_, one), operation in self._operations.items()
            if one == method.lower() and operation.pattern.fullmatch(path)
        ]
        if not fitting:
            raise self._breach(f"{method} {path}: no such operation")
        return min(fitting, key=lambda operation: operation.path.count("{"))

    def _parameters(self, shared: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        for parameter in (*shared.get("parameters", ()), *operation.get("parameters", ())):
            yield self._resolved(parameter)

    def _resolved(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in node:
            found: Any = self.document
            for name in node["$ref"].removeprefix("#/").split("/"):
                found = found[name.replace("~1", "/").replace("~0", "~")]
            node = found
        return node

    def _require_declared(self, what: str, schema: Mapping[str, Any], value: Any) -> None:
        unknown = sorted(self._undeclared([schema], value, ""))
        if unknown:
            raise self._breach(f"{what}: the document has no {', '.join(unknown)}")

    def _undeclared(self, schemas: list[Mapping[str, Any]], value: Any, place: str) -> Iterator[str]:
        """The members that none of the schemas, nor what they are put together from, mentions."""
        flat = list(self._flat(schemas))
        if isinstance(value, list):
            for item in value:
                yield from self._undeclared([one["items"] for one in flat if "items" in one], item, f"{place}[]")
        if not isinstance(value, dict):
            return
        free = not any(one.get("properties") for one in flat)
        for name, member in value.items():
            fitting = [one["properties"][name] for one in flat if name in one.get("properties", {})]
            fitting += [
                one["additionalProperties"] for one in flat if isinstance(one.get("additionalProperties"), dict)
            ]
            if fitting:
                yield from self._undeclared(fitting, member, f"{place}.{name}")
            elif not free and not any(one.get("additionalProperties") is True for one in flat):
                yield f"{place}.{name}"

    def _flat(self, schemas: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        for schema in schemas:
            resolved = self._resolved(schema)
            yield resolved
            for together in ("allOf", "anyOf", "oneOf"):
                yield from self._flat(list(resolved.get(together, ())))


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(
        "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{.*?\})", path))
    )


def _told(error: Exception) -> str:
    cause = error.__cause__
    details = getattr(cause, "schema_errors", ()) or ([cause] if cause else [])
    told = [f"{'.'.join(map(str, getattr(one, 'path', ())))}: {getattr(one, 'message', one)}" for one in details]
    return f"{type(error).__name__}: " + ("; ".join(told)[:1500] or str(error)[:500])
