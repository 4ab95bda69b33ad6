"""Colour differences agree with the published formula, and the fast forms with the exact one."""

import numpy as np
import pytest
from printworks_render.engine import colour

# L1 a1 b1 L2 a2 b2 and the difference: table 1 of Sharma, Wu and Dalal (2005), all 34 pairs.
PUBLISHED = """
50.0000 2.6772 -79.7751 50.0000 0.0000 -82.7485 2.0425
50.0000 3.1571 -77.2803 50.0000 0.0000 -82.7485 2.8615
50.0000 2.8361 -74.0200 50.0000 0.0000 -82.7485 3.4412
50.0000 -1.3802 -84.2814 50.0000 0.0000 -82.7485 1.0000
50.0000 -1.1848 -84.8006 50.0000 0.0000 -82.7485 1.0000
50.0000 -0.9009 -85.5211 50.0000 0.0000 -82.7485 1.0000
50.0000 0.0000 0.0000 50.0000 -1.0000 2.0000 2.3669
50.0000 -1.0000 2.0000 50.0000 0.0000 0.0000 2.3669
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0009 7.1792
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0010 7.1792
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0011 7.2195
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0012 7.2195
50.0000 -0.0010 2.4900 50.0000 0.0009 -2.4900 4.8045
50.0000 -0.0010 2.4900 50.0000 0.0010 -2.4900 4.8045
50.0000 -0.0010 2.4900 50.0000 0.0011 -2.4900 4.7461
50.0000 2.5000 0.0000 50.0000 0.0000 -2.5000 4.3065
50.0000 2.5000 0.0000 73.0000 25.0000 -18.0000 27.1492
50.0000 2.5000 0.0000 61.0000 -5.0000 29.0000 22.8977
50.0000 2.5000 0.0000 56.0000 -27.0000 -3.0000 31.9030
50.0000 2.5000 0.0000 58.0000 24.0000 15.0000 19.4535
50.0000 2.5000 0.0000 50.0000 3.1736 0.5854 1.0000
50.0000 2.5000 0.0000 50.0000 3.2972 0.0000 1.0000
50.0000 2.5000 0.0000 50.0000 1.8634 0.5757 1.0000
50.0000 2.5000 0.0000 50.0000 3.2592 0.3350 1.0000
60.2574 -34.0099 36.2677 60.4626 -34.1751 39.4387 1.2644
63.0109 -31.0961 -5.8663 62.8187 -29.7946 -4.0864 1.2630
61.2901 3.7196 -5.3901 61.4292 2.2480 -4.9620 1.8731
35.0831 -44.1164 3.7933 35.0232 -40.0716 1.5901 1.8645
22.7233 20.0904 -46.6940 23.0331 14.9730 -42.5619 2.0373
36.4612 47.8580 18.3852 36.2715 50.5065 21.2231 1.4146
90.8027 -2.0831 1.4410 91.1528 -1.6435 0.0447 1.4441
90.9257 -0.5406 -0.9208 88.6381 -0.8985 -0.7239 1.5381
6.7747 -0.2908 -2.4247 5.8714 -0.0985 -2.2286 0.6377
2.0776 0.0795 -1.1350 0.9033 -0.0636 -0.5514 0.9082
"""
TABLE = np.array([[float(value) for value in line.split()] for line in PUBLISHED.strip().splitlines()])


def _lab_of_random_srgb(count: int, seed: int) -> np.ndarray:
    return colour.srgb_to_lab(np.random.default_rng(seed).integers(0, 256, (count, 3)).astype(np.uint8))


def test_ciede2000_gives_the_published_difference_of_all_34_pairs_in_both_directions() -> None:
    assert len(TABLE) == 34
    forth = colour.ciede2000(TABLE[:, :3], TABLE[:, 3:6])
    back = colour.ciede2000(TABLE[:, 3:6], TABLE[:, :3])
    np.testing.assert_allclose(forth, TABLE[:, 6], atol=5e-5)
    np.testing.assert_allclose(back, TABLE[:, 6], atol=5e-5)


def test_the_fast_forms_agree_with_the_exact_one_for_random_colours() -> None:
    rows, columns = _lab_of_random_srgb(2000, 1), _lab_of_random_srgb(150, 2)
    exact = colour.ciede2000(rows[:, None, :], columns[None, :, :])
    np.testing.assert_allclose(colour.ciede2000_matrix(rows, columns), exact, atol=2e-3, rtol=2e-3)
    pairs = colour.ciede2000_pairs(rows[:150], columns)
    np.testing.assert_allclose(pairs, colour.ciede2000(rows[:150], columns), atol=2e-3, rtol=2e-3)


def test_the_fast_form_agrees_for_greys_and_for_near_and_equal_colours() -> None:
    greys = colour.srgb_to_lab(np.repeat(np.arange(0, 256, 5, dtype=np.uint8)[:, None], 3, axis=1))
    rows = np.concatenate([greys, _lab_of_random_srgb(100, 3)])
    rows = np.concatenate([rows, rows + np.array([0.2, -0.3, 0.1])])
    exact = colour.ciede2000(rows[:, None, :], rows[None, :, :])
    np.testing.assert_allclose(colour.ciede2000_matrix(rows, rows), exact, atol=2e-3, rtol=2e-3)


def test_every_srgb_colour_survives_the_way_to_lab_and_back() -> None:
    steps = np.arange(0, 256, 15, dtype=np.uint8)
    rgb = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    np.testing.assert_array_equal(colour.lab_to_srgb(colour.srgb_to_lab(rgb)), rgb)


def test_white_black_and_primary_red_have_their_known_lab_values() -> None:
    lab = colour.srgb_to_lab(np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0]], dtype=np.uint8))
    np.testing.assert_allclose(lab, [[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20]], atol=0.02)


def test_contrast_of_black_on_white_is_21_and_of_equal_colours_1() -> None:
    white, black = np.array([255, 255, 255], dtype=np.uint8), np.zeros(3, dtype=np.uint8)
    assert colour.contrast_ratio(white, black) == pytest.approx(21.0)
    assert colour.contrast_ratio(white, white) == pytest.approx(1.0)


@pytest.mark.parametrize("text", ["#12345", "12345g", "", "#1234567", "＃123456"])
def test_a_text_that_is_no_hex_colour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="RRGGBB"):
        colour.hex_to_rgb(text)


def test_hex_colours_are_read_with_and_without_the_hash() -> None:
    assert colour.hex_to_rgb("#0aFf10") == colour.hex_to_rgb("0AFF10") == (10, 255, 16)
