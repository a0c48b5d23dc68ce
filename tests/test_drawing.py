"Drawings of codes and of votes that no training has seen: always whole, within the picture, and the same twice"
import re
import xml.etree.ElementTree as ET
import numpy as np
import pytest
from emoji_sqam.checks import MOST_NUMBER
from emoji_sqam.drawing import Drawer, count_shapes
from emoji_sqam.images import rasterise
from emoji_sqam.layout import MOST_SHAPES, paint_outlines, paint_shapes

RNG = np.random.default_rng(0)
CODES = np.concatenate([RNG.normal(size=(20, 16)), 4*RNG.normal(size=(10, 16)), np.zeros((1, 16)),
                        MOST_NUMBER*RNG.uniform(-1, 1, (2, 16))])  # the most that is taken


@pytest.fixture(scope='module')
def drawer(): return Drawer.from_pretrained()


def check(svg):
    "Well-formed, of finite numbers, and nothing of it outside of the picture"
    ET.fromstring(svg)
    assert not re.search('nan|inf|href|<image', svg)
    outside = rasterise(svg.replace('viewBox="0 0 36 36"', 'viewBox="-12 -12 60 60"'), 120, 0)[..., 3]
    outside[23:97, 23:97] = 0
    assert not outside.any()


@pytest.mark.parametrize('snap', [True, False])
def test_any_code_is_drawn(drawer, snap):
    svgs = drawer.svg(CODES, snap)
    for svg in svgs: check(svg)
    assert svgs == drawer.svg(CODES, snap)
    if snap: assert max(map(count_shapes, svgs)) <= MOST_SHAPES


def votes_of(labels, k): return np.eye(k, dtype='float32')[labels]*.9 + .1/k


@pytest.mark.parametrize('name', ['one pixel', 'all', 'none', 'noise', 'even', 'ring', 'stripes'])
def test_any_vote_is_drawn(drawer, name):
    y, x = np.mgrid[:36, :36]
    k, distance = len(drawer.palette), np.hypot(x-17.5, y-17.5)
    labels = {'one pixel': (x == 5) & (y == 5), 'all': 0*x+1, 'none': 0*x, 'noise': RNG.integers(0, k, (36, 36)), 'even': 0*x,
              'ring': (distance < 16) & (distance > 8), 'stripes': 1+x % 2}[name].astype(int)
    votes = np.full((36, 36, k), 1/k, 'float32') if name == 'even' else votes_of(labels, k)
    for svg in (paint_shapes(votes, drawer.shapes, drawer.palette), paint_outlines(votes, drawer.palette)): check(svg)


def test_what_is_open_stays_open(drawer):
    "Through a ring one sees the ground, whichever shape takes its place"
    y, x = np.mgrid[:36, :36]
    distance = np.hypot(x-17.5, y-17.5)
    votes = votes_of(((distance < 16) & (distance > 8)).astype(int), len(drawer.palette))
    for svg in (paint_shapes(votes, drawer.shapes, drawer.palette), paint_outlines(votes, drawer.palette)):
        picture = rasterise(svg, 72, 0)
        assert picture[36, 36, 3] == 0 and picture[36, 12, 3] == 255


def test_a_code_alone_is_drawn_as_among_others(drawer):
    assert drawer.svg(CODES[:1]) == drawer.svg(CODES[:7])[:1]
