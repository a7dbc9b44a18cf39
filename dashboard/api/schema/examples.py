"""Define ids and times of the examples: one story, in which each id always means the same thing."""

from uuid import UUID

CREATED, MODIFIED = "2026-03-02T09:14:05.120000+00:00", "2026-03-02T09:30:41.005000+00:00"


def _id(number: int) -> str:
    return str(UUID(f"{number:08x}-5eed-4a11-8a11-000000000000"))


WORKSPACE, TASK, VERSION, TYPE, GROUP, IMAGE = map(_id, range(1, 7))
TYPE_UNUSED, IMAGE_LOOSE, GROUP_INNER, FOLDER = map(_id, range(21, 25))
OBJECT, LABEL, VERIFICATION, IMAGE_VERIFICATION, USER = map(_id, range(31, 36))
LONG_REQUEST, COLLECTION, UPLOAD, UPLOAD_LOOKED_THROUGH = map(_id, range(41, 45))

# A black pixel.
PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)

# The parameters of paths, by the end of a path.
PATHS = {
    "task/{task_id}": (TASK, "The task."),
    "model/{version_id}": (VERSION, "The model, a trained version of a task."),
    "type/{type_id}": (TYPE, "The similarity type."),
    "group/{group_id}": (GROUP, "The group."),
    "group/{group_id}/add-groups": (FOLDER, "The group."),
    "group/{group_id}/remove-groups": (FOLDER, "The group."),
    "training-image/{image_id}": (IMAGE, "The image."),
    "workspace/{workspace_id}": (WORKSPACE, "The workspace."),
    "request/{request_id}": (LONG_REQUEST, "The request."),
    "upload/{upload_id}": (UPLOAD, "The upload."),
    "upload/{upload_id}/commit": (UPLOAD_LOOKED_THROUGH, "The upload."),
    "collection/{collection_id}": (COLLECTION, "The collection."),
    "label/{label_id}": (LABEL, "The label."),
    "object/{region_id}": (OBJECT, "The object."),
    "similarity-verification/{verification_id}": (VERIFICATION, "The verification."),
    "verification/{verification_id}": (IMAGE_VERIFICATION, "The verification."),
}
