"""What counts and shares are in words, whoever says them: the server and the browser."""

COUNTED = [
    ((0, "image"), "0 images"),
    ((1, "image"), "1 image"),
    ((2, "image"), "2 images"),
    ((1, "box", "boxes"), "1 box"),
    ((12000, "box", "boxes"), "12,000 boxes"),
    ((1, "image is", "images are"), "1 image is"),
    ((1234567, "image is", "images are"), "1,234,567 images are"),
]
PERCENT = [
    ((0, 420), 0),
    ((1, 420), 0),
    ((313, 420), 74),
    ((419, 420), 99),
    ((999_999, 1_000_000), 99),
    ((0.9999, 1), 99),
    ((420, 420), 100),
    ((421, 420), 100),
    ((0, 0), 100),
]
