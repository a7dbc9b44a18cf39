"""List the URLs of the pages."""

from django.urls import path

from dashboard.views import docs
from dashboard.views.jobs import job_polls, jobs
from dashboard.views.library import image_change, images, selection
from dashboard.views.library_urls import urlpatterns as library
from dashboard.views.search_urls import urlpatterns as search
from dashboard.views.team_urls import urlpatterns as team
from dashboard.views.uploads import demo
from dashboard.views.uploads.receiving_urls import urlpatterns as receiving
from dashboard.views.uploads.upload_urls import urlpatterns as uploads
from dashboard.views.workspaces import home

urlpatterns = [
    # First, as every browser that shows a job requests it once a second.
    path("jobs/<uuid:job_id>/progress", job_polls.job_progress, name="job-progress"),
    path("", home.home, name="home"),
    path("demo", demo.demo_load, name="demo-load"),
    path("demo/", demo.demo, name="demo"),
    path("demo/remove", demo.demo_remove, name="demo-remove"),
    path("api/docs", docs.docs, name="docs"),
    path("docs/", docs.manual, name="manual"),
    path("docs/<slug:name>", docs.manual, name="manual-page"),
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/tray", job_polls.job_tray, name="job-tray"),
    path("jobs/<uuid:job_id>", jobs.job, name="job"),
    path("jobs/<uuid:job_id>/cancel", jobs.job_cancel, name="job-cancel"),
    path("jobs/<uuid:job_id>/retry", jobs.job_retry, name="job-retry"),
    path("images/", images.images, name="images"),
    path("images/group", selection.images_group, name="images-group"),
    path("images/delete", selection.images_delete, name="images-delete"),
    path("images/<uuid:image_id>", images.image, name="image"),
    path("images/<uuid:image_id>/change", image_change.image_change, name="image-change"),
    path("images/<uuid:image_id>/test", images.image_test, name="image-test"),
    path("images/<uuid:image_id>/delete", images.image_delete, name="image-delete"),
    *receiving,
    *uploads,
    *library,
    *search,
    *team,
]
