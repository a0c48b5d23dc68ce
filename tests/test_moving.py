"""Figures that move, in a real browser: still until they are touched, then drawn as Python draws; usable by pointer, touch and keyboard"""
import json
import numpy as np, pytest
from emoji_sqam.data import load_emojis
from emoji_sqam.generation import compose, interpolate_codes
from emoji_sqam.images import rasterise
from test_site import SITE, address, browser, pytestmark  # fixtures, and when to skip
from test_try_it import opened, watched

PAGES = {'walk': 'generation.html', 'grid': 'generation.html', 'sliders': 'vae.html'}


@pytest.fixture
def open_page(browser, address):
    "A function that opens a page of the site; what it loads is noted, and in the end nothing may have gone wrong"
    opened_pages = []
    def open_it(name, **options):
        page, trouble, hosts = watched(browser, **options)
        page.loaded = []
        page.on('request', lambda request: page.loaded.append(request.url.rsplit('/', 1)[1]))
        page.goto(f'{address}/{name}', wait_until='networkidle')
        opened_pages.append((page, trouble, hosts))
        return page
    yield open_it
    for page, trouble, hosts in opened_pages:
        page.close()
        assert trouble == [] and hosts == {address.split('/')[2]}


def drawn(page, name, before=None):
    "The code that a figure shows, and its drawing, once it is another one than `before`"
    figure = f'moving-{name}'
    page.wait_for_function('''([id, old]) => { const code = document.getElementById(id).dataset.drawn;
        return code && code !== JSON.stringify(old); }''', arg=[figure, before], timeout=60_000)
    return page.evaluate('''id => { const figure = document.getElementById(id), { src } = figure.querySelector('.moving-drawing');
        return [JSON.parse(figure.dataset.drawn), decodeURIComponent(src.split(',').slice(1).join(','))]; }''', figure)


def is_pythons(answerer, svg, code):
    "Where an outline is simplified between two nearly equal points, the page may take the other: it is invisible, so pixels are compared"
    ours = answerer.drawer.svg([code], snap=False)[0]
    return np.abs(rasterise(svg, 216, 0).astype(int) - rasterise(ours, 216, 0)).mean() < .2  # of 255; a hundredth of a walk is 1


def code_of(answerer, char): return answerer.codes[answerer.slugs.index(load_emojis().slugs[load_emojis().index(char)])]


# ---- Still, until it is touched

@pytest.mark.parametrize('javascript', [True, False])
@pytest.mark.parametrize('name', PAGES)
def test_a_figure_stands_still_until_it_is_touched(open_page, answerer, name, javascript):
    page = open_page(PAGES[name], java_script_enabled=javascript)
    page.locator(f'#moving-{name}').scroll_into_view_if_needed()
    picture = page.locator(f'#moving-{name} .moving-drawing')
    page.wait_for_timeout(300)
    assert picture.is_visible() and picture.get_attribute('src') == f'try_it/moving/{name}.svg'
    stands = {'walk': interpolate_codes(code_of(answerer, '🍎'), code_of(answerer, '🎃'), 3)[1], 'grid': np.zeros(16),
              'sliders': code_of(answerer, '🐧').round(1)}
    assert is_pythons(answerer, (SITE/'try_it'/'moving'/f'{name}.svg').read_text(), stands[name])
    assert not [file for file in page.loaded if file.endswith(('.onnx', '.bin', 'networks.js'))]
    waiting = 0 if javascript else {'walk': 1, 'grid': 0, 'sliders': 16}[name]
    assert page.locator(f'#moving-{name} input:disabled').count() == waiting
    if name == 'walk': assert page.locator('main img[alt*="an apple to a pumpkin"]').is_visible()  # the notebook's own
    if javascript: return
    assert page.locator('#moving-grid [tabindex]').count() == 0 and not page.locator(f'#moving-{name} progress').is_visible()


@pytest.mark.parametrize('name', sorted({'try_it.html', 'index.html', *PAGES.values()}))
def test_pages_with_a_worker_have_a_policy(browser, address, name):
    page, trouble, _ = watched(browser)
    page.goto(f'{address}/{name}', wait_until='networkidle')
    assert trouble == []  # formulas, too, are set without breaching it
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = 1' }))")
    assert page.evaluate('window.ran') is None and any(line.startswith('policy: script-src') for line in trouble)
    page.close()


def test_only_what_draws_is_loaded(open_page):
    page = open_page('generation.html')
    page.loaded.clear()
    page.locator('#moving-walk input').press('ArrowRight')
    drawn(page, 'walk')
    networks = {file for file in page.loaded if file.endswith(('.onnx', '.bin', '.json'))}
    assert networks == {'drawer.onnx', 'drawing.bin', 'drawing.json'}
    size = sum((SITE/'try_it'/file).stat().st_size for file in networks)
    bar = page.locator('#moving-walk progress')
    assert int(bar.get_attribute('max')) == size and not bar.is_visible() and page.inner_text('#moving-walk [role=status]') == ''


def test_a_missing_file_is_said(browser, address):
    page = browser.new_page()
    page.route('**/drawer.onnx', lambda route: route.fulfill(status=404, body='gone'))
    page.goto(f'{address}/vae.html')
    page.locator('#moving-sliders input').first.press('ArrowRight')
    page.wait_for_function('() => document.querySelector("#moving-sliders [role=status]").textContent.includes("drawer.onnx")', timeout=30_000)
    assert page.locator('#moving-sliders .moving-drawing').get_attribute('src') == 'try_it/moving/sliders.svg'
    page.close()


# ---- The drawing is Python's

def test_the_walk_is_dragged(open_page, answerer):
    page = open_page('generation.html')
    slider, seen = page.locator('#moving-walk input'), None
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    page.mouse.move(box['x']+box['width']/2, box['y']+box['height']/2)
    page.mouse.down()
    for part in (.3, .8, 1):
        page.mouse.move(box['x']+part*box['width'], box['y']+box['height']/2, steps=4)
        page.wait_for_timeout(200)
        part = float(slider.input_value())
        code = code_of(answerer, '🍎') + part*(code_of(answerer, '🎃')-code_of(answerer, '🍎')).astype(float)
        page.wait_for_function('''code => JSON.parse(document.getElementById('moving-walk').dataset.drawn ?? '[9]')
            .every((x, i) => Math.abs(x - code[i]) < 1e-5)''', arg=code.tolist(), timeout=60_000)
        found, svg = drawn(page, 'walk')
        assert svg != seen and is_pythons(answerer, svg, found), part
        assert slider.get_attribute('aria-valuetext') == f'{round(100*part)} % of the way'
        seen = svg
    page.mouse.up()
    assert part == 1 and is_pythons(answerer, svg, code_of(answerer, '🎃'))


def test_the_grid_is_explored(open_page, answerer):
    page = open_page('generation.html')
    plane = page.get_by_role('application', name='plane of composition A')
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    cell = box['width']/20
    page.mouse.move(box['x']+17.5*cell, box['y']+2.5*cell)  # hovering is enough
    code, svg = drawn(page, 'grid')
    axis = np.linspace(-2, 2, 20)
    assert np.allclose(code, compose(axis[2], axis[17], 'A'), atol=.01) and is_pythons(answerer, svg, code)
    assert page.inner_text('#moving-grid output') == f'first coordinate −{-axis[2]:.1f}, second {axis[17]:.1f}'
    plane.focus()
    for key, first, second in [('ArrowDown', 1, 0), ('ArrowLeft', 0, -1), ('Shift+ArrowUp', -.25, 0)]:
        before = code
        page.keyboard.press(key)
        code, svg = drawn(page, 'grid', before)
        assert np.allclose(np.subtract(code, before), compose(first*4/19, second*4/19, 'A'), atol=1e-6), key
        assert is_pythons(answerer, svg, code)
    assert plane.evaluate('plane => getComputedStyle(plane).outlineStyle') == 'solid'
    page.mouse.click(box['x']+1, box['y']+1)  # at the rim
    assert drawn(page, 'grid', code)[0] == 16*[-2]


def test_sixteen_sliders(open_page, answerer):
    page = open_page('vae.html')
    sliders = page.locator('#moving-sliders input')
    assert sliders.count() == 16
    own = [float(value) for value in sliders.evaluate_all('all => all.map(slider => slider.value)')]
    assert np.abs(own-code_of(answerer, '🐧')).max() < .0501
    page.get_by_label('latent number 3', exact=True).press('End')
    code, svg = drawn(page, 'sliders')
    assert code == [4 if i == 2 else x for i, x in enumerate(own)]
    assert is_pythons(answerer, svg, code) and not is_pythons(answerer, svg, own)
    assert page.locator('#moving-sliders output').nth(2).inner_text() == '4.0'
    page.get_by_role('button', name='Back to the penguin').click()
    code, svg = drawn(page, 'sliders', code)
    assert code == own and is_pythons(answerer, svg, own)


# ---- Names on maps

def test_names_on_the_map_of_the_vae_page(open_page):
    emojis, cells = load_emojis(), json.loads((SITE/'try_it'/'moving'/'map.json').read_text())
    names = [name for line in cells for name in line if name]
    assert len(cells) == 38 and len(names) == len(emojis) == 872 and {'red apple', 'penguin', 'doughnut'} <= set(names)
    line, column = next((y, x) for y, row in enumerate(cells) for x, name in enumerate(row) if name == 'penguin')
    page = open_page('vae.html')
    picture = page.locator('.named-map img')
    picture.scroll_into_view_if_needed()
    label, box = page.locator('.named-map .map-name'), picture.bounding_box()
    with page.expect_response('**/map.json'): picture.hover(position={'x': 5, 'y': 5})
    page.wait_for_timeout(200)
    picture.hover(position={'x': (column+.5)/38*box['width'], 'y': (line+.5)/38*box['height']})
    assert label.is_visible() and label.inner_text() == 'penguin'
    page.locator('#a-map-of-872-codes h2').hover()
    assert not label.is_visible()
    marker = page.get_by_role('application', name='Names on the map')
    marker.focus()
    page.wait_for_function('() => document.querySelector(".named-map [role=status]").textContent')
    for key, step in [('ArrowRight', (1, 0)), ('ArrowDown', (0, 1))]: page.keyboard.press(key)
    expected = cells[20][20]
    assert page.locator('.named-map [role=status]').text_content() == (expected or 'no emoji here')
    assert label.is_visible() == bool(expected)
    page.locator('.named-map .figure-open').click()
    assert page.locator('dialog.figure-large img').is_visible()


def test_names_on_the_map_of_try_it(browser, address):
    page, trouble, _ = watched(browser)
    opened(page, address)
    known = json.loads((SITE/'try_it'/'known.json').read_text())
    row = known['names'].index('penguin')
    column, line = known['cells'][row]
    plane = page.locator('#try-map')
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    page.mouse.move(box['x']+(column+.5)/30*box['width'], box['y']+(line+.5)/30*box['height'])
    assert page.inner_text('.map-name') == 'penguin'
    page.keyboard.press('Tab')
    plane.focus()
    page.keyboard.press('ArrowRight')
    marker = page.locator('#try-marker')
    place = marker.evaluate('({ style }) => [style.left, style.top].map(x => Math.floor(parseFloat(x) * .3))')
    assert page.inner_text('.map-name') == known['names'][known['cells'].index(place)]
    assert trouble == []
    page.close()


# ---- On a phone, and in the dark

@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_on_a_phone(open_page, scheme):
    phone = {'viewport': {'width': 390, 'height': 800}, 'has_touch': True, 'color_scheme': scheme}
    page = open_page('generation.html', reduced_motion='reduce', **phone)
    plane = page.locator('.moving-plane')
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    assert box['width'] > 300
    page.touchscreen.tap(box['x']+box['width']*.9, box['y']+box['height']*.1)
    code, _ = drawn(page, 'grid')
    assert code[0] < -1.5 and code[-1] > 1.5
    large = page.locator('#moving-grid .moving-drawing').bounding_box()
    assert large['y'] < box['y'] and box['y']+box['height'] - large['y'] < 800  # both are seen at once
    assert page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth') <= 1
