from dashboard.files import limits
from dashboard.files.sizes import readable_size


def test_it_works(settings):
    settings.LIKEWISE_MAX_IMAGE = 1000
    settings.LIKEWISE_MAX_PIXELS = 2000
    settings.LIKEWISE_FETCH_MAX = 3000
    settings.LIKEWISE_FETCH_TIMEOUT = 4
    settings.LIKEWISE_FETCH_PRIVATE = ["10.0.0.0/8"]
    settings.LIKEWISE_MAX_UPLOAD = 5000
    assert limits.configured_image_limits() == limits.ImageLimits(1000, 2000)
    assert limits.configured_archive_limits().member_size == 1000
    fetching = limits.configured_fetch_limits()
    assert (fetching.size, fetching.seconds) == (3000, 4)
    assert fetching.allowed_networks == ("10.0.0.0/8",)


def test_more_pixels_than_pillow_may_decode_are_never_taken(settings):
    settings.LIKEWISE_MAX_PIXELS = 10**12
    assert limits.configured_image_limits().pixels == limits.MOST_PIXELS


def test_sizes_are_readable():
    sizes = {
        0: "0 bytes",
        999: "999 bytes",
        12_000: "12 KB",
        1_500_000: "1.5 MB",
        20_000_000: "20 MB",
    }
    assert {size: readable_size(size) for size in sizes} == sizes
