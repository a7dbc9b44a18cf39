"""Acts on tasks and versions: what is there before, then the act."""

from collections.abc import Callable

from dashboard.engine.prior import BUILTIN
from dashboard.services.training import tasks
from dashboard.services.training.encoder_choice import choose_encoder
from dashboard.services.training.training import start_training
from dashboard.services.training.versions import delete_version, set_production
from tests import factories as make
from tests.factories import Cast
from tests.services.journal.acts_shared import Carried, carries, changes, ready

Act = Callable[[], object]


def create_task(cast: Cast) -> Act:
    return lambda: tasks.create_task(workspace=cast.workspace, name="Shoes", actor=cast.bob)


def change_task(cast: Cast) -> Act:
    task = make.make_task(cast.workspace)
    return lambda: tasks.change_task(task=task, changes={"name": "Bags"}, actor=cast.bob)


def delete_task(cast: Cast) -> Act:
    task = make.make_task(cast.workspace)
    make.make_version(task)
    return lambda: tasks.delete_task(task=task, actor=cast.bob)


def add_type(cast: Cast) -> Act:
    task, kind = make.make_task(cast.workspace), make.make_type(cast.workspace)
    return lambda: tasks.add_type(task=task, similarity_type=kind, actor=cast.bob)


def remove_type(cast: Cast) -> Act:
    task, kind = make.make_task(cast.workspace), make.make_type(cast.workspace)
    tasks.add_type(task=task, similarity_type=kind, actor=cast.bob)
    return lambda: tasks.remove_type(task=task, similarity_type=kind, actor=cast.bob)


def train(cast: Cast) -> Act:
    task = ready(cast)
    return lambda: start_training(task=task, actor=cast.bob)


def switch_production(cast: Cast) -> Act:
    version = make.make_version(make.make_task(cast.workspace))
    return lambda: set_production(version=version, production=True, actor=cast.bob)


def remove_version(cast: Cast) -> Act:
    version = make.make_version(make.make_task(cast.workspace))
    return lambda: delete_version(version=version, actor=cast.bob)


def choose(cast: Cast) -> Act:
    return lambda: choose_encoder(workspace=cast.workspace, key=BUILTIN, actor=cast.alice)


ACTS: dict[str, Callable[[Cast], Act]] = {
    "training.encoder_choice.choose_encoder": choose,
    "training.tasks.add_type": add_type,
    "training.tasks.change_task": change_task,
    "training.tasks.create_task": create_task,
    "training.tasks.delete_task": delete_task,
    "training.tasks.remove_type": remove_type,
    "training.training.start_training": train,
    "training.versions.delete_version": remove_version,
    "training.versions.set_production": switch_production,
}

# All others carry nothing.
CARRIED: dict[str, Carried] = {
    "training.encoder_choice.choose_encoder": changes("encoder"),
    "training.tasks.add_type": carries(members=1, after="similarity_type"),
    "training.tasks.change_task": changes("name"),
    "training.tasks.delete_task": carries(before="name description encoder"),
    "training.tasks.remove_type": carries(members=1, before="similarity_type"),
    "training.versions.set_production": changes("production_version"),
}
