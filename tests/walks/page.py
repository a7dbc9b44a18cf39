"""The examples of the public page, to the letter; names in capitals are to be filled in."""

HOSTED = "https://api.ximilar.com/"

CREATE_TASK = r"""curl -v -XPOST \
-H 'Authorization: Token __API_TOKEN__' \
-F 'name=__YOUR_NAME__' \
https://api.ximilar.com/similarity/training/v2/task"""

LIST_TASKS = r"""curl -v -XGET \
-H 'Authorization: Token __API_TOKEN__' \
https://api.ximilar.com/similarity/training/v2/task"""

CREATE_TYPE = r"""curl -v -XPOST \
-H 'Authorization: Token __API_TOKEN__' \
-F 'name=__YOUR_NAME__' \
https://api.ximilar.com/similarity/training/v2/type"""

CREATE_GROUP = r"""curl -v -XPOST \
-H 'Authorization: Token __API_TOKEN__' \
-F 'name=_SOME_GROUP_NAME_' \
-F 'type=_TYPE_ID_' \
https://api.ximilar.com/similarity/training/v2/group/"""

ADD_IMAGES = r"""curl --request POST \
--url https://api.ximilar.com/similarity/training/v2/group/__GROUP_ID__/add-images \
--header 'authorization: Token __API_TOKEN__' \
--header 'content-type: application/json' \
--data '{"images":["__IMAGE_ID__"]}'"""

REMOVE_IMAGES = ADD_IMAGES.replace("add-images", "remove-images")

ADD_GROUPS = r"""curl --request POST \
--url https://api.ximilar.com/similarity/training/v2/group/__GROUP_ID__/add-groups \
--header 'authorization: Token __API_TOKEN__' \
--header 'content-type: application/json' \
--data '{"groups":["__GROUP_ID__"]}'"""

REMOVE_GROUPS = ADD_GROUPS.replace("add-groups", "remove-groups")

ADD_OBJECTS = r"""curl --request POST \
--url https://api.ximilar.com/similarity/training/v2/group/__GROUP_ID__/add-objects \
--header 'authorization: Token __API_TOKEN__' \
--header 'content-type: application/json' \
--data '{"objects":["__OBJECT_ID__"]}'"""

REMOVE_OBJECTS = ADD_OBJECTS.replace("add-objects", "remove-objects")

IN_A_WORKSPACE = (
    "https://api.ximilar.com/similarity/training/v2/type/?workspace=WORKSPACE_ID",
    "https://api.ximilar.com/similarity/training/v2/task/?workspace=WORKSPACE_ID",
    "https://api.ximilar.com/similarity/training/v2/group/?workspace=WORKSPACE_ID",
)

GROUP_ELSEWHERE = r"""curl --location 'https://api.ximilar.com/recognition/v2/group/' \
--header 'Authorization: Token __API_TOKEN__' \
--header 'Content-Type: application/json' \
--data '{
"name": "__NAME__",
"type":"__TYPE__",
"workspace": "__WORKSPACE_ID__"
}'"""
