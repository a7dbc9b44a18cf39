"""List the URLs of types, groups, collections, tasks and versions."""

from django.urls import path

from dashboard.views.library import deletion, groups, nesting, picking, similarity_types
from dashboard.views.search import collection_search, collections
from dashboard.views.training import tasks, versions

urlpatterns = [
    path("types/", similarity_types.types, name="types"),
    path("types/new", similarity_types.type_new, name="type-new"),
    path("types/<uuid:type_id>", similarity_types.similarity_type, name="type"),
    path("types/<uuid:type_id>/change", similarity_types.type_change, name="type-change"),
    path("groups/", groups.groups, name="groups"),
    path("groups/new", groups.group_new, name="group-new"),
    path("groups/names", groups.group_names, name="group-names"),
    path("groups/<uuid:group_id>", groups.group, name="group"),
    path("groups/<uuid:group_id>/change", groups.group_change, name="group-change"),
    path("groups/<uuid:group_id>/test", groups.group_test, name="group-test"),
    path("groups/<uuid:group_id>/remove", groups.group_remove_images, name="group-remove-images"),
    path("groups/<uuid:group_id>/images", picking.group_images, name="group-images"),
    path("groups/<uuid:group_id>/groups", nesting.group_groups, name="group-groups"),
    path(
        "groups/<uuid:group_id>/groups/remove",
        nesting.group_remove_groups,
        name="group-remove-groups",
    ),
    path("types/<uuid:type_id>/delete", deletion.type_delete, name="type-delete"),
    path("groups/<uuid:group_id>/delete", deletion.group_delete, name="group-delete"),
    path("tasks/<uuid:task_id>/delete", deletion.task_delete, name="task-delete"),
    path("collections/", collections.collections, name="collections"),
    path("collections/new", collections.collection_new, name="collection-new"),
    path("collections/<uuid:collection_id>", collections.collection, name="collection"),
    path(
        "collections/<uuid:collection_id>/change",
        collections.collection_change,
        name="collection-change",
    ),
    path(
        "collections/<uuid:collection_id>/fill", collections.collection_fill, name="collection-fill"
    ),
    path(
        "collections/<uuid:collection_id>/delete",
        collections.collection_delete,
        name="collection-delete",
    ),
    path(
        "collections/<uuid:collection_id>/search",
        collection_search.collection_search,
        name="collection-search",
    ),
    path("tasks/", tasks.tasks, name="tasks"),
    path("tasks/new", tasks.task_new, name="task-new"),
    path("tasks/<uuid:task_id>", tasks.task, name="task"),
    path("tasks/<uuid:task_id>/change", tasks.task_change, name="task-change"),
    path("tasks/<uuid:task_id>/types", tasks.task_types, name="task-types"),
    path("tasks/<uuid:task_id>/types/remove", tasks.task_type_remove, name="task-type-remove"),
    path("tasks/<uuid:task_id>/train", tasks.task_train, name="task-train"),
    path("versions/<uuid:version_id>", versions.version, name="version"),
    path(
        "versions/<uuid:version_id>/production",
        versions.version_production,
        name="version-production",
    ),
]
