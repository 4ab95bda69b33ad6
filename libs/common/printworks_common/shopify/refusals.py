"""What keeps something from being written on Shopify: stable codes, each with a sentence that merchants read too."""

WORDS = {
    "shop_frozen": "The shop is frozen (402). Its owner has to pay Shopify.",
    "shop_forbidden": "Shopify does not let Printworks into the shop (403).",
    "shop_gone": "There is no shop at this address (404).",
    "shop_locked": "The shop is locked (423).",
    "token_refused": "Shopify refuses the credentials of Printworks. The app may have been uninstalled.",
    "missing_scope": "The app lacks a scope that is needed; the operator finds its name with `doctor`.",
    "shopify_unreachable": "Shopify did not answer.",
    "shopify_unavailable": "Shopify answered with an error of its own.",
    "shopify_throttled": "The shop's rate limit was used up.",
    "shopify_contended": "Another app changes the order again and again.",
    "shopify_user_error": "Shopify refuses what is written on the order.",
    "hold_refused": "Shopify does not let the order's fulfilment be held back, or let go.",
    "shopify_refused": "Shopify refuses the request.",
    "internal_error": "An error of Printworks itself; the operator finds it in the log.",
}


def explain(code: str) -> str:
    """The sentence of a code; one of a newer version gets a general sentence instead of an error."""
    return WORDS.get(code, "It could not be written on Shopify.")
