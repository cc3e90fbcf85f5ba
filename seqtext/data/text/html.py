"""What crawled texts carry of HTML, entities and tags, made into what was meant. Knows characters, no data set."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

# A "<" before anything else than the name of a tag is one of mathematics, or of a person's.
_NAMES = (
    "a|abbr|b|big|blockquote|body|br|center|cite|code|dd|del|div|dl|dt|em|font|form|h[1-6]|head|hr|html|i|img|input|ins|li|link|meta|ol|"
    "option|p|pre|q|s|script|select|small|span|strike|strong|style|sub|sup|table|tbody|td|th|thead|title|tr|tt|u|ul"
)
_TAG = re.compile(rf"</?(?:{_NAMES})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
# Some crawlers lose the "&", or make a blank of it: " #39;" and " quot;".
_LOST = re.compile(r" ?(?<![\w&#])(#[0-9]{2,5}|amp|apos|gt|hellip|ldquo|lsquo|lt|mdash|nbsp|ndash|quot|rdquo|rsquo);")
_MOST_ROUNDS = 8  # of entities made of entities


def clean_html(text: str) -> str:
    """The text without tags, with characters for entities, also where their "&" was lost; applying it twice is applying it once."""
    if ";" not in text and "<" not in text:
        return text
    return _until_it_stays(lambda text: _LOST.sub(_character, _until_it_stays(_without_tags, text)), text)


def _without_tags(text: str) -> str:
    return _TAG.sub("", _ENTITY.sub(lambda found: html.unescape(found[0]), text))


def _until_it_stays(change: Callable[[str], str], text: str) -> str:
    for _ in range(_MOST_ROUNDS):
        text, before = change(text), text
        if text == before:
            break
    return text


def _character(found: re.Match[str]) -> str:
    """What an entity without its "&" stands for; itself if it is no character that one can read."""
    meant = html.unescape(f"&{found[1]};")
    return meant if meant.isprintable() or meant == "\xa0" else found[0]
