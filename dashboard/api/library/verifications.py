"""Serve `/annotate/v2/similarity-verification` and `/annotate/v2/verification`."""

from uuid import UUID

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User, Workspace
from accounts.queries import members_of
from dashboard.api.base import ApiView
from dashboard.api.library.region_shapes import (
    GroupVerificationFields,
    ImageVerificationFields,
    verification_json,
)
from dashboard.api.lists import Listing
from dashboard.api.parameters import an_id, conditions
from dashboard.api.permissions import allow, workspace_for
from dashboard.models import Verification
from dashboard.queries.library.groups import groups_in
from dashboard.queries.library.images import images_in
from dashboard.queries.library.verifications import (
    get_group_verification,
    get_image_verification,
    group_verifications_in,
    image_verifications_in,
)
from dashboard.services.library.verifications import unverify, verify_group, verify_image


class _Verifications(ApiView):
    def _verifier(self, workspace: Workspace, user_id: UUID | None) -> User:
        """Return who verifies: the user, or another member whom an admin names.

        403 for other users who name another. Raises `ValidationError` for a person who is not a
        member.
        """
        if user_id in (None, self.user.pk):
            return self.user
        # Checked before the member is looked up: others could learn from the two responses who is a
        # member.
        allow(self.request, workspace.pk, "verifications.all")
        member = members_of(workspace).filter(user=user_id, user__is_active=True).first()
        if member is None:
            raise ValidationError({"user": ["This user is not a member of the workspace."]})
        return member.user

    def _remove(self, verification: Verification) -> Response:
        if verification.user_id != self.user.pk:
            allow(self.request, verification.workspace_id, "verifications.all")
        unverify(verification=verification, actor=self.user)
        return Response(status=204)


class GroupVerifications(_Verifications):
    """The verifications of groups."""

    def get(self, request: Request) -> Response:
        """List them, of one group if the query names it."""
        rows = group_verifications_in(workspace_for(request, "workspace.view"))
        rows = rows.filter(conditions(request, {"group": (an_id, "group")}))
        return Response(_listing(rows, "group__name").answer(request))

    def post(self, request: Request) -> Response:
        """Verify a group once: a repeated call changes nothing and answers 200."""
        workspace = workspace_for(request, "verifications.own")
        values = self.read(GroupVerificationFields)
        user = self._verifier(workspace, values.get("user"))
        group = groups_in(workspace).filter(pk=values["group_id"]).first()
        if group is None:
            raise ValidationError({"group_id": ["This workspace has no such group."]})
        row, is_new = verify_group(group=group, user=user, actor=self.user)
        return Response(verification_json(row), status=201 if is_new else 200)


class OneGroupVerification(_Verifications):
    """One person's verification of a group."""

    def get(self, request: Request, verification_id: UUID) -> Response:  # noqa: ARG002
        """Return it."""
        return Response(verification_json(self._find(verification_id, "workspace.view")))

    def delete(self, request: Request, verification_id: UUID) -> Response:  # noqa: ARG002
        """Withdraw it; an admin may do so for others."""
        return self._remove(self._find(verification_id, "verifications.own"))

    def _find(self, verification_id: UUID, action: str) -> Verification:
        return self.find(Verification, get_group_verification, verification_id, action)


class ImageVerifications(_Verifications):
    """The verifications of images."""

    def get(self, request: Request) -> Response:
        """List them, of one image if the query names it."""
        rows = image_verifications_in(workspace_for(request, "workspace.view"))
        rows = rows.filter(conditions(request, {"image": (an_id, "image")}))
        return Response(_listing(rows, "image__file_name").answer(request))

    def post(self, request: Request) -> Response:
        """Verify an image once: a repeated call changes nothing and answers 200."""
        workspace = workspace_for(request, "verifications.own")
        values = self.read(ImageVerificationFields)
        user = self._verifier(workspace, values.get("user"))
        image = images_in(workspace).filter(pk=values["image_id"]).first()
        if image is None:
            raise ValidationError({"image_id": ["This workspace has no such image."]})
        row, is_new = verify_image(image=image, user=user, actor=self.user)
        return Response(verification_json(row), status=201 if is_new else 200)


class OneImageVerification(_Verifications):
    """One person's verification of an image."""

    def get(self, request: Request, verification_id: UUID) -> Response:  # noqa: ARG002
        """Return it."""
        return Response(verification_json(self._find(verification_id, "workspace.view")))

    def delete(self, request: Request, verification_id: UUID) -> Response:  # noqa: ARG002
        """Withdraw it; an admin may do so for others."""
        return self._remove(self._find(verification_id, "verifications.own"))

    def _find(self, verification_id: UUID, action: str) -> Verification:
        return self.find(Verification, get_image_verification, verification_id, action)


def _listing(rows: QuerySet[Verification], name: str) -> Listing[Verification]:
    return Listing(rows, lambda page: map(verification_json, page), name=name)
