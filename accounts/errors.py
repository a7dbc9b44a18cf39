"""What can go wrong with people, workspaces and keys; pages and API turn each into a sentence."""


class AccountError(Exception):
    """A refusal of this room; `str(error)` is one sentence for people."""


class AlreadySetUp(AccountError):
    """The program has its first owner, so the set-up link is spent."""

    def __init__(self) -> None:
        super().__init__("This installation is set up already. Sign in instead.")


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


class NoSuchToken(AccountError):
    """No token that still works answers to that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no working token named “{name}”.")
        self.name = name


class NotAMember(AccountError):
    """The user has no membership in the workspace."""

    def __init__(self) -> None:
        super().__init__("You are not a member of that workspace.")
