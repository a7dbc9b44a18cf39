"""Link a workspace with another one of this instance, which a live server serves."""

from dataclasses import dataclass
from typing import Any

from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import Membership, User, Workspace
from dashboard.jobs.runner import run_job
from dashboard.models import Job, Link, Twin
from dashboard.services.connections.connections import add_connection, set_token
from dashboard.services.connections.links import link_workspace, request_pull
from dashboard.services.library.groups import add_images, add_regions
from dashboard.services.library.nesting import add_groups
from dashboard.services.training.tasks import add_type
from tests import factories
from tests.factories import Cast
from tests.transfers import TOLD, values_of

LOCAL = ["127.0.0.0/8", "::1/128"]
# What no other server states, or what is of the mirror alone.
NOT_MIRRORED = {"file_size", "fold_by", "encoder", "versions_count", "production_version__number"}
NOUNS = (
    *("images", "types", "labels", "regions", "groups"),
    *("members", "region members", "nestings", "tasks"),
)


@dataclass
class Mirror:
    """A workspace there, its mirror here, and who pulls."""

    there: Workspace
    here: Workspace
    owner: User
    link: Link

    def pull(self) -> Job:
        """Pull everything; return the ended job."""
        job = request_pull(link=self.link, actor=self.owner)
        run_job(str(job.id))
        job.refresh_from_db()
        self.link.refresh_from_db()
        return job

    def pulled(self) -> Job:
        """Pull everything, and expect that nothing failed."""
        job = self.pull()
        assert (job.state, job.failed) == (Job.State.DONE, 0), job.message
        assert "not pulled" not in job.message, job.message
        return job

    def twin_of(self, noun: str, thing: Any) -> Any:
        """Return the thing here that mirrors one there."""
        twin = Twin.objects.get(link=self.link, noun=noun, remote_id=str(thing.pk))
        return type(thing)._default_manager.get(pk=twin.local_id)


def linked(cast: Cast, server: LiveServer, settings: Settings) -> Mirror:
    """Link Alice's empty workspace with Charlie's; the first pull is queued."""
    url = f"http://localhost:{server.thread.port}"
    settings.LIKEWISE_FETCH_PRIVATE = LOCAL
    settings.LIKEWISE_URL = url
    settings.ALLOWED_HOSTS = ["*"]
    secret = factories.make_key(cast.charlie, cast.elsewhere)
    member = Membership.objects.get(workspace=cast.workspace, user=cast.alice)
    connection = add_connection(workspace=cast.workspace, url=url, actor=cast.alice)
    set_token(connection=connection, membership=member, secret=secret, actor=cast.alice)
    link = link_workspace(
        connection=connection, remote_workspace=str(cast.elsewhere.pk), actor=cast.alice
    )
    return Mirror(cast.elsewhere, cast.workspace, cast.alice, link)


def fill(workspace: Workspace) -> None:
    """Put a little of everything that is mirrored into a workspace."""
    actor = factories.owner_of(workspace)
    product = factories.make_type(workspace, "Same product", description="Of one article number")
    colour = factories.make_type(workspace, "Same colour", exclusive=True)
    for number in range(3):
        images = [
            factories.make_image(
                workspace, seed=10 * number + i, meta_data={"place": i, "of": [number]}, real=i > 0
            )
            for i in range(3)
        ]
        ids = [image.id for image in images]
        of_product = factories.make_group(product, f"Product {number}", meta_data={"sku": number})
        add_images(group=of_product, ids=ids, actor=actor)
        of_colour = factories.make_group(colour, f"Colour {number}", test_group=number == 2)
        add_images(group=of_colour, ids=ids[:2], actor=actor)
    label = factories.make_label(workspace, "Heel", color="#ff0000")
    region = factories.make_region(images[0], label=label, meta_data={"sure": True})
    with_region = factories.make_group(product, "Heels")
    add_regions(group=with_region, ids=[region.id], actor=actor)
    family = factories.make_group(colour, "Family")
    add_groups(group=family, ids=[of_product.id, with_region.id], actor=actor)
    task = factories.make_task(workspace, description="What is sold")
    add_type(task=task, similarity_type=product, actor=actor)


def mirrored(workspace: Workspace) -> dict[str, list[str]]:
    """Return what is mirrored of a workspace, with names and contents in place of ids."""
    return {noun: values_of(TOLD[noun][0](workspace), *_names(TOLD[noun][1])) for noun in NOUNS}


def _names(names: tuple[str, ...]) -> list[str]:
    return [name for name in names if name not in NOT_MIRRORED]
