"""How the shipped encoder is made: ``python -m dashboard.engine.build``.

Needs onnx, which the product itself does not.
"""
