"""Whatever the schema allows or forbids: no call breaks, and each answers as the schema says."""

import os
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.db import transaction
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import Case
from schemathesis.config import SchemathesisConfig

from dashboard.api.documents import openapi
from tests.fuzz.adapter import BASE
from tests.fuzz.conftest import KEY, SEED, answered, succeeded
from tests.fuzz.strict import strict

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("_as_told"),
]
EXAMPLES = int(os.environ.get("LIKEWISE_TEST_EXAMPLES", "10"))
SUCCESS = range(200, 300)


# What well-formed requests are answered, by schemathesis' usual list; and by the reasons below.
MAY_ANSWER = ["2xx", "401", "403", "404", "409", "429", "400", "413"]
# The usual list, and 404: a workspace that is not one's own is not there, whatever else is wrong.
WITHOUT_HEADER = ["400", "401", "403", "404", "406", "415", "422"]
# What no database holds, or no reader of JSON, at any depth of an object that is free otherwise.
META_DATA = ("Send numbers beyond 64 bits", "Remove the null character", "Nest at most")
EMPTY_FIELD = "This field is required"
NO_ENCODER = ("This encoder does not exist",)
NO_TYPE = ("workspace has no type", "workspace has no such type")
NO_IMAGE = ("No image",)
NO_PICTURE = (
    "valid base64",
    "cannot be read",
    "Send the image as",
    "file is empty",
    "URL",
    "No image",
    "not a supported image",
    "damaged or incomplete",
    "end of the image is missing",
    "raw file of a camera",
    "Save it again",
    "pixels",
)
NO_MARK = ("Send one of", "not both")
NO_BOX = (EMPTY_FIELD, "This workspace has no such", "outside", "box", "area")
KEPT = ("A collection keeps its", "This workspace has no task", EMPTY_FIELD)
NO_RECORD = ("No record could be used",)
NO_FILTER = ("filter", "$not", "$and", "$or", "$in", "$exists")
NO_QUERY = ("query_record", "A query needs", "_base64", "_url", *NO_PICTURE)
# A form has objects as texts, and what those hold no schema's reader looks at.
NO_JSON = ("This is not valid JSON", "Send an object")
# Why a well-formed body may be refused: what it names is not there, or is no picture.
REASONS = {
    "tasks_create": NO_ENCODER,
    "tasks_put": NO_ENCODER,
    "tasks_patch": NO_ENCODER,
    "workspaces_put": NO_ENCODER,
    "workspaces_patch": NO_ENCODER,
    "tasks_add_type": (*NO_TYPE, EMPTY_FIELD),
    "tasks_remove_type": (*NO_TYPE, EMPTY_FIELD),
    "groups_create": NO_TYPE,
    "groups_put": NO_TYPE,
    "groups_patch": NO_TYPE,
    "groups_add_images": NO_IMAGE,
    "groups_remove_images": NO_IMAGE,
    "groups_add_objects": ("No object",),
    "groups_remove_objects": ("No object",),
    "groups_add_groups": ("No group", "contain itself"),
    "groups_remove_groups": ("No group",),
    "groups_update": ("No group", *NO_MARK),
    "images_update": (*NO_IMAGE, *NO_MARK),
    "objects_create": NO_BOX,
    "objects_put": NO_BOX,
    "objects_patch": NO_BOX,
    "group_verifications_create": ("This workspace has no such group", "not a member"),
    "image_verifications_create": ("This workspace has no such image", "not a member"),
    "images_create": NO_PICTURE,
    "requests_create": ("No group", "lacks", "is not an id"),
    "requests_list": ("Send one of",),
    "descriptors_make": ("No record could be read", EMPTY_FIELD, "may not be null"),
    "images_search": (*NO_QUERY, *NO_IMAGE),
    "uploads_create": (*NO_TYPE, "not both"),
    "collections_create": ("This workspace has no task",),
    "collections_put": KEPT,
    "collections_patch": KEPT,
    "records_insert": NO_RECORD,
    "records_get": NO_RECORD,
    "records_update": NO_RECORD,
    "records_delete": NO_RECORD,
    "records_delete_by_filter": NO_FILTER,
    "records_all_records": NO_FILTER,
    "records_random": NO_FILTER,
    "records_visual_knn": (*NO_QUERY, *NO_FILTER),
    "records_visual_range": (*NO_QUERY, *NO_FILTER),
    "records_visual_rank_records": (*NO_QUERY, *NO_RECORD),
}


def loaded() -> Any:
    config = SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "generation": {"max-examples": EXAMPLES},
            "checks": {
                "positive_data_acceptance": {"expected-statuses": MAY_ANSWER},
                "missing_required_header": {"expected-statuses": WITHOUT_HEADER},
            },
        }
    )
    return schemathesis.openapi.from_dict(strict(openapi()), config=config)


schema = loaded()


@schema.auth()
class Token:
    """The token of the story's owner."""

    def get(self, case: Case, context: Any) -> str:
        return KEY

    def set(self, case: Case, data: str, context: Any) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Token {data}"}  # type: ignore[assignment, dict-item]


@schema.parametrize()
def test_every_answer_is_in_the_schema(case: Case) -> None:
    with transaction.atomic():
        response = case.call(base_url=BASE)
        answered[case.operation.label, response.status_code] += 1
        succeeded.append(response.status_code in SUCCESS)
        try:
            case.validate_response(response, transport_kwargs={"base_url": BASE})
            check_refusal(case, response)
        finally:
            transaction.set_rollback(True)


@hypothesis.seed(SEED)
class Sequence(schema.as_state_machine()):  # type: ignore[misc]
    """Calls that use what earlier ones answered: a thing that was made is there, until deleted."""

    def setup(self) -> None:
        self.world = transaction.atomic()
        self.world.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.world.__exit__(None, None, None)

    def after_call(self, response: Any, case: Case) -> None:
        answered[case.operation.label, response.status_code] += 1
        succeeded.append(response.status_code in SUCCESS)

    def get_call_kwargs(self, case: Case) -> dict[str, Any]:
        return {"base_url": BASE}


def test_sequences_of_calls() -> None:
    run_state_machine_as_test(
        Sequence,
        settings=hypothesis.settings(
            max_examples=EXAMPLES,
            stateful_step_count=8,
            deadline=None,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )


def check_refusal(case: Case, response: Any) -> None:
    """See that a well-formed request was refused only for what a schema cannot say."""
    if case.meta.generation.mode.is_positive and response.status_code in (400, 413):
        text = str(response.json())
        of_call = REASONS.get(case.operation.definition.raw["operationId"], ())
        reasons = (*META_DATA, *NO_JSON, *of_call)
        assert any(reason in text for reason in reasons), text
