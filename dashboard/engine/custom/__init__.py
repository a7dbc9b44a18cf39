"""Support users' own encoders: any ONNX graph that turns one image into numbers."""
