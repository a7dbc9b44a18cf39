"""Build the schema from the nouns' tables, for drf-spectacular."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, OpenApiExample
from rest_framework import serializers

from dashboard.api.bodies import PLAIN, limit_of
from dashboard.api.schema import examples, fields, forms, parameters, refusals, table
from dashboard.api.schema.calls import Call, Noun

Json = dict[str, Any]

__all__ = ["CallSchema", "documented", "fields", "finish"]


def documented(endpoints: list[tuple[Any, ...]], **_: Any) -> list[tuple[Any, ...]]:
    """Keep the spelling of each path that its table has: with or without a slash, no alias."""
    return [endpoint for endpoint in endpoints if endpoint[0] in table.CALLS]


def finish(result: Json, **_: Any) -> Json:
    """Add the components that calls refer to, and the description of the API."""
    components = result["components"]
    components["responses"] = refusals.responses()
    shapes = components["schemas"]
    for name, shape in shapes.items():
        if "properties" in shape:
            shapes[name] = forms.without_files(shape)
    shapes |= refusals.SCHEMAS | table.SCHEMAS
    return result | {"tags": table.TAGS, "servers": [{"url": "/"}]}


class CallSchema(AutoSchema):
    """Describes an operation by its row in the table."""

    @property
    def call(self) -> Call:
        """Return the row."""
        return self._row[1]

    @property
    def _row(self) -> tuple[Noun, Call]:
        return table.CALLS[self.path][self.method]

    def get_operation_id(self) -> str:
        """Return the name of the operation in generated clients."""
        return self.call.name

    def get_summary(self) -> str:
        """Return one line."""
        return self.call.summary

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        """Return the description."""
        return self.call.text

    def get_tags(self) -> list[str]:
        """Return the noun."""
        return [self._row[0].name]

    def _get_parameters(self) -> list[Json]:
        query = [*((parameters.WORKSPACE,) if self.call.scoped else ()), *self.call.query]
        return [*self._resolve_path_parameters([]), *(each.written() for each in query)]

    def _resolve_path_parameters(self, variables: list[str]) -> list[Json]:  # noqa: ARG002
        # The longest one is the most specific.
        parts = sorted((part for part in examples.PATHS if f"/{part}" in self.path), key=len)
        return [
            {
                "name": part.partition("{")[2].partition("}")[0],
                "in": "path",
                "required": True,
                "description": examples.PATHS[part][1],
                "schema": fields.ID,
                "example": examples.PATHS[part][0],
            }
            for part in parts[-1:]
        ]

    def get_request_serializer(self) -> Any:
        """Return the shape of the body."""
        body = self.call.body
        return body and body(partial=self.call.partial)

    def _get_request_body(self, direction: Direction = "request") -> Json | None:
        if self.call.raw_body:
            return self._raw_body() | self._body_limit()
        written: Json | None = super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        if written is None:
            return None
        written |= self._body_limit()
        serializer = self.get_request_serializer()
        body = self.resolve_serializer(serializer, direction).schema
        needed = [name for name, field in serializer.fields.items() if field.required]
        return written | {"content": forms.media_types(body, needed, written["content"])}

    def _body_limit(self) -> Json:
        limit = limit_of({"view": self.view}) or PLAIN
        size = "the setting LIKEWISE_MAX_BODY" if limit.size is None else f"{limit.size >> 20} MB"
        return {"description": f"At most {size}, and {limit.values:,} JSON values."}

    def _raw_body(self) -> Json:
        schema = {"$ref": f"#/components/schemas/{self.call.raw_body}"}
        content = {"schema": schema, "examples": {"Body": {"value": self.call.asks}}}
        shape = table.SCHEMAS[self.call.raw_body]
        needed = any(shape.get(keyword) for keyword in ("required", "oneOf", "anyOf"))
        as_forms = forms.raw_media_types(shape, table.SCHEMAS, self.call.asks)
        written = {"content": {forms.JSON: content} | as_forms}
        return written | ({"required": True} if needed else {})

    def get_response_serializers(self) -> Any:
        """Return the shape of the response."""
        return self.call.answer

    def get_examples(self) -> list[OpenApiExample]:
        """Return an example of the body and one of the response."""
        found = []
        if self.call.asks is not None:
            found.append(OpenApiExample("Body", self.call.asks, request_only=True))
        if self.call.says is not None:
            status = str(self.call.status)
            found.append(
                OpenApiExample("Answer", self.call.says, response_only=True, status_codes=[status])
            )
        return found

    def _get_response_bodies(self, direction: Direction = "response") -> Json:
        call = self.call
        answer = self._get_response_for_code(call.answer, str(call.status), None, direction)  # type: ignore[no-untyped-call]
        answer["headers"] = {"X-Request-ID": refusals.REQUEST_ID}
        answer["description"] = "Done." if call.answer else "Done; the response has no body."
        writing = () if self.method == "GET" else (403,)
        statuses = sorted({*refusals.COMMON, *refusals.TROUBLES, *writing, *call.refuses})
        done = {str(status): answer for status in (call.status, call.again) if status}
        return done | {
            str(status): {"$ref": f"#/components/responses/{self._refusal(status)}"}
            for status in statuses
        }

    def _refusal(self, status: int) -> str:
        return refusals.name(status, with_status=self.call.refuses_with_status)

    def _is_list_view(self, serializer: Any = None) -> bool:  # noqa: ARG002
        """Return False: a page of a list is a shape of its own."""
        return False

    def _get_serializer_name(
        self,
        serializer: Any,
        direction: Direction,
        bypass_extensions: bool = False,  # noqa: FBT001, FBT002
    ) -> str:
        name: str = super()._get_serializer_name(serializer, direction, bypass_extensions)
        return name.removesuffix("Answer")

    def _map_basic_serializer(self, serializer: Any, direction: Direction) -> Json:
        written: Json = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if direction == "request" and isinstance(serializer, serializers.Serializer):
            # drf-spectacular would add null again, and blanks.
            for name, field in serializer.fields.items():
                if schema := fields.written(field, self):
                    written["properties"][name] = schema
            if self.call.scoped:
                written["properties"]["workspace"] = {"$ref": "#/components/schemas/WorkspaceId"}
            written |= table.ALSO.get(type(serializer).__name__, {})
        return written
