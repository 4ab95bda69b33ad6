"""Tags as Shopify keeps them."""

from printworks_local.shopify.tags import add_tags, remove_tags, tag_errors


def test_tags_come_back_sorted_and_a_comma_splits() -> None:
    assert add_tags(["zebra"], ["beta, Alpha"]) == ["Alpha", "beta", "zebra"]


def test_a_tag_in_other_letters_case_is_the_same_tag() -> None:
    assert add_tags(["VIP"], ["vip"]) == ["VIP"]
    assert remove_tags(["VIP", "other"], ["vip"]) == ["other"]


def test_a_tag_of_more_than_40_characters_is_refused() -> None:
    assert tag_errors([], ["x" * 40]) == []
    assert tag_errors([], ["x" * 41])
