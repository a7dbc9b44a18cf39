"""List the URLs of search, extractions and the connect page."""

from django.urls import path

from dashboard.views.extractions import extractions
from dashboard.views.search import connect, search

urlpatterns = [
    path("search/", search.search, name="search"),
    path("search/describe", search.search_describe, name="search-describe"),
    path("images/<uuid:image_id>/alike", search.image_alike, name="image-alike"),
    path("extractions/", extractions.extractions, name="extractions"),
    path("extractions/send", extractions.extraction_send, name="extraction-send"),
    path("extractions/<uuid:extraction_id>", extractions.extraction, name="extraction"),
    path(
        "extractions/<uuid:extraction_id>/file", extractions.extraction_file, name="extraction-file"
    ),
    path("connect/", connect.connect, name="connect"),
]
