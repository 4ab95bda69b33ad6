"""What keeps something from being written on Shopify: stable codes, each with a sentence."""

WORDS = {
    "shop_frozen": "The shop is frozen (402). Its owner has to pay Shopify.",
    "shop_forbidden": "Shopify forbids us the shop (403).",
    "shop_gone": "There is no shop at this address (404).",
    "shop_locked": "The shop is locked (423).",
    "token_refused": "Shopify refuses our credentials. The app may have been uninstalled.",
    "missing_scope": "The app lacks a scope that is needed: `doctor` names it.",
    "shopify_unreachable": "Shopify did not answer.",
    "shopify_unavailable": "Shopify answered with an error of its own.",
    "shopify_throttled": "The shop's rate limit was used up.",
    "shopify_contended": "Somebody else writes on the order against us.",
    "shopify_user_error": "Shopify refuses what is written on the order.",
    "hold_refused": "Shopify does not let the order's fulfilment be held back, or let go.",
    "shopify_refused": "Shopify refuses the request.",
    "internal_error": "An error of our own; the log has it.",
}


def explain(code: str) -> str:
    """The sentence of a code; one of a newer version gets a general sentence instead of an error."""
    return WORDS.get(code, "It could not be written on Shopify.")
