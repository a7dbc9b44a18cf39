import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dashboard.engine.preprocess import letterbox, upright


def noise(width, height, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def test_a_square_of_the_right_size_stays_as_it_is():
    image = noise(128, 128)

    assert (letterbox(image) == np.asarray(image)).all()


def test_a_wide_picture_gets_bars_in_the_mean_colour_of_its_border():
    image = Image.new("RGB", (256, 128), (10, 20, 30))
    image.paste((200, 0, 0), (64, 32, 192, 96))  # touches no border

    square = letterbox(image)

    assert square.shape == (128, 128, 3)
    assert (square[:32] == (10, 20, 30)).all()
    assert (square[96:] == (10, 20, 30)).all()
    assert (square[60, 64] == (200, 0, 0)).all()


def test_a_part_of_a_picture_is_what_a_letterbox_of_its_middle_gives():
    image = noise(320, 192)

    square, cropped = letterbox(image, 224, 7 / 8), letterbox(image.crop((20, 12, 300, 180)), 224)

    # A pixel of its border is scaled with its neighbours outside the part.
    assert (square[50:174, 5:-5] == cropped[50:174, 5:-5]).all()
    assert (square[:40] == square[0, 0]).all()


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 400), st.integers(1, 400), st.sampled_from([(128, 1.0), (224, 7 / 8)]))
def test_any_shape_becomes_the_same_square(width, height, asked):
    size, kept = asked
    square = letterbox(Image.new("RGB", (width, height), (7, 8, 9)), size, kept)

    assert square.shape == (size, size, 3)
    assert (square == (7, 8, 9)).all()


def test_equal_pixels_give_equal_squares_whatever_the_file():
    image = noise(200, 90)
    squares = []
    for kind in ("PNG", "BMP", "TIFF"):
        file = io.BytesIO()
        image.save(file, kind)
        squares.append(letterbox(Image.open(file)))

    assert all((square == letterbox(image)).all() for square in squares)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_cameras_orientation_is_followed(orientation):
    image = noise(40, 20)
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    turned = image.transpose(undo[orientation]) if orientation in undo else image
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    turned.save(file, "PNG", exif=exif)

    assert (np.asarray(upright(Image.open(file))) == np.asarray(image)).all()


def test_transparency_shows_white_paper():
    image = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    image.putpixel((1, 1), (255, 0, 0, 255))

    pixels = np.asarray(upright(image))

    assert (pixels[0, 0] == (255, 255, 255)).all()
    assert (pixels[1, 1] == (255, 0, 0)).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "CMYK", "YCbCr", "HSV", "I", "F"])
def test_every_mode_becomes_rgb(mode):
    assert upright(Image.new(mode, (5, 3))).mode == "RGB"


def test_sixteen_bits_are_scaled_and_not_cut_off():
    deep = Image.fromarray(np.array([[0, 32768, 65535]], np.uint16))

    assert np.asarray(upright(deep))[0, :, 0].tolist() == [0, 127, 255]
