"""Merge the types of tasks, and keep the list of their versions.

A version that was trained there has no artifact here: neither search nor a descriptor could use it.
So there is no row of `Version`. The task's twin keeps what its page shows, under `versions`.
"""

from collections.abc import Sequence
from typing import Any, Final

from dashboard import remote
from dashboard.models import SimilarityType, Task, TaskType, Twin
from dashboard.queries.connections.twins import twins_there
from dashboard.remote import NotFound
from dashboard.services.connections.merging import merge_members
from dashboard.services.connections.pulling.members import Pair, Scope, is_settled, keep_base
from dashboard.services.connections.pulling.passing import Pull
from dashboard.services.row_locks import lock_all, lock_pks

VERSIONS: Final = "versions"
VERSIONS_KEPT: Final = 100  # of a task, the newest


def pull_task_types(pull: Pull, tasks: Sequence[remote.Task]) -> None:
    """Merge the types of tasks, where the other server states them."""
    twins = twins_there(pull.link, "task", [task.id for task in tasks])
    types = twins_there(pull.link, "type", [one.id for task in tasks for one in task.types or ()])
    stating = [task for task in tasks if task.types is not None and task.id in twins]
    theirs = {
        (twins[task.id].local_id, types[one.id].local_id)
        for task in stating
        for one in task.types or ()
        if one.id in types
    }
    stated = [twins[task.id] for task in stating]
    scope = Scope("task", "type", containers=stated)
    if is_settled(scope, theirs, _here(stated)):
        return
    with pull.writing(step="Reading types of tasks"):
        lock_all(Task.objects.filter(pk__in=[twin.local_id for twin in stated]))
        merged = merge_members(set(scope.base()), _here(stated), theirs)
        lock_pks(SimilarityType.objects.filter(pk__in={one for _, one in merged.add_here}))
        for task, one in merged.remove_here:
            TaskType.objects.filter(task=task, similarity_type=one).delete()
        present = set(
            SimilarityType.objects.in_workspace(pull.workspace)
            .filter(pk__in={one for _, one in merged.add_here})
            .values_list("pk", flat=True)
        )
        here = set(
            Task.objects.in_workspace(pull.workspace)
            .filter(pk__in={task for task, _ in merged.add_here})
            .values_list("pk", flat=True)
        )
        TaskType.objects.bulk_create(
            [
                TaskType(task_id=task, similarity_type_id=one)
                for task, one in sorted(merged.add_here)
                if task in here and one in present
            ]
        )
        pull.counts["tasks"] += len({task for task, _ in merged.add_here | merged.remove_here})
        keep_base(pull, scope, theirs, _here(stated))


def _here(twins: Sequence[Twin]) -> set[Pair]:
    rows = TaskType.objects.filter(task__in=[twin.local_id for twin in twins])
    return set(rows.values_list("task_id", "similarity_type_id"))


def pull_versions(pull: Pull, tasks: Sequence[remote.Task]) -> None:
    """Keep what the other server says about the versions of tasks, newest first."""
    for task in tasks:
        try:
            rows = list(pull.server.iterate_versions(task=task.id))
        except NotFound:  # deleted meanwhile
            continue
        newest = sorted(rows, key=lambda row: row.number, reverse=True)[:VERSIONS_KEPT]
        _keep(pull, task.id, [_shown(row) for row in newest])
        pull.tick()


def _keep(pull: Pull, task_id: str, versions: list[dict[str, Any]]) -> None:
    twin = twins_there(pull.link, "task", [task_id]).get(task_id)
    if twin is None or twin.base.get(VERSIONS, []) == versions:
        return
    with pull.writing(step="Reading versions"):
        for row in lock_all(Twin.objects.filter(pk=twin.pk)):
            row.base[VERSIONS] = versions
            row.save(update_fields=["base"])
        pull.counts["versions"] += len(versions)


def _shown(row: remote.Version) -> dict[str, Any]:
    return {
        "id": row.id,
        "number": row.number,
        "status": row.status,
        "production": row.production,
        "dimension": row.dimension,
        "created": row.created.isoformat() if row.created else None,
        "trained": row.trained.isoformat() if row.trained else None,
    }
