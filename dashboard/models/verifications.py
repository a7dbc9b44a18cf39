"""Define verifications: a person has checked a group or an image."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from dashboard.models.base import ScopedManager, ScopedModel
from dashboard.models.groups import Group
from dashboard.models.images import Image


class Verification(ScopedModel):
    """One person's verification of one group or one image.

    The services update `verify_count` of the group or image in the same transaction; it is kept
    when the person's account is deleted.
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
