"""What several acts begin with."""

from typing import Any

from dashboard.services.library import groups
from dashboard.services.training import tasks
from tests import factories as make
from tests.factories import Cast


def ready(cast: Cast) -> Any:
    """Make a task that can be trained."""
    task, kind = make.make_task(cast.workspace), make.make_type(cast.workspace)
    for number in range(2):
        group = make.make_group(kind, f"group {number}")
        seeds = (2 * number, 2 * number + 1)
        ids = [make.make_image(cast.workspace, seed).pk for seed in seeds]
        groups.add_images(group=group, ids=ids, actor=cast.bob)
    tasks.add_type(task=task, similarity_type=kind, actor=cast.bob)
    return task
