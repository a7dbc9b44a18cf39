"""Who: users, workspaces, roles, invitations, tokens, and what was done by whom."""

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
    """Make users whose login is their e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an active user; without a password the account cannot sign in by one."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str, **fields: Any) -> "User":
        """Create a user who may also open Django's admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a user by e-mail address in any case."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person; the e-mail address, in lower case, is the login."""

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

    # What came along when a session's user was read; None: nobody asked.
    known_memberships: "list[Membership] | None" = None

    class Meta:
        # `create_user` writes lower case; this also holds for rows that something else writes.
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_any_case")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        """Return the name that pages greet with."""
        return self.name or self.email.split("@")[0]


class EmailChange(models.Model):
    """An address that a user wants to sign in with, until its mailbox has confirmed it."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="email_change")
    email = models.EmailField()
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"{self.user_id} to {self.email}"


class SignedInSession(models.Model):
    """Where and when somebody signed in; it goes with the session that it tells of."""

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
    """A team's own world: no query of the product crosses its border."""

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
    # What was chosen may still have to look at the images; search goes by this one until then.
    search_encoder = models.CharField(
        max_length=100, blank=True, help_text="The key by which untrained search goes now."
    )

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A user's place and role in a workspace; each workspace has exactly one owner."""

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
    """Invitations of one workspace, and the ones that can still be accepted."""

    def in_workspace(self, workspace: Workspace) -> Self:
        """Keep what belongs to the workspace."""
        return self.filter(workspace=workspace)

    def open(self, now: datetime) -> Self:
        """Keep what is neither used, withdrawn nor expired, and whose sender may still invite.

        The sender is asked for here too: a demotion withdraws the invitations that it sees, and
        one that is being made at that moment it does not see.
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
    """A one-use link into a workspace; only a digest of its secret is stored.

    Only the account with the invited address may accept, unless `anyone` who has the link may.
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
        """Say whether the account with this address may accept.

        Lower case and not `casefold`, under which “ſam@…” is “sam@…”: two mailboxes.
        """
        return self.anyone or email.strip().lower() == self.email.strip().lower()


class Scope(models.TextChoices):
    """What a token may do at most; its user's role decides the rest."""

    READ = "read", "Read"
    WRITE = "write", "Read and write"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    """Tokens that still open the door."""

    def valid(self, now: datetime) -> Self:
        """Keep what is neither revoked nor expired."""
        return self.filter(
            models.Q(expires__isnull=True) | models.Q(expires__gt=now), revoked__isnull=True
        )


class ApiToken(models.Model):
    """A key for the API: shown once, found by its prefix, compared by its digest."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    workspace = models.ForeignKey(
        Workspace, models.CASCADE, related_name="tokens", help_text="The default workspace."
    )
    name = models.CharField(max_length=100)
    # In clear, since it finds the row; the rest of the token is only kept as a digest.
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
    """One thing that somebody did in a workspace; written in the transaction that did it.

    One row tells of a bulk act, however many things it touched. `details` are the words of its
    sentence and stay as long as the row; `before`, `after` and `members` (ids, packed) are for who
    undoes it or repeats it elsewhere, and are pruned. They are columns and not rows of their own,
    so that a change costs one statement; both databases keep large ones out of the way of a scan.
    A change is undone by another change, which `undoes` it, and at most once.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="changes")
    # Its place among the workspace's changes, without gaps; empty until `number_changes` gave it.
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
    """The number of a workspace's last numbered change: who numbers changes holds this row."""

    workspace = models.OneToOneField(
        Workspace, models.CASCADE, primary_key=True, related_name="journal_head"
    )
    last = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.workspace_id} at {self.last}"


class AccountEvent(models.Model):
    """Something that happened to an account of this installation; it belongs to no workspace.

    `user` is whose account it is about, `actor` who did it (None: nobody was signed in, or it was
    a command). `address` stays when the account goes, and is what was typed where there is none.
    Failures that share a `bucket` are one row with a count, see `events.py`.
    """

    class Verb(models.TextChoices):
        """What happened, as the page tells it."""

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
    # Unique among failures; what is no failure has none.
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
