"""Describe the search for images of a workspace that are similar to an image."""

from typing import Any

from rest_framework import serializers

from dashboard.api.schema import examples
from dashboard.api.schema.calls import SIMILARITY, Call, Noun
from dashboard.api.schema.training import descriptors
from dashboard.api.search.search import SearchFields


class FoundAnswer(serializers.Serializer[Any]):
    """An image that was found."""

    name = serializers.CharField(help_text="File name.", allow_blank=True)
    groups = serializers.ListField(child=serializers.CharField(), help_text="Names, sorted.")

    def get_fields(self) -> dict[str, Any]:
        """Return the fields; the names of two cannot be attributes."""
        distance = serializers.FloatField(min_value=0, max_value=2, help_text="Cosine distance.")
        return {"_id": serializers.UUIDField()} | super().get_fields() | {"_distance": distance}


class FoundImagesAnswer(serializers.Serializer[Any]):
    """The most similar images, the most similar first."""

    answer_records = FoundAnswer(many=True)
    answer_count = serializers.IntegerField(min_value=0)
    task_id = serializers.UUIDField(allow_null=True)
    version = serializers.IntegerField(min_value=1, allow_null=True)
    status = descriptors.StatusAnswer()
    statistics = descriptors.StatisticsAnswer()


EXAMPLE = {
    "answer_records": [
        {"_id": examples.IMAGE, "name": "shoe.jpg", "groups": ["Red shoe"], "_distance": 0.12}
    ],
    "answer_count": 1,
    "task_id": None,
    "version": None,
    "status": {"code": 200, "text": "OK", "request_id": descriptors.REQUEST_ID},
    "statistics": {"processing time": 0.021},
}
NOUN = Noun(
    "Search",
    "Search the images of a workspace by similarity, as the search page does.",
    {
        f"{SIMILARITY}/search": {
            "POST": Call(
                "images_search",
                "Find similar images",
                FoundImagesAnswer,
                body=SearchFields,
                refuses=[403, 409],
                refuses_with_status=True,
                text=(
                    "By the `_id` of an image, which is excluded from the results, a `_url` or a "
                    "`_base64`. With a `task_id`, uses the descriptors of its `version`, or else "
                    "its production version or its newest trained one; without a task, the "
                    "untrained embeddings. Images that no job has processed yet are not found."
                ),
                asks={"query_record": {"_base64": examples.PICTURE}, "k": 12},
                says=EXAMPLE,
            ),
        },
    },
)
