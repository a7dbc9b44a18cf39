"""Verifications: somebody looked at a group or an image and says that it is right."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from dashboard.models.base import ScopedManager, ScopedModel
from dashboard.models.groups import Group
from dashboard.models.images import Image


class Verification(ScopedModel):
    """One person's word for one group or one image.

    `verify_count` of the group or image is kept by the services in the same transaction; it stays
    when the person's account goes.
    """

    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    group = models.ForeignKey(Group, models.CASCADE, null=True, related_name="verifications")
    image = models.ForeignKey(Image, models.CASCADE, null=True, related_name="verifications")

    objects = ScopedManager["Verification"]()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(group__isnull=True, image__isnull=False)
                | Q(group__isnull=False, image__isnull=True),
                name="verification_of_one_thing",
            ),
            models.UniqueConstraint(fields=["group", "user"], name="group_verified_once"),
            models.UniqueConstraint(fields=["image", "user"], name="image_verified_once"),
        ]
        indexes = [
            models.Index(fields=["workspace", "-created", "-id"], name="verification_recent")
        ]

    def __str__(self) -> str:
        return f"{self.user} verified {self.group or self.image}"
