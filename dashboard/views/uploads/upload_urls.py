"""List the URLs of complete uploads."""

from django.urls import path

from dashboard.views.uploads import plans as upload_plans
from dashboard.views.uploads import uploads

urlpatterns = [
    path("uploads/<uuid:upload_id>", uploads.upload, name="upload"),
    path("uploads/<uuid:upload_id>/failures.csv", uploads.upload_failures, name="upload-failures"),
    path("uploads/<uuid:upload_id>/undo", uploads.upload_undo, name="upload-undo"),
    path("uploads/<uuid:upload_id>/rows", upload_plans.upload_rows, name="upload-rows"),
    path("uploads/<uuid:upload_id>/mend", upload_plans.upload_mend, name="upload-mend"),
    path("uploads/<uuid:upload_id>/mend-all", upload_plans.upload_mend_all, name="upload-mend-all"),
    path("uploads/<uuid:upload_id>/type", upload_plans.upload_type, name="upload-type"),
    path(
        "uploads/<uuid:upload_id>/code-page",
        upload_plans.upload_code_page,
        name="upload-code-page",
    ),
    path("uploads/<uuid:upload_id>/commit", upload_plans.upload_commit, name="upload-commit"),
]
