"""Texts without what makes no difference where case does not: RFC 4518 §2.2 and §2.3."""

import unicodedata

from anyascii import anyascii


def folded(text: str) -> str:
    """Give the form in which texts are equal that differ in case, or in how Unicode writes the same letter.

    Folded twice, for what is no letter of the alphabet may be one in another form: a mathematical `𝛢` is `Α`, is `α`.
    """
    if text.isascii():
        return text.lower()
    once = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFKC", once.casefold())


def normalised(value: object, ignore: frozenset[str]) -> str:
    """Give the form of a value in which what makes no difference is gone: case, spaces, accents."""
    text = str(value).strip()
    if "accents" in ignore:
        text = anyascii(text)
    if "case" in ignore:
        text = folded(text)
    if "spaces" in ignore:
        text = "".join(text.split())
    return text
