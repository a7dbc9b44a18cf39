"""A user's own encoder: any ONNX graph that turns one image into numbers."""
