"""Define users, workspaces, roles, invitations, API tokens, and the journal."""

import uuid
from datetime import datetime
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    """Creates users who sign in with their email address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an active user; without a password the account cannot sign in with one."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str, **fields: Any) -> "User":
        """Create a user who may also open Django's admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the user with this email address, ignoring case."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person, who signs in with the email address, stored in lower case."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    # Set when the user of a session was read together with them; None: not read.
    known_memberships: "list[Membership] | None" = None

    class Meta:
        # `create_user` writes lower case; this covers all other writers.
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_any_case")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        """Return the name that pages show."""
        return self.name or self.email.split("@")[0]


class EmailChange(models.Model):
    """A new email address of a user, until it is confirmed."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="email_change")
    email = models.EmailField()
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"{self.user_id} to {self.email}"


class SignedInSession(models.Model):
    """Where and when somebody signed in; deleted with its session."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.OneToOneField(Session, models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="sessions")
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=255, blank=True)
    created = models.DateTimeField(default=timezone.now, editable=False)
    seen = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-seen", "-id"]

    def __str__(self) -> str:
        return f"{self.user_id} from {self.ip}"


class Role(models.TextChoices):
    """What a member may do; the table of actions is in `access.py`."""

    VIEWER = "viewer", "Viewer"
    EDITOR = "editor", "Editor"
    ADMIN = "admin", "Admin"
    OWNER = "owner", "Owner"


class Workspace(models.Model):
    """The data of one team: no query crosses its border."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=150)
    created = models.DateTimeField(default=timezone.now, editable=False)
    modified = models.DateTimeField(auto_now=True)
    second_factor_required = models.BooleanField(
        default=False, help_text="Admins and owners get in with a second factor only."
    )
    encoder = models.CharField(
        max_length=100, blank=True, help_text="A key; empty: the installation's default."
    )
    # The wanted encoder may not have all features yet; search uses this one until then.
    search_encoder = models.CharField(
        max_length=100, blank=True, help_text="The key by which untrained search goes now."
    )
    # Here, and not only in the dashboard's tables: each page and each call of the API has read the
    # workspace, so one that mirrors nothing costs no query.
    mirrors = models.CharField(
        max_length=300, blank=True, help_text="What it mirrors on another server, in words."
    )

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A user's role in a workspace; each workspace has exactly one owner."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="membership_once"),
            models.UniqueConstraint(
                fields=["workspace"],
                condition=models.Q(role="owner"),
                name="workspace_one_owner",
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="membership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.role}) in {self.workspace}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Invitations of one workspace, and those that can still be accepted."""

    def in_workspace(self, workspace: Workspace) -> Self:
        """Keep those of the workspace."""
        return self.filter(workspace=workspace)

    def open(self, now: datetime) -> Self:
        """Keep those that are not used, withdrawn or expired, and whose sender may still invite.

        The sender is checked here, too: a demotion withdraws the existing invitations, but not one
        that is being created at that moment.
        """
        senders = Membership.objects.filter(
            workspace=models.OuterRef("workspace"),
            user=models.OuterRef("invited_by"),
            user__is_active=True,
            role__in=[Role.ADMIN, Role.OWNER],
        )
        unused = self.filter(accepted__isnull=True, revoked__isnull=True, expires__gt=now)
        return unused.filter(models.Exists(senders.order_by()))


class Invitation(models.Model):
    """A single-use link into a workspace; only a digest of its secret is stored.

    Only the account with the invited email address may accept, unless `anyone` with the link may.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="invitations")
    email = models.EmailField()
    anyone = models.BooleanField(
        default=False, help_text="An account with another address may accept too."
    )
    role = models.CharField(max_length=10, choices=Role.choices)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created = models.DateTimeField(default=timezone.now, editable=False)
    expires = models.DateTimeField()
    accepted = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    revoked = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-id"]

    def __str__(self) -> str:
        return f"{self.email} as {self.role}"

    def is_for(self, email: str) -> bool:
        """Return whether the account with this email address may accept.

        Compared in lower case and not with `casefold`, under which “ſam@…” is “sam@…”: two
        mailboxes.
        """
        return self.anyone or email.strip().lower() == self.email.strip().lower()


class Scope(models.TextChoices):
    """What an API token may do at most; its user's role decides the rest."""

    READ = "read", "Read"
    WRITE = "write", "Read and write"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    """API tokens that still work."""

    def valid(self, now: datetime) -> Self:
        """Keep those that are neither revoked nor expired."""
        return self.filter(
            models.Q(expires__isnull=True) | models.Q(expires__gt=now), revoked__isnull=True
        )


class ApiToken(models.Model):
    """A token for the API: shown once, found by its prefix, compared by its digest."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    workspace = models.ForeignKey(
        Workspace, models.CASCADE, related_name="tokens", help_text="The default workspace."
    )
    name = models.CharField(max_length=100)
    # In clear text, since it finds the row; only a digest of the whole token is stored.
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    scope = models.CharField(max_length=5, choices=Scope.choices, default=Scope.WRITE)
    created = models.DateTimeField(default=timezone.now, editable=False)
    expires = models.DateTimeField(null=True, blank=True)
    last_used = models.DateTimeField(null=True, editable=False)
    revoked = models.DateTimeField(null=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scope__in=Scope.values), name="token_scope_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class Change(models.Model):
    """One change of a workspace, written in the transaction that made it.

    A bulk change is one row, however many things it changed. `details` are the words of its
    sentence and are kept as long as the row; `before`, `after` and `members` (packed ids) are for
    undoing or repeating it, and are pruned. They are columns and not a table, so that a change
    costs one statement; both databases store large ones outside of the rows that a scan reads. A
    change is undone by another change, which `undoes` it, and at most once.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="changes")
    # Its place among the workspace's changes, without gaps; empty until `number_changes` sets it.
    sequence = models.PositiveBigIntegerField(null=True, editable=False)
    actor = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    # A `Verb`. No choices: each new one would need a migration that changes nothing.
    verb = models.CharField(max_length=40)
    noun = models.CharField(max_length=40)
    target_id = models.UUIDField(null=True)
    target_name = models.CharField(max_length=255, blank=True)
    count = models.PositiveIntegerField(default=1)
    details = models.JSONField(default=dict)
    created = models.DateTimeField(default=timezone.now, editable=False)
    inverse = models.CharField(
        max_length=40, blank=True, help_text="Who can undo it; empty: nobody."
    )
    # Indexed below, for the few rows that have one.
    undoes = models.ForeignKey(
        "self", models.SET_NULL, null=True, db_index=False, related_name="undone_by"
    )
    has_payload = models.BooleanField(default=False, help_text="Any of the three below is there.")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    members = models.BinaryField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "sequence"],
                condition=models.Q(sequence__isnull=False),
                name="change_sequence_once",
            ),
            models.UniqueConstraint(
                fields=["undoes"],
                condition=models.Q(undoes__isnull=False),
                name="change_undone_once",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-created", "-id"], name="change_recent"),
            models.Index(fields=["target_id", "-id"], name="change_of_target"),
            models.Index(
                fields=["workspace", "id"],
                condition=models.Q(sequence__isnull=True),
                name="change_without_number",
            ),
            models.Index(
                fields=["created"],
                condition=models.Q(has_payload=True),
                name="change_with_payload",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.noun} {self.target_name}"


class JournalHead(models.Model):
    """The number of a workspace's last numbered change, locked while changes are numbered."""

    workspace = models.OneToOneField(
        Workspace, models.CASCADE, primary_key=True, related_name="journal_head"
    )
    last = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.workspace_id} at {self.last}"


class AccountEvent(models.Model):
    """An event of an account of this installation; it belongs to no workspace.

    `user` is the account, `actor` who did it (None: nobody was signed in, or it was a command).
    `address` is kept when the account is deleted, and is the text as entered if there is no
    account. Failures with the same `bucket` are one row with a count, see `events.py`.
    """

    class Verb(models.TextChoices):
        """The kinds of events, as the page names them."""

        SIGNED_IN = "signed in", "Signed in"
        SIGN_IN_FAILED = "sign-in failed", "Sign-in failed"
        SIGNED_OUT = "signed out", "Signed out"
        ACCOUNT_CREATED = "account created", "Account created"
        SWITCHED_OFF = "switched off", "Account deactivated"
        SWITCHED_ON = "switched on", "Account activated"
        EMAIL_CHANGED = "e-mail changed", "Email address changed"
        PASSWORD_CHANGED = "password changed", "Password changed"
        PASSWORD_RESET = "password reset", "Password reset"
        RESET_LINK_MADE = "reset link made", "Reset link created by a command"
        FACTOR_ADDED = "second factor added", "Second factor added"
        FACTOR_REMOVED = "second factor removed", "Second factor removed"
        CODES_RENEWED = "recovery codes renewed", "Recovery codes renewed"
        FACTOR_FAILED = "second factor failed", "Second factor failed"
        TOKEN_CREATED = "token created", "API token created"
        TOKEN_REVOKED = "token revoked", "API token revoked"
        INVITED = "invited", "Invitation created"
        INVITATION_WITHDRAWN = "invitation withdrawn", "Invitation withdrawn"
        INVITATION_ACCEPTED = "invitation accepted", "Invitation accepted"

    id = models.BigAutoField(primary_key=True)
    verb = models.CharField(max_length=40)
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    actor = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    address = models.CharField(max_length=254, blank=True)
    ip = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict)
    count = models.PositiveIntegerField(default=1)
    # Unique among failures; other events have none.
    bucket = models.CharField(max_length=64, null=True, unique=True, editable=False)  # noqa: DJ001
    created = models.DateTimeField(default=timezone.now, editable=False)
    latest = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["-created", "-id"], name="account_event_recent"),
            models.Index(fields=["verb", "-created", "-id"], name="account_event_verb"),
            models.Index(fields=["user", "-created", "-id"], name="account_event_user"),
            models.Index(fields=["address", "-created", "-id"], name="account_event_address"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.address}"

    def get_verb_display(self) -> str:
        """Return the verb in words."""
        return str(self.Verb(self.verb).label)
