"""Draw bodies of revolution: a profile turned about an upright axis."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.demo.canvas import Canvas, Finish, Patch, padded
from dashboard.demo.inks import Ink, plain
from dashboard.demo.shapes import Floats, arc, curve, ellipse

_ROWS = 400  # entries of the table of radii


@dataclass(frozen=True, eq=False)
class Turned:
    """A body of revolution about x = `axis`, its radii (_ROWS,) from `top` down to `bottom`."""

    radii: Floats
    top: float
    bottom: float
    axis: float = 0.0

    @classmethod
    def through(cls, *points: Sequence[float], axis: float = 0.0, sharp: bool = False) -> "Turned":
        """Make a body from (radius, height), top to bottom; the profile is smooth or `sharp`."""
        line = np.asarray(points, np.float64) if sharp else curve(points, steps=50)
        # A spline may overshoot and turn back; a table of radii needs increasing heights.
        heights = np.maximum.accumulate(line[:, 1])
        rows = np.linspace(heights[0], heights[-1], _ROWS)
        radii = np.interp(rows, heights, line[:, 0]).astype(np.float32)
        return cls(radii.clip(0.01), float(rows[0]), float(rows[-1]), axis)

    def outline(self, above: float) -> Floats:
        """Return the outline seen from slightly above, from the far rim to the near foot."""
        heights = np.linspace(self.top, self.bottom, 60)
        radii = self.radii[np.linspace(0, _ROWS - 1, 60).astype(int)]
        right = np.stack([self.axis + radii, heights], axis=1)
        left = np.stack([self.axis - radii, heights], axis=1)[::-1]
        return np.concatenate(
            [right, self.ring(-1, above, 0, 180), left, self.ring(0, above, 180, 360)]
        )

    def ring(self, row: int, above: float, start: float = 0, end: float = 351) -> Floats:
        """Return the ring at a row of the table, or an arc of it, as it is seen."""
        radius = float(self.radii[row])
        height = self.top if row == 0 else self.bottom
        return arc((self.axis, height), (radius, radius * above), start, end)

    def finish(self, ink: Ink, canvas: Canvas, *, gloss: float = 0.0) -> Finish:
        """Return the finish of an ink around the body: x of the ink is the angle, y the height."""
        above, turn = np.float32(canvas.pose.above), np.float32(canvas.pose.turn)

        def lit(patch: Patch) -> Floats:
            x = patch.x - np.float32(self.axis)
            radius = self._lookup(self.radii, patch.y)
            # Twice: the height at which a ring is seen depends on the radius, and the radius on the
            # height.
            across = (x / radius).clip(-1, 1)
            height = patch.y - above * radius * np.sqrt(1 - across**2)
            radius = self._lookup(self.radii, height)
            across = (x / radius).clip(-0.999, 0.999)
            colours = ink(np.arcsin(across) + turn, height)
            bright, shine = self._shading(across, height, patch.light)
            return colours * bright[..., None] + gloss * shine[..., None]

        return lit

    def _shading(self, across: Floats, height: Floats, light: Floats) -> tuple[Floats, Floats]:
        slopes = np.gradient(self.radii, (self.bottom - self.top) / (_ROWS - 1))
        slope = self._lookup(slopes.clip(-3, 3).astype(np.float32), height)
        length = np.sqrt(1 + slope**2)
        towards = np.sqrt(1 - across**2)
        facing = (across * light[0] - slope * light[1] + towards * light[2]) / length
        half = light + np.array([0, 0, 1], np.float32)
        half /= np.linalg.norm(half)
        mirror = (across * half[0] - slope * half[1] + towards * half[2]) / length
        return 0.5 + 0.52 * facing.clip(-0.35, 1), mirror.clip(0, 1) ** 40

    def _lookup(self, table: Floats, height: Floats) -> Floats:
        rows = (height - self.top) * np.float32((_ROWS - 1) / (self.bottom - self.top))
        found: Floats = table[rows.clip(0, _ROWS - 1).astype(np.intp)]
        return found


def draw_turned(canvas: Canvas, body: Turned, ink: Ink, *, gloss: float = 0.0) -> None:
    """Draw a closed body."""
    canvas.area(body.outline(canvas.pose.above), body.finish(ink, canvas, gloss=gloss))


def draw_opening(
    canvas: Canvas, body: Turned, rim: Floats, inside: Floats, drink: Floats | None = None
) -> None:
    """Draw the open top of a body: its rim, the wall inside, and its contents."""
    above, radius = canvas.pose.above, float(body.radii[0])
    middle = (body.axis, body.top)
    canvas.area(ellipse(middle, (radius, radius * above)), padded(plain(rim * 1.06), 0.3, 6))
    inner = radius * 0.9
    canvas.area(ellipse(middle, (inner, inner * above)), padded(plain(inside * 0.78), -0.5, 14))
    if drink is not None:
        low = (body.axis, body.top + 0.35 * radius * above)
        size = (inner * 0.9, inner * 0.6 * above)
        canvas.area(ellipse(low, size), padded(plain(drink), 0.2, 6))
