"""Define what can be done in a workspace: every verb of the journal, once.

The words for people are in `dashboard/views/workspaces/activity.py`; a test compares the two. The
values are stored in the rows of every installation: a verb may be added, but none may be changed or
removed.
"""

from django.db.models import TextChoices


class Verb(TextChoices):
    """What somebody did to the noun of a change."""

    CREATED = "created"
    ADDED = "added"
    CHANGED = "changed"
    RENAMED = "renamed"
    DELETED = "deleted"
    # Groups and their members.
    ADDED_IMAGES = "added images to"
    MOVED_IMAGES = "moved images to"
    REMOVED_IMAGES = "removed images from"
    ADDED_OBJECTS = "added objects to"
    MOVED_OBJECTS = "moved objects to"
    REMOVED_OBJECTS = "removed objects from"
    ADDED_GROUPS = "added groups to"
    REMOVED_GROUPS = "removed groups from"
    MARKED_TEST = "marked as test"
    UNMARKED_TEST = "unmarked as test"
    MARKED_SEVERAL_TEST = "marked several as test"
    UNMARKED_SEVERAL_TEST = "unmarked several as test"
    VERIFIED = "verified"
    UNVERIFIED = "took back a verification of"
    # Tasks and versions.
    ADDED_TYPE = "added a type to"
    REMOVED_TYPE = "removed a type from"
    STARTED_TRAINING = "started to train"
    TRAINED = "trained"
    PUT_INTO_PRODUCTION = "put into production"
    # Uploads, requests and jobs.
    UPLOADED = "uploaded"
    DISCARDED = "discarded"
    UNDID = "undid"
    SENT = "sent"
    STARTED_EXTRACTING = "started to extract"
    EXTRACTED = "extracted"
    RETRIED = "tried again"
    CANCELLED = "cancelled"
    # Collections.
    ADDED_RECORDS = "added records to"
    CHANGED_RECORDS = "changed records of"
    DELETED_RECORDS = "deleted records of"
    STARTED_FILLING = "started to fill"
    FILLED = "filled"
    # Workspaces.
    IMPORTED = "imported"
    STARTED_EXPORTING = "started to export"
    EXPORTED = "exported"
    CHOSE_ENCODER = "chose an encoder for"
    REQUIRED = "required"
    NO_LONGER_REQUIRED = "no longer required"
    # Connections to other servers.
    CONNECTED = "connected to"
    DISCONNECTED = "disconnected from"
    RECONNECTED = "reconnected to"
    LINKED = "linked"
    UNLINKED = "unlinked"
    PULLED = "pulled"
    OVERRULED = "overruled"
    DISCARDED_CHANGES = "discarded changes of"
    # Webhooks.
    PAUSED = "paused"
    RESUMED = "resumed"
    ROTATED = "rotated the secret of"
    TESTED = "tested"
    # People and tokens. An invitation is withdrawn, and so is a version from production.
    CHANGED_ROLE = "changed the role of"
    HANDED_OVER = "handed over to"
    INVITED = "invited"
    WITHDREW = "withdrew"
    JOINED = "joined"
    LEFT = "left"
    REMOVED = "removed"
    REVOKED = "revoked"
