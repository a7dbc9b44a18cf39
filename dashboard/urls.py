"""Define the URLs of the program."""

from django.contrib import admin
from django.urls import include, path

from dashboard.views import health, setup
from dashboard.views.library import media

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("setup", setup.setup, name="setup"),
    path(
        "media/<uuid:workspace_id>/images/<uuid:image_id>.<slug:extension>",
        media.image_file,
        name="image-file",
    ),
    path(
        "media/<uuid:workspace_id>/thumbs/<uuid:image_id>.jpg",
        media.thumbnail_file,
        name="thumbnail-file",
    ),
    path("", include("dashboard.views.urls")),  # first, as they are requested most
    path("accounts/", include("accounts.sign_in_urls")),
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
    path("", include("dashboard.api.urls")),
]
handler500 = "dashboard.views.errors.server_error"
