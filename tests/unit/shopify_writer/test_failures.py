"""When an order, and when a whole shop, is tried again."""

from printworks_common.shopify.refusals import WORDS
from printworks_shopify_writer.failures import (
    NO_ANSWER,
    SHOP_REFUSALS,
    SILENCE,
    ShopHealth,
    Waits,
)

WAITS = Waits(spread=lambda: 0.5)


def test_an_answer_that_did_not_come_is_asked_for_again_soon_and_then_seldom() -> None:
    soon = [WAITS.order("shopify_unreachable", tries) for tries in range(12)]
    assert soon == [0.5, 1, 2, 4, 8, 15, 15, 15, 15, 15, 15, 15]
    assert [WAITS.order("shopify_unreachable", tries) for tries in (12, 13, 99)] == [900, 3600, 86400]


def test_a_refused_order_is_tried_seldom() -> None:
    assert [WAITS.order("shopify_user_error", tries) for tries in (0, 1, 2, 9)] == [900, 3600, 21600, 86400]


def test_what_shopify_asks_for_counts() -> None:
    assert WAITS.order("shopify_throttled", 5, 7.0) == 7.0


def test_what_failed_together_is_not_tried_together() -> None:
    assert Waits(spread=lambda: 0.0).order("shopify_unavailable", 1) == 0.5
    assert Waits(spread=lambda: 1.0).order("shopify_unavailable", 1) == 1.5


def test_every_code_has_its_words() -> None:
    assert WORDS.keys() > (SHOP_REFUSALS | NO_ANSWER)


class TestAShop:
    def test_a_refusal_stops_it_then_one_order_tries(self) -> None:
        health = ShopHealth(WAITS)
        health.failed("shop_frozen", 0.0)
        assert [health.slots(8, now) for now in (1.0, 29.0, 31.0)] == [0, 0, 1]
        health.answered()
        assert health.slots(8, 31.0) == 8

    def test_each_pause_is_longer_than_the_one_before(self) -> None:
        health = ShopHealth(WAITS)
        now, pauses = 0.0, []
        for _ in range(5):
            health.failed("token_refused", now)
            began = now
            while health.slots(8, now) == 0:
                now += 10.0
            pauses.append(now - began)
        assert pauses == [30.0, 60.0, 300.0, 900.0, 900.0]

    def test_tries_that_were_under_way_make_no_pause_longer(self) -> None:
        health = ShopHealth(WAITS)
        for _ in range(8):
            health.failed("shop_frozen", 0.0)
        assert health.slots(8, 31.0) == 1

    def test_some_answers_missing_are_no_reason_to_stop(self) -> None:
        health = ShopHealth(WAITS)
        for _ in range(10):
            for _ in range(SILENCE - 1):
                health.failed("shopify_unavailable", 0.0)
            health.answered()
        assert health.slots(8, 0.1) == 8

    def test_silence_is_one(self) -> None:
        health = ShopHealth(WAITS)
        for _ in range(SILENCE):
            health.failed("shopify_unreachable", 0.0)
        assert (health.slots(8, 0.5), health.slots(8, 1.5)) == (0, 1)
