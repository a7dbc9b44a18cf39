"""What every call of the API takes and answers, for people and for programs.

`<sub-room>/<noun>.py` holds a table from path to method to `Call`, and the shapes that
`api/shapes.py` writes. To document a new call, add a row there; a new noun's table is also named
in `table.py`.
`tests/api/test_schema.py` fails for a call without a row, and holds real answers against them.
"""
