"""HTML that crawled texts carry: what is meant stays, and texts that hold none of it stay as they are."""

from __future__ import annotations

import pytest

from seqtext.data.text.html import clean_html
from seqtext.data.text.normaliser import Normaliser

CLEANED = {
    "Iraq #39;s oil at  #36;50": "Iraq's oil at $50",
    "he said  quot;no quot; twice": 'he said "no" twice',
    "Smith  amp; Sons, AT amp;T": "Smith & Sons, AT&T",
    "&lt;b&gt;Oil&lt;/b&gt; rose": "Oil rose",
    "<B>Oil</b> <br/>rose<br>": "Oil rose",
    'see <A HREF="http://x.org/?a=1&amp;b=2">here</A>.': "see here.",
    " lt;p gt;a lt;/p gt;": "a",
    "&amp;amp;lt;i&amp;amp;gt;deep&amp;lt;/i&amp;gt;": "deep",
    "caf&eacute; &#8212; &#x20AC;5": "café — €5",
    "#39;tis": "'tis",
}
KEPT = [
    "a < b and c > d",
    "if x <y> z",
    "<3 you;",
    "R&D; and AT&T",
    "&nosuch;",
    "rule #1; rule #22",
    "C#; F#;",
    "stop; amplify; wait",
    "item#39;s",
    "#10;",
    "",
]


@pytest.mark.parametrize("text", CLEANED)
def test_entities_and_tags_become_what_was_meant(text):
    assert clean_html(text) == CLEANED[text]
    assert clean_html(CLEANED[text]) == CLEANED[text]


@pytest.mark.parametrize("text", KEPT)
def test_what_is_no_html_stays(text):
    assert clean_html(text) == text


def test_the_normaliser_cleans_before_it_folds():
    normaliser = Normaliser(clean="html")
    assert normaliser("a&nbsp;b  <br> c #39;s") == "a b c's"
    assert Normaliser()("a &lt; #36;") == "a &lt; #36;"
