"""Define why a file, an archive or a URL is refused.

Each error has `reason`, a sentence for people (what happened, what to do next), and its data as
attributes. The HTTP status is defined by `dashboard/refusals.py`.
"""

from dashboard.files.sizes import readable_size

ACCEPTED_FORMATS = "JPEG, PNG, WebP, GIF, TIFF, BMP and HEIC"


class FileRefused(Exception):
    """The base class of all refusals of files."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnreadableImage(FileRefused):
    """The bytes are not a complete image."""

    def __init__(
        self,
        reason: str = "The image is damaged or incomplete. Save it again and upload the new file.",
    ) -> None:
        super().__init__(reason)


class UnknownFormat(UnreadableImage):
    """The bytes are not of a supported format."""

    def __init__(self) -> None:
        super().__init__(
            f"This is not a supported image. Supported formats are {ACCEPTED_FORMATS}."
        )


class EndMissing(UnreadableImage):
    """The bytes end before the image does."""

    def __init__(self) -> None:
        super().__init__(
            "The end of the image is missing: the file is truncated. Upload the whole file."
        )


class CameraRaw(UnreadableImage):
    """The bytes are raw data of a camera's sensor, with at most a preview that can be read."""

    def __init__(self) -> None:
        super().__init__("This is a raw file of a camera. Export it as JPEG or TIFF.")


class OtherFormat(FileRefused):
    """The file is of a known kind that is not supported."""


class ImageTooLarge(FileRefused):
    """The file has too many bytes; `size` is None if reading stopped at the limit."""

    def __init__(self, limit: int, size: int | None = None) -> None:
        has = f"has {readable_size(size)}" if size is not None else "is larger"
        super().__init__(
            f"The file {has}; the limit is {readable_size(limit)}. Upload a smaller file."
        )
        self.limit, self.size = limit, size


class TooManyPixels(FileRefused):
    """The image has more pixels than the limit, according to its header."""

    def __init__(
        self,
        limit: int,
        width: int | None = None,
        height: int | None = None,
        pixels: int | None = None,
    ) -> None:
        has = "The image has too many pixels"
        if width and height:
            has = f"The image has {width} × {height} pixels"
        elif pixels:
            has = f"The image has too many pixels, {pixels / 1e6:,.0f} million"
        super().__init__(
            f"{has}; the limit is {limit / 1e6:g} million. Scale it down and upload it again."
        )
        self.limit, self.width, self.height = limit, width, height


class SideTooLong(TooManyPixels):
    """The image is longer or wider than the limit for one side."""

    def __init__(self, most: int, width: int, height: int) -> None:
        super().__init__(most, width, height)
        self.reason = (
            f"The image has {width} × {height} pixels; the limit for one side is {most:,}. Cut it "
            "into parts and upload those."
        )
        self.args = (self.reason,)


class TooHeavy(TooManyPixels):
    """The number of pixels is within the limit, but decoding the format needs too much memory."""

    def __init__(self, need: int, width: int, height: int) -> None:
        super().__init__(width * height, width, height)
        self.reason = (
            f"The image has {width} × {height} pixels in a format that needs "
            f"{readable_size(need)} of memory to decode. Save it as JPEG, or scale it down, and "
            "upload that."
        )
        self.args = (self.reason,)


class DecodersBusy(Exception):
    """Other images have used all memory for decoding for too long."""


class UnsafePath(FileRefused):
    """A name would lead out of its folder."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The file name {name[:80]!r} cannot be used. Rename the file and upload it again."
        )
        self.name = name


class BrokenArchive(FileRefused):
    """The archive as a whole cannot be read."""

    def __init__(self) -> None:
        super().__init__(
            "The archive is damaged or incomplete. Pack it again and upload the new file."
        )


class PackedFile(BrokenArchive):
    """The file is a single compressed file, not an archive."""

    def __init__(self) -> None:
        super().__init__()
        self.reason = (
            "This is a single compressed file, not an archive. Decompress it and upload the result."
        )
        self.args = (self.reason,)


class EmptyArchive(FileRefused):
    """The archive contains nothing that can be imported."""

    def __init__(self) -> None:
        super().__init__(
            "The archive contains nothing that can be imported. Pack the files into it and upload "
            "it again."
        )


class ArchiveTooLarge(FileRefused):
    """The archive contains more than the limits."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The archive contains {what}. Split it and upload the parts separately.")
        self.what = what


class ArchiveSuspicious(FileRefused):
    """A member unpacks to far more than images do."""

    def __init__(self, name: str, ratio: int) -> None:
        super().__init__(
            f"{name[:80]!r} unpacks to over {ratio} times its size, which no image does. Remove "
            "it from the archive."
        )
        self.name, self.ratio = name, ratio


class UnreadableMember(FileRefused):
    """One member of an archive cannot be read; the others can."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name


class ForbiddenAddress(FileRefused):
    """The URL is one that this server does not open."""

    def __init__(self, reason: str, *, url: str) -> None:
        super().__init__(reason)
        self.url = url


class BrokenManifest(FileRefused):
    """A manifest or a list of URLs cannot be read as a whole."""


class AddressFailed(FileRefused):
    """The URL did not return a file; `status` is the HTTP status of its response, if any."""

    PASSING = (None, 408, 425, 429, 500, 502, 503, 504)

    def __init__(self, reason: str, *, url: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.url, self.status = url, status

    @property
    def may_pass(self) -> bool:
        """Return whether a retry may succeed."""
        return self.status in self.PASSING


class AddressTooSlow(AddressFailed):
    """The URL took too long."""

    def __init__(self, url: str, seconds: float) -> None:
        super().__init__(
            f"The URL did not deliver the file within {seconds:g} seconds. Try again later.",
            url=url,
        )
        self.seconds = seconds


class StorageAway(OSError):
    """The storage is unavailable or refuses access; the message contains no key."""


class DiskLow(Exception):
    """The free disk space is below the reserve; nothing was begun."""

    def __init__(self, free: int, reserve: int) -> None:
        super().__init__(
            f"This server has {readable_size(free)} of disk space left and keeps "
            f"{readable_size(reserve)} free, so nothing more is accepted and nothing was changed. "
            "Delete what you no longer need, or free disk space, then try again."
        )
        self.free, self.reserve = free, reserve


class BrokenTransfer(FileRefused):
    """An archive of a workspace is inconsistent with its own manifest or rows."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The archive is damaged or was changed: {what}. Nothing was imported. Export the "
            "workspace again and upload the new file."
        )
        self.what = what


class ForeignTransfer(FileRefused):
    """The file is not an archive of a workspace, or its format is newer than this program."""


class EncoderAbsent(FileRefused, LookupError):
    """Data needs a registered encoder that this server does not have."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"This needs the encoder {key}, which is not registered on this server. Ask your "
            "administrator to register its ONNX file; then try again."
        )
        self.key = key
