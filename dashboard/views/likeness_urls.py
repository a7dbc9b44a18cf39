"""The addresses of types, groups, tasks and versions."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
