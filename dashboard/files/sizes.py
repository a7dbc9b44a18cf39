"""Sizes as people read them, the same everywhere: `static/js/words.js` has the browser's."""

UNITS = ("bytes", "KB", "MB", "GB", "TB")  # by thousands


def readable_size(size: int) -> str:
    """Return a size in bytes with at most one decimal from a megabyte on.

    >>> [readable_size(size) for size in (1, 999, 12_345, 20_000_000, 1_073_741_824)]
    ['1 byte', '999 bytes', '12 KB', '20 MB', '1.1 GB']
    """
    if size == 1:
        return "1 byte"
    unit, value = 0, float(size)
    # A value that rounds to 1,000 of a unit is 1 of the next.
    while unit < len(UNITS) - 1 and round(value, 0 if unit < 2 else 1) >= 1000:
        unit, value = unit + 1, value / 1000
    return f"{value:.{0 if unit < 2 else 1}f}".removesuffix(".0") + f" {UNITS[unit]}"
