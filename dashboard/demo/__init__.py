"""Draw the demo's products: inks and shapes on a canvas, before a backdrop."""
