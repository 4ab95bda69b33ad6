"""One simulated world: the orders of one number in two shops at most, from first webhook to the end of their files."""

from datetime import datetime, time, timedelta
from uuid import UUID

from printworks_common import ids
from printworks_common.events.artwork import OrderArtworkChanged, PrintJobChanged
from printworks_common.events.base import Event
from printworks_common.events.control import (
    CommandIssued,
    CommandKind,
    ReplacementInput,
    RetentionBegun,
    RetentionPurged,
)
from printworks_common.events.envelope import OutgoingRecord, encode
from printworks_common.events.orders import OrderReceived, OrderTouched
from printworks_common.events.print_jobs import OrderSnapshot
from printworks_common.events.rendering import DeliveryRequested, RenderRequested
from printworks_common.kafka.record import Model as Decoded
from printworks_common.kafka.record import Record
from printworks_render.coordinator.intake import OPEN
from printworks_render.coordinator.snapshots import order_snapshot

from tests.simulator import codec
from tests.simulator.bucket import SimulatedBucket
from tests.simulator.coordinator import LINKS, Coordinator
from tests.simulator.lane import Lane
from tests.simulator.model import RETENTION_DAYS, Model
from tests.simulator.pictures import Fate, PictureServers, address, digest
from tests.simulator.rendering import Deliverers, Workers
from tests.simulator.retention import Retention
from tests.simulator.shopify import PREFIX, OrderOnShopify, SimulatedAdmin
from tests.simulator.story import LATER_MAPPED, MAPPED, TEMPLATE, Shopper, template
from tests.simulator.world import START, Pause, PromiseBrokenError, Weather, World
from tests.simulator.writer import SimulatedWriter

READ_BY_NOBODY = frozenset({PrintJobChanged.type_name, OrderArtworkChanged.type_name})
"""Events for merchants' own systems."""

SHOPS = ("one.myshopify.com", "two.myshopify.com")
DAY = 86_400.0
QUIET_SECONDS = 14 * DAY
"""Retries of the writer wait for a day at most."""

CHANGES = (0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 4, 10)
"""How often people do something to an order."""

OWN_STORAGE = {
    "endpoint": "https://s3.example",
    "region": "eu-central-1",
    "bucket": "own",
    "addressing": "path",
    "access_key": "simulated",
    "secret_key": {"key_id": "one", "nonce": "AA==", "ciphertext": "AA=="},
    "path_template": "{order_id}/{file_name}",
    "active": True,
}


class ReadOnce(Record):
    """A record that many read and that is decoded once: events are immutable."""

    @classmethod
    def published(cls, outgoing: OutgoingRecord) -> "ReadOnce":
        """As the constructor makes it; that of a frozen class takes ten times as long."""
        record = cls.__new__(cls)
        vars(record).update(vars(outgoing), partition=0, offset=0, timestamp=0)
        return record

    def decode(self, model: type[Decoded]) -> Decoded:
        found = self.__dict__.get("read")
        if not isinstance(found, model):
            found = self.__dict__["read"] = codec.read(model, self.value)
        return found


class SimulatedOrder:
    """One order: what happens to it, its lanes, and what must hold of it."""

    def __init__(self, world: World, shop: str, order_id: str, town: "Town") -> None:
        self.world = world
        self.shopper = Shopper(world, shop, order_id)
        self.truth = self.shopper.truth
        self.prefix = f"orders/{self.truth.created_at:%Y-%m-%d}/{shop}/{order_id}/"
        self.model = Model(world, self.truth, town.bucket)
        self.on_shopify = OrderOnShopify()
        intake = town.coordinator.intake.handle
        self.orders = Lane(world, "orders", intake)
        self.results = Lane(world, "results", intake)
        self.commands = Lane(world, "commands", town.commanded)
        self.closing = Lane(world, "retention of the coordinator", intake)
        self.to_writer = Lane(world, "snapshots of the writer", town.writer.intake.keep)
        self.to_retention = Lane(world, "snapshots of retention", town.retention.ledger.keep)
        self.renders: dict[str, Lane[Record]] = {}
        self.deliveries = Lane(world, "deliveries", town.deliver)


class Town:
    """Everything that there is."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.bucket = SimulatedBucket(world)
        self.servers = PictureServers(world)
        self.coordinator = Coordinator(world, self.bucket, self.servers, self.publish)
        self.tables = self.coordinator.tables
        self.admins = {shop: SimulatedAdmin(world, shop) for shop in SHOPS}
        self.writer = SimulatedWriter(world, self.admins)
        self.retention = Retention(world, self.bucket, self.publish)
        self.workers = Workers(world, self.bucket, self.tell, self.servers)
        self.deliverers = Deliverers(world, self.bucket, self.tell)
        self.orders: dict[str, SimulatedOrder] = {}
        self._told = 0
        self.tables.saved = lambda order: self.orders[ids.order_key(order.shop, order.order_id)].model.committed(order)
        self.bucket.may_go = lambda key: self.orders["/".join(key.split("/")[2:4])].model.may_go(key)
        for shop in SHOPS:
            self.tables.catalog[shop] = self._catalog()

    def _catalog(self) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = [
            {"kind": "template", "entry_id": TEMPLATE, "version": 1, "body": template()},
            {"kind": "mapping", "entry_id": "photo", "version": 1, "body": {"sku": MAPPED, "template_id": TEMPLATE}},
        ]
        if self.world.chance(0.25):
            rows.append({"kind": "storage", "entry_id": "default", "version": 1, "body": OWN_STORAGE})
        return rows

    def close(self) -> None:
        """Let go of everything. Its parts know each other, so that nothing of them would go by itself."""
        self.world.close()
        for part in (self, self.tables, self.coordinator, self.writer, self.writer.tables, self.retention.tables):
            vars(part).clear()

    def open(self, shop: str, order_id: str) -> SimulatedOrder:
        order = SimulatedOrder(self.world, shop, order_id, self)
        self.orders[ids.order_key(shop, order_id)] = order
        self.admins[shop].orders[order_id] = order.on_shopify
        return order

    def known_to_retention(self) -> list[SimulatedOrder]:
        rows = self.retention.tables.rows
        return [one for one in self.orders.values() if (one.truth.shop, int(one.truth.order_id)) in rows]

    # ------------------------------------------------------------------ Kafka

    def tell(self, event: Event) -> None:
        """Publish an event of a role that is simulated as a whole."""
        self._told += 1
        event_id = ids.event_id("simulated", self._told)
        self.publish(encode(event, event_id=event_id, source="simulated", time=self.world.now()))

    def publish(self, outgoing: OutgoingRecord) -> None:
        """Hand a record to everyone who reads its topic."""
        kind = outgoing.headers["ce_type"]
        if kind in READ_BY_NOBODY:
            self.world.happened["public event"] += 1
            return
        record = ReadOnce.published(outgoing)
        match kind:
            case RenderRequested.type_name:
                self._to_worker(record)
            case OrderSnapshot.type_name:
                order = self.orders[record.key]
                order.model.told(record.event_id, record.decode(OrderSnapshot))
                order.to_writer.publish(record)
                order.to_retention.publish(record)
            case DeliveryRequested.type_name:
                self.orders[record.key].deliveries.publish(record)
            case OrderTouched.type_name:
                self.world.tell("read again", record.key)
                self.world.spawn(self.reread(self.orders[record.key], "same_second"), "reread", after=1.0)
            case OrderReceived.type_name:
                self.orders[record.key].orders.publish(record)
            case CommandIssued.type_name:
                self.orders[record.key].commands.publish(record)
            case RetentionBegun.type_name | RetentionPurged.type_name:
                self.orders[record.key].closing.publish(record)
            case _ if record.topic == "printworks.render-results.v1":
                self.orders[record.key].results.publish(record)
            case _:
                self.world.happened["public event"] += 1

    def _to_worker(self, record: Record) -> None:
        request = record.decode(RenderRequested)
        order = self.orders[ids.order_key(request.shop, request.order_id)]
        lane = order.renders.get(record.key)
        if lane is None:
            lane = order.renders[record.key] = Lane(self.world, "render requests", self._render)
        lane.publish(record)

    async def _render(self, record: Record) -> None:
        await self.workers.render(record.decode(RenderRequested))

    async def deliver(self, record: Record) -> None:
        await self.deliverers.deliver(record.decode(DeliveryRequested))

    async def reread(self, order: SimulatedOrder, cause: str) -> None:
        """The reconciler reads an order: it tells what is true at this moment."""
        self.tell(order.truth.body(cause, from_api=True))

    async def commanded(self, record: Record) -> None:
        """The coordinator takes a command. One that fits a job's state has had its effect when this returns."""
        command = record.decode(CommandIssued)
        fits = self._is_open(command.job_id)
        first = f"command/{command.command_id}" not in self.tables.seen
        await self.coordinator.intake.handle(record)
        if not fits or not first:
            return
        model = self.orders[record.key].model
        if command.kind == CommandKind.CANCEL:
            if self._is_open(command.job_id):
                self.world.broken(f"{command.job_id} was to be cancelled, and goes on")
            self.world.tell("command taken", f"cancel {command.job_id}")
            model.stopped.add(command.job_id)
        elif command.kind == CommandKind.REPLACE_INPUT:
            self.world.tell("command taken", f"replace {command.job_id}")
            model.replaced.add(command.job_id)

    def _is_open(self, job_id: UUID) -> bool:
        row = self.tables.jobs.get(job_id)
        return row is not None and row.status in OPEN


class People:
    """Customers, merchants and other apps: what they do to one order, by chance."""

    def __init__(self, town: Town, order: SimulatedOrder) -> None:
        self._town = town
        self._order = order
        self._world = town.world

    async def live(self, changes: int) -> None:
        """The order from its creation to a last look of the sweep."""
        world, order = self._world, self._order
        order.on_shopify.tags |= {"vip"}
        order.on_shopify.others_tags |= {"vip"}
        if world.chance(0.3):
            note = ("gift note", "For you")
            order.on_shopify.attributes.append(note)
            order.on_shopify.others_attributes.append(note)
        paid_after = world.random.choice((0, 0, 1, None))
        if paid_after == 0:
            order.shopper.pay()
        await self.webhook("orders/create")
        if paid_after == 1:
            await Pause(world.random.choice((1.0, 30.0, DAY)))
            order.shopper.pay()
            await self.webhook("orders/paid")
        for _ in range(changes):
            await Pause(world.random.choice((0.0, 0.3, 2.0, 20.0, 600.0)))
            await self.act()
        await Pause(world.random.choice((1.0, 60.0)))
        world.tell("sweep")
        await self._town.reread(order, "sweep")

    async def act(self) -> None:
        """Something that somebody does."""
        world = self._world
        roll = world.random.random()
        if roll < 0.5:
            self._order.shopper.change()
            await self.webhook("orders/updated")
        elif roll < 0.8:
            await self.command()
        elif roll < 0.92:
            self.other_app()
        elif roll < 0.96:
            self._new_template()
        elif not self._order.model.later_mapped:
            await self._map_later()

    async def webhook(self, topic: str) -> None:
        """May be lost, late, doubled; an edit may come as a word to read the order again."""
        world, order = self._world, self._order
        if order.truth.cancelled_at is not None and world.chance(0.2):
            self._later(order.shopper.resurrected())
        roll = world.random.random()
        if roll < 0.1:
            world.tell("webhook lost", topic)
        elif roll < 0.2:
            world.tell("webhook without the order", topic)
            world.spawn(self._town.reread(order, "edited"), "reread", after=world.random.uniform(0.0, 30.0))
        else:
            body = order.truth.body(topic)
            self._later(body)
            if world.chance(0.15):
                world.tell("webhook doubled", topic)
                self._later(body)

    def _later(self, body: OrderReceived) -> None:
        async def arrives() -> None:
            self._world.tell("webhook", f"{body.cause} of {body.updated_at:%H:%M:%S}")
            self._town.tell(body)

        delay = self._world.random.choice((0.0, 0.0, 0.0, 0.5, 5.0, 120.0))
        self._world.spawn(arrives(), "webhook", after=delay)

    async def command(self) -> None:
        """A person asks something of a print job."""
        world, order = self._world, self._order
        line = world.random.choice(order.truth.lines)
        job_id = ids.job_id(order.truth.shop, order.truth.order_id, line.line_item_id)
        kinds = (
            CommandKind.RETRY,
            CommandKind.RETRY,
            CommandKind.RERENDER,
            CommandKind.CANCEL,
            CommandKind.REPLACE_INPUT,
        )
        kind = world.random.choice(kinds)
        replacement: ReplacementInput | None = None
        if kind is CommandKind.REPLACE_INPUT:
            url = address(order.prefix, world.random.randint(50, 99), Fate.GOOD)
            sha256 = digest(url)
            self._town.servers.known[sha256] = url
            key = f"{order.prefix}{job_id}/inputs/{sha256}"
            self._town.bucket.objects[key] = sha256
            order.model.replacements.setdefault(job_id, set()).add(sha256)
            replacement = ReplacementInput(input_id="photo:photo", key=key, sha256=sha256, bytes=1000)
        elif kind is CommandKind.CANCEL:
            order.model.cancels.add(job_id)
        world.tell("command", f"{kind} {job_id}")
        command = CommandIssued(
            shop=order.truth.shop,
            order_id=order.truth.order_id,
            command_id=UUID(int=world.random.getrandbits(128)),
            job_id=job_id,
            kind=kind,
            replacement=replacement,
            issued_by="key_1",
            issued_at=world.now(),
        )
        self._town.tell(command)
        if world.chance(0.1):
            world.tell("command doubled")
            self._town.tell(command)

    def other_app(self) -> None:
        """Tags of its own, or ours: what is ours is put right again."""
        world, shopify = self._world, self._order.on_shopify
        what = world.random.choice(
            ("tags", "untags ours", "tags ours", "overwrites the metafield", "deletes the files")
        )
        world.tell(f"another app {what}")
        match what:
            case "tags":
                shopify.another_app_tags(f"app-{world.random.randint(1, 99)}")
            case "untags ours":
                shopify.tags -= shopify.ours
            case "tags ours":
                shopify.tags.add(f"{PREFIX}{world.random.choice(('pending', 'ready', 'failed'))}")
            case "overwrites the metafield":
                shopify.metafields["artwork_status"] = "something", self._town.admins[self._order.truth.shop].digest()
            case _:
                shopify.metafields.pop("artwork_files", None)

    def _new_template(self) -> None:
        """Template versions grow; what is rendered anew takes the newest."""
        self._world.tell("template saved")
        rows = self._town.tables.catalog[self._order.truth.shop]
        rows[0] = {**rows[0], "version": int(str(rows[0]["version"])) + 1}

    async def _map_later(self) -> None:
        """A product gets its mapping, and the shop's orders are read again."""
        shop = self._order.truth.shop
        self._world.tell("product mapped", shop)
        body = {"sku": LATER_MAPPED, "template_id": TEMPLATE}
        self._town.tables.catalog[shop].append({"kind": "mapping", "entry_id": "later", "version": 1, "body": body})
        self._order.model.later_mapped = True
        await self._town.reread(self._order, "mapping_added")


def simulate(seed: str, *, telling: bool = False, weather: Weather | None = None, encoded: bool | None = None) -> World:
    """Live through one world. Raises PromiseBrokenError; the world is in its `world`.

    `encoded`: whether everything is encoded and decoded for real; None: as it is this seed's turn.
    """
    world = World.of(seed, telling=telling, weather=weather)
    town = Town(world)
    try:
        with codec.writing(encoded=codec.encodes(seed) if encoded is None else encoded):
            _live_through(town)
    except PromiseBrokenError as error:
        error.args = (f"{error} (seed {seed})", world)
        raise
    finally:
        town.close()
    return world


def _live_through(town: Town) -> None:
    world = town.world
    order_id = str(world.random.choice((1001, 9_007_199_254_740_993)))
    for shop in SHOPS[: world.random.choice((1, 1, 1, 2))]:
        order = town.open(shop, order_id)
        changes = world.random.choice(CHANGES)
        world.spawn(People(town, order).live(changes), "people")
    world.run_to_the_end(QUIET_SECONDS)
    settle(town)
    if world.chance(0.2):
        _grow_old(town)


def settle(town: Town) -> None:
    """Nothing happens any more: what others have changed on Shopify is put right, and everything is as it must be."""
    for _ in range(2):
        town.writer.sweep()
        town.world.run_to_the_end(QUIET_SECONDS)
    for order in town.orders.values():
        known = town.tables.order(order.truth.shop, order.truth.order_id)
        order.model.ended(known)
        if known is not None and known.version > 0:
            listed = order_snapshot(known, LINKS, town.world.now()).artwork_files
            order.model.on_shopify(known, order.on_shopify, listed)
    town.world.happened["order"] += len(town.orders)


def _grow_old(town: Town) -> None:
    """The day of the orders comes, perhaps later than was said at first, perhaps with a hold."""
    world, retention = town.world, town.retention.tables
    for order in town.orders.values():
        if world.chance(0.3):
            world.tell("longer period", order.truth.shop)
            retention.periods[order.truth.shop] = order.model.days = RETENTION_DAYS + 30
    dated = [(retention.last_day((one.truth.shop, int(one.truth.order_id))), one) for one in town.known_to_retention()]
    for last, order in sorted(((day, one) for day, one in dated if day is not None), key=lambda one: one[0]):
        row = retention.rows[order.truth.shop, int(order.truth.order_id)]
        if row.purging_at is None and world.chance(0.2):
            world.tell("hold", order.truth.shop)
            retention.held.add(order.truth.shop)
            _move(world, datetime.combine(last + timedelta(days=2), time(0, 10), START.tzinfo))
            _purge(town)
            if row.purging_at is not None:
                world.broken("an order was marked although it is held")
            retention.held.clear()
        elif row.purging_at is None:
            _move(world, datetime.combine(last, time(23, 50), START.tzinfo))
            _purge(town)
            if row.purging_at is not None and world.now().date() == last:
                world.broken(f"an order was marked on {last}, which is its last day")
        _move(world, datetime.combine(world.now().date() + timedelta(days=1), time(0, 10), START.tzinfo))
        _purge(town)
        _closed(town, order)


def _move(world: World, moment: datetime) -> None:
    world.run(max(world.seconds, (moment - START).total_seconds()))


def _purge(town: Town) -> None:
    """Runs, each of which may be killed, until one comes to its end; the coordinator hears of them in between."""
    for _ in range(200):
        done = town.retention.run()
        town.world.run_to_the_end(DAY)
        if done:
            return
    town.world.broken("no purge comes to its end")


def _closed(town: Town, order: SimulatedOrder) -> None:
    """The order's files are gone, and nothing brings it back."""
    world = town.world
    world.happened["order purged"] += 1
    for again in (False, True):
        known = town.tables.order(order.truth.shop, order.truth.order_id)
        if known is None:
            return
        order.model.purged(known)
        if not again:
            order.shopper.change()
            town.tell(order.truth.body("orders/updated"))
            world.run_to_the_end(QUIET_SECONDS)
