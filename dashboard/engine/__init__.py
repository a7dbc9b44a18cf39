"""Likeness: pictures become numbers, groups become a head that tells them apart.

A library of its own: no web framework, no queue, no database; arrays in, arrays out, progress
by callback. `encoder.Encoder` turns pictures into features, `training.fit` turns features in
groups into a `TrainedModel`, `artifacts` keeps it, `index.ExactIndex` searches its descriptors.
"""
