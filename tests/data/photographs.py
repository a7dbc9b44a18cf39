"""Real photographs, from packages of this machine's system; nothing of them is shipped.

On Debian: apt-get install --no-install-recommends tuxpaint-stamps-default gnome-backgrounds
mate-backgrounds. Without them these sets are not there.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from tests.data.common import EvaluationSet, rng_of
from tests.data.scenes import regions_of, view_of

STAMPS = Path("/usr/share/tuxpaint/stamps")
BACKGROUNDS = Path("/usr/share/backgrounds")
DRAWN = ("mirror", "flip", "cartoon", "alphabets", "symbols", "flags")
PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
FEWEST_OF_A_KIND = 4
STAMP_SIDE, WALLPAPER_SIDE, SMALLEST_WALLPAPER = 320, 1000, 300
STAMP_COLOURS, WALLPAPER_COLOURS = 500, 2500  # a photograph has more, a drawing fewer


def has_stamps() -> bool:
    """Say whether the stamps are installed."""
    return STAMPS.is_dir()


def has_wallpapers() -> bool:
    """Say whether wallpapers are installed."""
    return next(_pictures(BACKGROUNDS), None) is not None


def stamps(seed: int = 0, most: int = 12, share: float = 0.4) -> EvaluationSet:
    """Give photographs of things by what they are, as Tux Paint sorts them: birds, fruit, shoes.

    At most `most` of a kind; so large a share of the kinds is held out.
    """
    kinds = _kinds()
    r = rng_of(seed, 911)
    names = sorted(name for name, images in kinds.items() if len(images) >= FEWEST_OF_A_KIND)
    names = [names[i] for i in r.permutation(len(names))]
    images: list[Image.Image] = []
    categories: list[str] = []
    for name in names:
        for one in r.permutation(len(kinds[name]))[:most]:
            images.append(kinds[name][one])
            categories.append(name)
    unseen = np.isin(categories, names[: int(share * len(names))])
    return EvaluationSet(images, {"category": categories}, unseen)


def wallpapers(
    seed: int = 0, regions: int = 4, views: int = 5, share: float = 0.4
) -> EvaluationSet:
    """Give views of regions of photographs; so large a share of the photographs is held out."""
    found = _wallpapers()
    names = sorted(found)
    names = [names[i] for i in rng_of(seed, 921).permutation(len(names))]
    images: list[Image.Image] = []
    places: list[str] = []
    for number, name in enumerate(names):
        for place, region in enumerate(regions_of(found[name], regions, rng_of(seed, 922, number))):
            for view in range(views):
                images.append(view_of(found[name], region, rng_of(seed, 923, number, place, view)))
                places.append(f"{name}/{place}")
    photos = [place.split("/")[0] for place in places]
    unseen = np.isin(photos, names[: int(share * len(names))])
    return EvaluationSet(images, {"region": places, "photo": photos}, unseen)


@cache  # reading them takes seconds, and no seed changes what there is
def _kinds() -> dict[str, list[Image.Image]]:
    """Read the photographs among the stamps, by what they are."""
    kinds: dict[str, list[Image.Image]] = {}
    for path in _pictures(STAMPS):
        if path.suffix != ".png" or _is_drawn(path):
            continue
        with Image.open(path) as image:
            if _is_photograph(image):
                image.thumbnail((STAMP_SIDE, STAMP_SIDE))
                kinds.setdefault(str(path.parent.relative_to(STAMPS)), []).append(_on_white(image))
    return kinds


def _pictures(folder: Path) -> Iterator[Path]:
    return iter(sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES))


def _is_drawn(path: Path) -> bool:
    return any(word in str(path) for word in DRAWN)


def _is_photograph(image: Image.Image) -> bool:
    """Tell a photograph by its many colours, where it is not transparent."""
    pixels = np.asarray(image.convert("RGBA"))
    shown = pixels[pixels[..., 3] > 200][:, :3]
    looked_at = shown[:: max(1, len(shown) // 4000)]
    return len(shown) > 400 and len(np.unique(looked_at, axis=0)) > STAMP_COLOURS


def _on_white(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    white = Image.new("RGB", image.size, (255, 255, 255))
    white.paste(image, mask=image.split()[3])
    return white


@cache
def _wallpapers() -> dict[str, Image.Image]:
    found: dict[str, Image.Image] = {}
    for path in _pictures(BACKGROUNDS):
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        image.thumbnail((WALLPAPER_SIDE, WALLPAPER_SIDE))
        colours = np.unique(np.asarray(image)[::7, ::7].reshape(-1, 3), axis=0)
        if min(image.size) > SMALLEST_WALLPAPER and len(colours) > WALLPAPER_COLOURS:
            found[path.stem] = image
    return found
