"""Write ZIP archives as old and unusual packers do: names are bytes in any code page."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable


class _Raw(zipfile.ZipInfo):
    """An entry whose name is written unchanged."""

    raw, flag = b"", 0

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802
        return self.raw, self.flag


def raw_zip(
    entries: Iterable[tuple[bytes, bytes]],
    *,
    is_utf8: bool = False,
    system: int = 0,
    paths: Iterable[bytes] = (),
) -> bytes:
    """Return a ZIP of names and contents; `paths` are Unicode path extras, one for each name."""
    entries, stream = list(entries), io.BytesIO()
    extras = [unicode_path(raw, path) for (raw, _), path in zip(entries, paths, strict=False)]
    with zipfile.ZipFile(stream, "w") as archive:
        for place, (raw, data) in enumerate(entries):
            info = _Raw(f"{place}")
            info.raw, info.flag = raw, 0x800 if is_utf8 else 0
            info.create_system = system
            info.extra = extras[place] if place < len(extras) else b""
            archive.writestr(info, data)
    return stream.getvalue()


def unicode_path(raw: bytes, path: bytes) -> bytes:
    """Return Info-ZIP's extra field that gives a raw name in UTF-8."""
    return struct.pack("<HHBI", 0x7075, 5 + len(path), 1, zlib.crc32(raw)) + path
