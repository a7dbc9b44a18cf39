"""What can go wrong with people, workspaces and keys; pages and API turn each into a sentence."""

from accounts.words import counted


class AccountError(Exception):
    """A refusal of this room; `str(error)` is one sentence for people."""


class AlreadySetUp(AccountError):
    """The program has its first owner, so the set-up link is spent."""

    def __init__(self) -> None:
        super().__init__("This installation is set up already. Sign in instead.")


class TooManyWorkspaces(AccountError):
    """A person owns as many workspaces as one may."""

    def __init__(self, most: int) -> None:
        own = counted(most, "workspace")
        super().__init__(
            f"One person may own {own} here. Delete one that is no longer needed, or ask whoever "
            "runs this server for more."
        )
        self.most = most


class EmailTaken(AccountError):
    """Another account signs in with this address."""

    def __init__(self, email: str) -> None:
        super().__init__(f"An account with the address {email} exists already.")
        self.email = email


class NoSuchUser(AccountError):
    """Nobody signs in with this address."""

    def __init__(self, email: str) -> None:
        super().__init__(f"There is no account with the address {email}.")
        self.email = email


class AccountSwitchedOff(AccountError):
    """The account was switched off, so nobody signs in with it."""

    def __init__(self, email: str) -> None:
        super().__init__(
            f"The account with the address {email} is switched off: switch it on first."
        )
        self.email = email


class NoSuchToken(AccountError):
    """No token that still works answers to that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no working token named “{name}”.")
        self.name = name


class NotAMember(AccountError):
    """The user has no membership in the workspace."""

    def __init__(self) -> None:
        super().__init__("You are not a member of that workspace.")


class OwnerStays(AccountError):
    """The owner keeps role and place until the workspace is handed over."""

    def __init__(self) -> None:
        super().__init__("The owner stays: hand the workspace over to somebody else first.")


class NotTheOwner(AccountError):
    """Somebody else owns the workspace by now."""

    def __init__(self) -> None:
        super().__init__("Only the owner can hand the workspace over, and that is not you.")


class OwnRole(AccountError):
    """Who changes the own role could lock the door behind oneself."""

    def __init__(self) -> None:
        super().__init__("You cannot change your own role: ask another admin or the owner.")


class RoleNotGiven(AccountError):
    """The role is none, or it is the owner's, which is handed over and never given."""

    def __init__(self, role: str) -> None:
        super().__init__(f"Nobody can be given the role “{role}”.")
        self.role = role


class MemberGone(AccountError):
    """The person left, or the account was switched off, while somebody looked at the page."""

    def __init__(self) -> None:
        super().__init__("This person is no longer an active member of the workspace.")


class AlreadyAMember(AccountError):
    """The person is in the workspace; an invitation would change nothing."""

    def __init__(self, who: str) -> None:
        super().__init__(f"{who} is a member of this workspace already.")
        self.who = who


class NoSuchInvitation(AccountError):
    """No invitation answers to this link."""

    def __init__(self) -> None:
        super().__init__(
            "This link opens no invitation. Check that you copied all of it, or ask who "
            "invited you for a new one."
        )


class InvitedElsewhere(AccountError):
    """The invitation is for another address than that of the account."""

    def __init__(self, invited: str, signed_in_as: str) -> None:
        super().__init__(
            f"This invitation is for {invited}, and you are signed in as {signed_in_as}."
        )
        self.invited, self.signed_in_as = invited, signed_in_as


class InvitationClosed(AccountError):
    """The invitation was there and opens nothing any more."""


class InvitationUsed(InvitationClosed):
    """Somebody accepted it."""

    def __init__(self) -> None:
        super().__init__(
            "This invitation was used already, and it works once. If it was you, sign in; "
            "if not, ask who invited you for a new one."
        )


class InvitationWithdrawn(InvitationClosed):
    """An admin took it back, or sent a newer one to the same address."""

    def __init__(self) -> None:
        super().__init__(
            "This invitation was withdrawn. Look for a newer one in your mail, or ask who "
            "invited you."
        )


class InvitationExpired(InvitationClosed):
    """Its days are over."""

    def __init__(self) -> None:
        super().__init__("This invitation has expired. Ask who invited you for a new one.")


class NoSuchEmailChange(AccountError):
    """No change of the address waits for this link."""

    def __init__(self) -> None:
        super().__init__(
            "This link confirms no address. It works once, for a day, and only the newest one "
            "does. Change your address again to get another."
        )


class EmailTakenMeanwhile(AccountError):
    """The address was confirmed and belongs to another account by now."""

    def __init__(self, email: str) -> None:
        super().__init__(
            f"Another account signs in with {email} by now, so yours keeps its address."
        )
        self.email = email


class SecretUnreadable(AccountError):
    """A kept secret was encrypted with a key that this server no longer has."""

    def __init__(self) -> None:
        super().__init__(
            "The second factor of this account cannot be read, as the server’s key has changed. "
            "Ask who operates the server to reset your second factor."
        )


class SecretTooOld(AccountError):
    """The page that showed a new secret was open for too long, or in another account."""

    def __init__(self) -> None:
        super().__init__(
            "This page was open for more than an hour. Scan the new code, then confirm that one."
        )


class SecondFactorOn(AccountError):
    """The account has a second factor; a new one would lock out the app that holds the old."""

    def __init__(self) -> None:
        super().__init__("Your second factor is on already. Turn it off first to use another app.")


class NoSecondFactor(AccountError):
    """The account has none."""

    def __init__(self) -> None:
        super().__init__("This account has no second factor.")


class WrongCode(AccountError):
    """The code is not the app's of this moment, or it was used."""

    def __init__(self) -> None:
        super().__init__(
            "This code is not right, or it was used already. Wait for the next one of your app; "
            "if that is refused too, check the clock of your phone."
        )
