"""Drawings in the page Try it: equal to Python's, made up as Python does, and saved with their licence"""
import io, re
import xml.etree.ElementTree as ET
import numpy as np, pytest
from PIL import Image
from emoji_sqam.images import SIZE, rasterise
from emoji_sqam.layout import count_shapes
from emoji_sqam.plotting import RIGHTS
from test_site import SITE, address, browser, pytestmark  # fixtures, and when to skip
from test_try_it import TEXT, made_up_for, opened, page, shared, watched

NUMBER, COLOR = r'-?(?:\d+\.?\d*|\.\d+)', '#[0-9a-f]{6}'


@pytest.fixture(scope='module')
def codes(answerer):
    "A hundred codes that no emoji has: half-way between two known ones"
    rng = np.random.default_rng(0)
    pairs = np.stack([rng.choice(len(answerer.codes), 2, replace=False) for _ in range(100)])
    return answerer.codes[pairs].mean(axis=1)


def parts(svg):
    "A drawing without the names of its outlines: its text with a gap for each number, and the numbers"
    svg = re.sub(r'\bc[0-9a-f]{8}\b', 'name', svg)
    text = re.sub(NUMBER, '0 ', re.sub(COLOR, lambda color: color[0].translate(str.maketrans('0123456789', 'ghijklmnop')), svg))
    return re.sub(' +', ' ', text), np.array(re.findall(NUMBER, re.sub(COLOR, '', svg)), float)


def are_equal(first, second):
    "But for the last digit of numbers"
    (text, numbers), (other_text, others) = parts(first), parts(second)
    return text == other_text and np.abs(numbers-others).max(initial=0) < .0101


def test_comparison_sees_what_differs():
    svg = '<path fill="#ff0e10" d="M1 2l-.5.25z"/>'
    assert are_equal(svg, svg.replace('.25', '.26')) and not are_equal(svg, svg.replace('.25', '.28'))
    assert not are_equal(svg, svg.replace('#ff0e10', '#ff0e11')) and not are_equal(svg, svg.replace('l-', 't-'))


@pytest.mark.parametrize('snap', [True, False])
def test_page_and_python_draw_the_same(shared, answerer, codes, snap):
    "From codes: the votes come from two builds of one runtime, so that a hundredth of the drawings may differ"
    ours = answerer.drawer.svg(codes, snap)
    found = [shared.evaluate('([code, snap]) => emojiSqam.draw(code, snap)', [code, snap]) for code in codes.tolist()]
    print(f'snapped: {snap}; exactly equal: {sum(a == b for a, b in zip(ours, found))} of {len(ours)}')
    different = [i for i, pair in enumerate(zip(ours, found)) if not are_equal(*pair)]
    assert len(different) <= 2, different


def test_made_up_emojis_are_pythons(shared, answerer):
    texts = [TEXT, 'a cup of tea and a good book', 'we won the match!!', 'our baby took her first steps', 'happy birthday grandma', 'it will not stop raining']
    same = 0
    for text in texts:
        found, (ours,) = shared.evaluate('text => emojiSqam.suggest(text)', text), answerer.suggest(text)
        assert found['score'] == pytest.approx(float(answerer.score([text], rasterise(found['svg'], SIZE, 0)[None])[0, 0]), abs=.05)
        same += tuple(found['parents']) == ours.parents and are_equal(found['svg'], ours.svg)
    print(f'{same} of {len(texts)} made-up emojis are the same')
    assert same >= len(texts)-2  # browsers rasterise edges a little differently, and two may be nearly as good


def test_a_text_in_the_address_is_answered(browser, address, answerer):
    page, trouble, _ = watched(browser)
    page.goto(f'{address}/try_it.html?text=a+cup+of+tea+%26+a+book%3Cb%3E')
    page.wait_for_selector('#try-it[aria-busy=false]', timeout=60_000)
    assert page.input_value('#try-text') == 'a cup of tea & a book<b>'
    assert float(page.locator('#try-answers .try-score').first.inner_text()) == pytest.approx(answerer.answer('a cup of tea & a book<b>').score[0], abs=.0051)
    page.locator('#try-text').fill('50% rain + wind & sun')
    page.wait_for_function('() => new URLSearchParams(location.search).get("text") === "50% rain + wind & sun"')
    assert trouble == []
    page.close()


def saved(page, button):
    with page.expect_download() as download: page.locator(button).click()
    return download.value.suggested_filename, open(download.value.path(), 'rb').read()


@pytest.mark.parametrize('name', ['try-made-up', 'try-drawing'])
def test_drawings_are_saved_with_their_licence(page, name):
    made_up_for(page, TEXT)
    shown = page.evaluate('id => decodeURIComponent(document.getElementById(id).src.replace("data:image/svg+xml,", ""))', name)
    file, svg = saved(page, f'#{name}-svg')
    assert file.endswith('.svg') and RIGHTS in svg.decode() and ET.fromstring(svg) is not None
    assert re.sub('<metadata>.*</metadata>', '', svg.decode()) == shown and count_shapes(shown) >= 1
    file, png = saved(page, f'#{name}-png')
    with Image.open(io.BytesIO(png)) as picture:
        picture.load()
        assert picture.format == 'PNG' and picture.size == (512, 512) and picture.text == {'Copyright': RIGHTS}
        assert np.abs(np.array(picture.convert('RGBA')).astype(int) - rasterise(shown, 512, 0)).mean() < 1


def test_the_made_up_emoji_names_its_parents(page, answerer):
    made_up_for(page, TEXT)
    found = page.evaluate('text => emojiSqam.suggest(text)', TEXT)
    names = page.locator('#try-parents [role=img]').evaluate_all('parents => parents.map(parent => parent.ariaLabel)')
    assert len(names) == 2 and all(name in page.inner_text('#try-said-made-up') for name in names)
    assert set(found['parents']) <= set(answerer.answer(TEXT, 10).slug)
    assert page.locator('#try-made-up').bounding_box()['width'] >= 200


def test_an_emoji_is_copied(browser, address, answerer):
    context = browser.new_context(permissions=['clipboard-read', 'clipboard-write'])
    page = context.new_page()
    opened(page, address)
    page.locator('#try-answers .try-copy').first.click()
    page.wait_for_function('() => document.querySelector("#try-answers .try-copy").textContent === "Copied"')
    assert page.evaluate('navigator.clipboard.readText()') == answerer.answer(TEXT).emoji[0]
    context.close()
