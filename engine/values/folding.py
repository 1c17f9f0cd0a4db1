"""Texts without what makes no difference where case does not: RFC 4518 §2.2 and §2.3."""

import unicodedata


def folded(text: str) -> str:
    """Give the form in which texts are equal that differ in case, or in how Unicode writes the same letter.

    Folded twice, for what is no letter of the alphabet may be one in another form: a mathematical `𝛢` is `Α`, is `α`.
    """
    if text.isascii():
        return text.lower()
    once = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFKC", once.casefold())
