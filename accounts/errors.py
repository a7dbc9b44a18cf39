"""Define the refusals of accounts, workspaces and API tokens; each message is one sentence."""

from accounts.words import counted


class AccountError(Exception):
    """A refusal of this app; `str(error)` is one sentence for people."""


class AlreadySetUp(AccountError):
    """The installation has its first owner, so the set-up link no longer works."""

    def __init__(self) -> None:
        super().__init__("This installation is already set up. Sign in instead.")


class TooManyWorkspaces(AccountError):
    """A person owns as many workspaces as the limit allows."""

    def __init__(self, most: int) -> None:
        own = counted(most, "workspace")
        super().__init__(
            f"One person can own at most {own} here. Delete one that you no longer need, or ask "
            "your administrator for a higher limit."
        )
        self.most = most


class EmailTaken(AccountError):
    """Another account has this email address."""

    def __init__(self, email: str) -> None:
        super().__init__(f"An account with the email address {email} already exists.")
        self.email = email


class NoSuchUser(AccountError):
    """No account has this email address."""

    def __init__(self, email: str) -> None:
        super().__init__(f"There is no account with the email address {email}.")
        self.email = email


class AccountSwitchedOff(AccountError):
    """The account is deactivated, so nobody can sign in with it."""

    def __init__(self, email: str) -> None:
        super().__init__(
            f"The account with the email address {email} is deactivated: activate it first."
        )
        self.email = email


class NoSuchToken(AccountError):
    """No active API token has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no active token named “{name}”.")
        self.name = name


class NotAMember(AccountError):
    """The user is not a member of the workspace."""

    def __init__(self) -> None:
        super().__init__("You are not a member of that workspace.")


class OwnerStays(AccountError):
    """The owner cannot leave or change roles until the workspace is handed over."""

    def __init__(self) -> None:
        super().__init__("The owner cannot leave: hand over the workspace to someone else first.")


class NotTheOwner(AccountError):
    """The actor is no longer the owner of the workspace."""

    def __init__(self) -> None:
        super().__init__("Only the owner can hand over the workspace.")


class OwnRole(AccountError):
    """A member cannot change their own role, as they could lock themselves out."""

    def __init__(self) -> None:
        super().__init__("You cannot change your own role: ask another admin or the owner.")


class RoleNotGiven(AccountError):
    """The role does not exist, or is the owner's, which is only handed over."""

    def __init__(self, role: str) -> None:
        super().__init__(f"The role “{role}” cannot be assigned.")
        self.role = role


class MemberGone(AccountError):
    """The person left, or the account was deactivated, since the page was loaded."""

    def __init__(self) -> None:
        super().__init__("This person is no longer an active member of the workspace.")


class AlreadyAMember(AccountError):
    """The person is already a member; an invitation would change nothing."""

    def __init__(self, who: str) -> None:
        super().__init__(f"{who} is already a member of this workspace.")
        self.who = who


class NoSuchInvitation(AccountError):
    """No invitation has this link."""

    def __init__(self) -> None:
        super().__init__(
            "This invitation link is not valid. Check that you copied all of it, or ask the "
            "person who invited you for a new one."
        )


class InvitedElsewhere(AccountError):
    """The invitation is for another email address than that of the account."""

    def __init__(self, invited: str, signed_in_as: str) -> None:
        super().__init__(
            f"This invitation is for {invited}, and you are signed in as {signed_in_as}."
        )
        self.invited, self.signed_in_as = invited, signed_in_as


class InvitationClosed(AccountError):
    """The invitation existed but can no longer be accepted."""


class InvitationUsed(InvitationClosed):
    """The invitation was accepted."""

    def __init__(self) -> None:
        super().__init__(
            "This invitation was already used. If you used it, sign in; if not, ask the person "
            "who invited you for a new one."
        )


class InvitationWithdrawn(InvitationClosed):
    """The invitation was withdrawn, or replaced by a newer one."""

    def __init__(self) -> None:
        super().__init__(
            "This invitation was withdrawn. Look for a newer one in your email, or ask the "
            "person who invited you."
        )


class InvitationExpired(InvitationClosed):
    """The invitation has expired."""

    def __init__(self) -> None:
        super().__init__(
            "This invitation has expired. Ask the person who invited you for a new one."
        )


class NoSuchEmailChange(AccountError):
    """No email address waits for this confirmation link."""

    def __init__(self) -> None:
        super().__init__(
            "This confirmation link is not valid. It works once, for one day, and only the "
            "newest link works. Change your email address again to get a new one."
        )


class EmailTakenMeanwhile(AccountError):
    """Another account has taken the confirmed email address meanwhile."""

    def __init__(self, email: str) -> None:
        super().__init__(f"Another account uses {email} now, so yours keeps its email address.")
        self.email = email


class SecretUnreadable(AccountError):
    """A stored secret was encrypted with a key that this server no longer has."""

    def __init__(self) -> None:
        super().__init__(
            "The second factor of this account cannot be read because the server’s secret key "
            "has changed. Ask your administrator to reset your second factor."
        )


class SecretTooOld(AccountError):
    """The page with a new secret was open for too long, or in another account."""

    def __init__(self) -> None:
        super().__init__(
            "This page was open for more than an hour. Scan the new code, then confirm that one."
        )


class SecondFactorOn(AccountError):
    """The account has a second factor; a new one would lock out the app with the old one."""

    def __init__(self) -> None:
        super().__init__("Your second factor is already on. Turn it off first to use another app.")


class NoSecondFactor(AccountError):
    """The account has no second factor."""

    def __init__(self) -> None:
        super().__init__("This account has no second factor.")


class WrongCode(AccountError):
    """The code is not valid now, or was already used."""

    def __init__(self) -> None:
        super().__init__(
            "This code is wrong or was already used. Wait for the next code in your app; if that "
            "fails too, check the clock of your phone."
        )
