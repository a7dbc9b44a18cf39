"""Compute similarity: images become features, and groups become a head that distinguishes them.

A library of its own: no web framework, no queue, no database; arrays in, arrays out, progress by
callback. `encoder.Encoder` turns images into features, `training.fit` turns features in groups into
a `TrainedModel`, `artifacts` stores it, `index.ExactIndex` searches its descriptors.
"""
