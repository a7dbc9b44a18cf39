"""Base64 in bodies is read by a quick library: what it takes is what Python itself takes."""

import base64
import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.api.fields import decode_base64


@given(st.binary(max_size=200))
def test_it_works(data: bytes) -> None:
    written = base64.b64encode(data).decode()
    lines = "\r\n".join(written[at : at + 76] for at in range(0, len(written), 76))
    for sent in (written, f"data:image/png;base64,{written}", lines, f" {written}\n"):
        assert decode_base64(sent) == data


@given(st.text("AZaz09+/=-_ \né", max_size=12))
def test_what_python_refuses_is_refused_and_nothing_else(sent: str) -> None:
    try:
        expected = base64.b64decode("".join(sent.split()), validate=True)
    except (binascii.Error, ValueError):
        with pytest.raises(ValueError, match=r"\S"):
            decode_base64(sent)
    else:
        assert decode_base64(sent) == expected


@pytest.mark.parametrize("sent", [None, 7, b"AAAA", ["AAAA"]])
def test_what_is_no_text_is_refused(sent: object) -> None:
    with pytest.raises(ValueError, match="no text"):
        decode_base64(sent)
