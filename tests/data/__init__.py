"""Seeded sets of pictures to judge the engine by: drawn, photographed and scanned.

The groups under `held_out` share nothing with the others: train on the others, then let every
held-out picture look for its like among the held-out ones. Nothing here serves to build the
engine's prior, and nothing that draws the prior serves here.
"""
