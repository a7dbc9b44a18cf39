"""Describe calls about verifications of groups and images."""

from typing import Any

from rest_framework import serializers

from dashboard.api.library.region_shapes import GroupVerificationFields, ImageVerificationFields
from dashboard.api.schema import examples
from dashboard.api.schema.calls import ANNOTATE, Call, Noun, Shape, a_page, page_of
from dashboard.api.schema.parameters import LIST, of_id


class GroupVerificationAnswer(serializers.Serializer[Any]):
    """Who verified a group, and when."""

    id = serializers.UUIDField()
    user = serializers.UUIDField()
    created = serializers.DateTimeField()
    group = serializers.UUIDField()


class ImageVerificationAnswer(serializers.Serializer[Any]):
    """Who verified an image, and when."""

    id = serializers.UUIDField()
    user = serializers.UUIDField()
    created = serializers.DateTimeField()
    image = serializers.UUIDField()


def _calls(thing: str, answer: Shape, body: Shape, ids: tuple[str, str, str]) -> dict[str, Any]:
    """Return the calls of one kind; `ids` are those of a verification, its thing, another one."""
    pk, of, another = ids
    example = {"id": pk, "user": examples.USER, "created": examples.CREATED, thing: of}
    name = f"{thing}_verifications"
    address = "similarity-verification" if thing == "group" else "verification"
    return {
        f"{ANNOTATE}/{address}": {
            "GET": Call(
                f"{name}_list",
                f"List the verifications of a {thing}",
                page_of(answer),
                query=[*LIST, of_id(thing, f"Only verifications of this {thing}.")],
                says=a_page(example),
            ),
            "POST": Call(
                f"{name}_create",
                f"Verify a {thing}",
                answer,
                status=201,
                again=200,
                body=body,
                text=(
                    "Once for each user: verifying again changes nothing and returns 200. `user` "
                    "is the token's user; an admin may name another member."
                ),
                asks={f"{thing}_id": another},
                says=example | {thing: another},
            ),
        },
        f"{ANNOTATE}/{address}/{{verification_id}}": {
            "GET": Call(f"{name}_read", "Read a verification", answer, says=example),
            "DELETE": Call(
                f"{name}_delete",
                "Withdraw a verification",
                status=204,
                text="Your own; an admin may also withdraw those of others.",
            ),
        },
    }


NOUN = Noun(
    "Verifications",
    "A user verifies that a group or an image is correct.",
    _calls(
        "group",
        GroupVerificationAnswer,
        GroupVerificationFields,
        (examples.VERIFICATION, examples.GROUP, examples.GROUP_INNER),
    )
    | _calls(
        "image",
        ImageVerificationAnswer,
        ImageVerificationFields,
        (examples.IMAGE_VERIFICATION, examples.IMAGE, examples.IMAGE_LOOSE),
    ),
)
