"""Describe every call of the API, for people and programs.

`<sub-room>/<noun>.py` has a table from path to method to `Call`, and the shapes that
`api/shapes.py` writes. To document a new call, add a row there; a new noun's table is also listed
in `table.py`.

`tests/api/test_schema.py` fails for a call without a row, and compares real responses with them.
"""
