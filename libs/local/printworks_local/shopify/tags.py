"""Rules for tags: a comma splits, letters' case does not tell two tags apart, 40 characters at most."""

from collections.abc import Iterable

MAX_TAG_LENGTH = 40
MAX_TAGS = 250


def split_tags(texts: Iterable[str]) -> list[str]:
    """Single tags out of texts that may hold several, separated by commas; blanks dropped."""
    return [part.strip() for text in texts for part in text.split(",") if part.strip()]


def add_tags(present: list[str], texts: Iterable[str]) -> list[str]:
    """The tags after adding, sorted as Shopify returns them; one that is there in other letters' case stays so."""
    known = {tag.casefold() for tag in present}
    tags = list(present)
    for tag in split_tags(texts):
        if tag.casefold() not in known:
            known.add(tag.casefold())
            tags.append(tag)
    return sort_tags(tags)


def remove_tags(present: list[str], texts: Iterable[str]) -> list[str]:
    gone = {tag.casefold() for tag in split_tags(texts)}
    return [tag for tag in present if tag.casefold() not in gone]


def sort_tags(tags: Iterable[str]) -> list[str]:
    return sorted(tags, key=lambda tag: (tag.casefold(), tag))


def tag_errors(present: list[str], texts: Iterable[str]) -> list[str]:
    """Why Shopify would refuse to add these tags; empty when it would not."""
    errors = [
        f"Tag '{tag[:MAX_TAG_LENGTH]}…' is too long (maximum is {MAX_TAG_LENGTH} characters)"
        for tag in split_tags(texts)
        if len(tag) > MAX_TAG_LENGTH
    ]
    if len(add_tags(present, texts)) > MAX_TAGS:
        errors.append(f"Tags can't be more than {MAX_TAGS}")
    return errors
