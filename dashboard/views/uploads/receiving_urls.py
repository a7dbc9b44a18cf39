"""List the URLs to which files are sent."""

from django.urls import path

from dashboard.views.uploads import receiving

urlpatterns = [
    path("uploads/", receiving.upload_unfinished, name="upload-unfinished"),
    path("uploads/new", receiving.upload_new, name="upload-new"),
    path("uploads/open", receiving.upload_open, name="upload-open"),
    path("uploads/<uuid:upload_id>/files", receiving.upload_sending, name="upload-sending"),
    path("uploads/<uuid:upload_id>/parts", receiving.upload_parts, name="upload-parts"),
    path("uploads/<uuid:upload_id>/parts/new", receiving.upload_part_new, name="upload-part-new"),
    path("uploads/<uuid:upload_id>/parts/<int:part_id>", receiving.upload_part, name="upload-part"),
    path("uploads/<uuid:upload_id>/finish", receiving.upload_finish, name="upload-finish"),
    path("uploads/<uuid:upload_id>/discard", receiving.upload_discard, name="upload-discard"),
]
