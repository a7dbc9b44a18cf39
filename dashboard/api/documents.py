"""Serve `/api/schema`, which describes every call for programs."""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class Schema(APIView):
    """The OpenAPI schema, as JSON or, with `?format=yaml` or its media type, as YAML."""

    # Public, as client generators fetch it without a token; it has no data of any workspace.
    authentication_classes = ()
    permission_classes = ()
    renderer_classes = (
        OpenApiJsonRenderer2,
        OpenApiJsonRenderer,
        OpenApiYamlRenderer,
        OpenApiYamlRenderer2,
    )
    schema = None

    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Return the schema."""
        return Response(openapi())


@cache
def openapi() -> dict[str, Any]:
    """Return the schema, which does not change while the program runs."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema
