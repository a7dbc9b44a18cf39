"""Build the shipped encoder: ``python -m dashboard.engine.build``.

Needs onnx, which the product itself does not.
"""
