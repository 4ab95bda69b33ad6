"""The customers' picture server: pictures with bytes of their own."""

import io

import httpx
import pytest
from PIL import Image
from printworks_local.pictures import PictureServer, own_picture, photographs


def test_whose_picture_it_is_changes_its_bytes_and_not_its_pixels() -> None:
    plain = photographs()[0].read_bytes()
    with PictureServer() as server:
        address = server.put("cat.jpg", plain)
        served = {address} | {own_picture(address, line) for line in (1, 2)}
        contents = {one: httpx.get(one).content for one in served}
        assert contents == {one: server.served(one) for one in served}
    assert contents[address] == plain
    assert len(set(contents.values())) == len(served)
    assert len({Image.open(io.BytesIO(one)).tobytes() for one in contents.values()}) == 1


def test_nothing_is_served_under_an_address_where_nothing_was_put() -> None:
    with PictureServer() as server, pytest.raises(KeyError):
        server.served(own_picture(server.url("cat.jpg"), 1))
