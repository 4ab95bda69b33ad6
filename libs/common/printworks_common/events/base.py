"""What all event models share: field types of the wire, strictness, and the topic they travel on."""

from typing import Annotated, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

ShopifyId = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,20}$")]
"""A 64-bit Shopify id as a decimal string: JSON numbers above 2^53 are rounded by many readers."""

ShopDomain = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*\.myshopify\.com$", max_length=255)]

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

Moment = AwareDatetime


class EventPart(BaseModel):
    """A piece of an event. Consumers ignore fields they do not know, so that a newer producer does no harm."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(EventPart):
    """Data of one event type. `type_name` is the CloudEvents `type`, `topic` where it is published."""

    type_name: ClassVar[str]
    topic: ClassVar[str]

    shop: ShopDomain = Field(description="The Shopify store, `example.myshopify.com`.")

    def key(self) -> str:
        """Kafka key. Records with the same key are handled in order."""
        raise NotImplementedError(f"{type(self).__name__} does not say its key")

    def subject(self) -> str:
        """CloudEvents subject: what the event is about."""
        return self.key()


class OrderScopedEvent(Event):
    """An event about one order: keyed `shop/order`."""

    order_id: ShopifyId = Field(description="Shopify's order id, a decimal string.")

    def key(self) -> str:
        return f"{self.shop}/{self.order_id}"
