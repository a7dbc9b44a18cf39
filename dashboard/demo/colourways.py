"""Define the colourways of the demo's products: a name and three colours, main one first."""

from dataclasses import dataclass

import numpy as np

from dashboard.demo.inks import rgb
from dashboard.demo.shapes import Floats


@dataclass(frozen=True, eq=False)
class Colourway:
    """Its full name, the word in the names of its products, and its colours (3, 3) in 0..1."""

    name: str
    word: str
    colours: Floats


_TABLE = """
Harbour blue & sand | harbour | 2f5d8a e3cfa4 f6f1e4
Terracotta & cream | terracotta | c2603f f3e6d0 7a3b2a
Sage & oat | sage | 8fa684 eadfc8 5c7355
Mustard & charcoal | mustard | e0a526 3a3a40 f4e9cf
Blush & burgundy | blush | edb7b0 7c2138 f8e4dc
Midnight & brass | midnight | 1f2a4a c79a3b e9dfc7
Forest & copper | forest | 23503b b9673b e8d9bd
Coral & mint | coral | f4745f a9dcc3 fff3e2
Lavender & plum | lavender | b6a3d8 5b2c63 efe7f6
Cobalt & tangerine | cobalt | 2347b8 f58a2c f7f0e3
Cherry & snow | cherry | c9202f f7f5f2 3b1a1e
Lemon & sky | lemon | f6dc57 8cc4ea fffdf0
Olive & rust | olive | 77793a b0492a e9ddbb
Teal & peach | teal | 1d7a7c f7b893 fff0e0
Fuchsia & orange | fuchsia | d2307f f79a3e fce7df
Graphite & lime | graphite | 45494e b9d53c e9ece4
Chocolate & pink | chocolate | 54352a f0a3b4 f7e6dc
Ink & ivory | ink | 23252e f4eedd 8a8d96
Turquoise & red | turquoise | 35b5b0 d9412f f8f1e0
Rose & moss | rose | d98293 66713f f6e9df
Denim & tan | denim | 4f6d94 b98552 ece3d3
Aubergine & saffron | aubergine | 47274f f0b030 efe2d6
Emerald & gold | emerald | 0f7b52 e3b84a f5edd8
Ice & navy | ice | bfdde8 22356b fafbfb
Apricot & stone | apricot | f3b47e 9c968b f7efe4
Lilac & pistachio | lilac | c9a6e0 bfd68a faf6ee
"""


def _read(line: str) -> Colourway:
    name, word, codes = (part.strip() for part in line.split("|"))
    return Colourway(name, word, np.stack([rgb(code) for code in codes.split()]))


COLOURWAYS = tuple(_read(line) for line in _TABLE.strip().splitlines())
