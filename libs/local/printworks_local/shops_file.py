"""The shops of a run: those of a given file, or one shop of the demo behind the stand-in."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from printworks_common.shopify.shops import Shop, ShopsFileError, load_shops

from printworks_local.shopify.state import AppConfig, ShopConfig
from printworks_local.stack import StackError

DEMO_DOMAIN = "printworks-demo.myshopify.com"
CLIENT_ID = "printworks"


@dataclass(frozen=True, slots=True)
class RunningShop:
    """A shop and the key of its jobs-api, as `.printworks/stack.json` lists it."""

    domain: str
    client_secret: str
    admin_api_url: str
    api_key: str


def given_shops(path: Path) -> list[Shop]:
    """The shops of a file that somebody gave. Raises StackError that says what is wrong with it."""
    try:
        shops = list(load_shops(path).values())
    except ShopsFileError as error:
        raise StackError(str(error), code=error.code) from error
    if not shops:
        raise StackError(f"The shops file {path} names no shop.", code="shops_file")
    return shops


def demo_shop() -> ShopConfig:
    """A shop of the stand-in with a secret of this run."""
    return ShopConfig(domain=DEMO_DOMAIN, apps=[AppConfig(client_id=CLIENT_ID, client_secret=secrets.token_hex(16))])


def served_by(shop: ShopConfig, admin_api_url: str) -> Shop:
    """How the services reach a shop of the stand-in: by the client credentials grant, as a new custom app does."""
    app = shop.apps[0]
    return Shop.model_validate(
        {
            "domain": shop.domain,
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "admin_api_url": admin_api_url,
            "plan": shop.plan,
        }
    )


def write_shops(path: Path, shops: list[Shop]) -> None:
    """The file that the services read; readable by its owner only, since it holds secrets."""
    rows = [
        {
            "domain": shop.domain,
            "client_id": shop.client_id,
            "client_secret": shop.client_secret.get_secret_value(),
            "previous_client_secret": shop.previous_client_secret and shop.previous_client_secret.get_secret_value(),
            "access_token": shop.access_token and shop.access_token.get_secret_value(),
            "admin_api_url": shop.admin_api_url,
            "plan": shop.plan,
        }
        for shop in shops
    ]
    path.touch(mode=0o600)
    path.write_text(json.dumps([{k: v for k, v in row.items() if v is not None} for row in rows], indent=2))
