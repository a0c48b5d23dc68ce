"The built site in a real browser: every page, light and dark, wide and narrow. Skipped where Debian's Chromium is not installed"
import functools, http.server, json, re, shutil, tarfile, threading
from html.parser import HTMLParser
from pathlib import Path
import pytest
from PIL import Image
from emoji_sqam.sources import Source, fetch

SITE = Path(__file__).parents[1]/'_docs'
CHROMIUM = shutil.which('chromium')
pytestmark = [pytest.mark.skipif(not CHROMIUM, reason='no Chromium on this machine'),
              pytest.mark.skipif(not SITE.exists(), reason='the site is not built; `make docs` builds it')]
PAGES = sorted(p.relative_to(SITE).as_posix() for p in SITE.rglob('*.html')) or ['index.html']
AXE = Source('npm', 'axe-core', '4.11.0', '39bed7d72308f6d620789c169d699bfd7e8da80f65b545821a6b2215c3e83107', 'checks of accessibility', 'MPL-2.0')
RULES = ['color-contrast', 'image-alt', 'label', 'link-name', 'button-name', 'html-has-lang', 'document-title', 'svg-img-alt',
         'scrollable-region-focusable', 'skip-link', 'aria-allowed-role', 'aria-required-children', 'nested-interactive', 'duplicate-id-aria']
FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']


# How far what is on the page moves without anybody's doing, from its first moment on
SHIFTS = """window.moved = 0; new PerformanceObserver(list => { for (const e of list.getEntries()) if (!e.hadRecentInput) window.moved += e.value })
    .observe({type: 'layout-shift', buffered: true})"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args): pass


@pytest.fixture(scope='module')
def address():
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(Quiet, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{server.server_port}'
    server.shutdown()


@pytest.fixture(scope='module')
def browser():
    from playwright.sync_api import sync_playwright
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope='module')
def axe():
    with tarfile.open(fetch(AXE)) as archive: return archive.extractfile('package/axe.min.js').read().decode()


def faults(page, rules):
    "What axe finds in a page as it is shown now"
    found = page.evaluate('rules => axe.run({runOnly: rules, resultTypes: ["violations"]})', rules)['violations']
    return [f"{v['id']}: {n['target'][-1]} {n['any'][0]['message'] if n['any'] else ''}" for v in found for n in v['nodes']]


def width_beyond(page):
    "Pixels by which a page is wider than its window"
    return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')


@pytest.mark.parametrize('name', PAGES)
def test_page(browser, address, axe, name):
    "Loaded once, wide and light; then in the dark; then as narrow as a phone"
    page = browser.new_page(viewport={'width': 1280, 'height': 900}, color_scheme='light')
    trouble, hosts = [], set()
    page.on('console', lambda m: trouble.append(m.text) if m.type == 'error' else None)
    page.on('pageerror', lambda e: trouble.append(str(e)))
    page.on('requestfailed', lambda r: trouble.append(f'{r.url} failed'))
    page.on('request', lambda r: hosts.add(r.url.split('/')[2]) if r.url.startswith('http') else None)
    page.add_init_script(SHIFTS)
    page.goto(f'{address}/{name}', wait_until='networkidle')
    assert page.locator('main h1, header h1').first.is_visible()
    page.evaluate("""Promise.all(Array.from(document.querySelectorAll('main img'), picture => {
        picture.loading = 'eager';
        return picture.complete || new Promise(done => { picture.onload = picture.onerror = done; }); }))""")
    pictures = page.evaluate('Array.from(document.querySelectorAll("main img")).map(i => [i.currentSrc.slice(0, 60), i.complete && i.naturalWidth > 0])')
    moved, beyond = page.evaluate('moved'), {1280: width_beyond(page)}
    page.evaluate(axe)
    wrong = {'light': faults(page, RULES)}
    page.emulate_media(color_scheme='dark')
    wrong['dark'] = faults(page, ['color-contrast'])
    page.set_viewport_size({'width': 390, 'height': 844})
    page.wait_for_timeout(50)
    wrong['narrow'], beyond[390] = faults(page, [rule for rule in RULES if rule != 'color-contrast']), width_beyond(page)
    page.close()
    assert wrong == {'light': [], 'dark': [], 'narrow': []}
    assert moved < .1, f'what is on the page moved by {moved:.2f} while it was loaded'
    assert trouble == []
    assert hosts == {address.split('/')[2]}
    assert [src for src, shown in pictures if not shown] == []
    assert max(beyond.values()) <= 1, f'the page is wider than the window: {beyond}'


def found(page, query):
    "Where the results of a search lead"
    box = page.locator('.smalldocs-search input').first
    box.fill(query)
    page.locator('.smalldocs-search-results.show').first.wait_for()
    page.wait_for_timeout(400)
    return page.eval_on_selector_all('.search-result', 'results => results.map(result => result.getAttribute("href"))')


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_search(browser, address, axe, scheme):
    page = browser.new_page(color_scheme=scheme)
    page.goto(f'{address}/vae.html', wait_until='networkidle')
    assert found(page, 'load_emojis')[0].endswith('data.html#load_emojis')
    first = found(page, 'install')[0]
    name, _, anchor = first.removeprefix('./').partition('#')
    assert name == 'index.html' or 'install' in anchor.split('-')
    page.evaluate(axe)
    wrong = page.evaluate('axe.run("#quarto-header", {runOnly: ["color-contrast"]})')['violations']
    icon, ground = page.evaluate("""['.bi-search', '.smalldocs-search input'].map((s, i) =>
        getComputedStyle(document.querySelector(s))[i ? 'backgroundColor' : 'color'].match(/[\\d.]+/g).map(Number).slice(0, 3).reduce((a, b) => a + b))""")
    page.close()
    assert wrong == [] and abs(icon-ground) > 200  # of 765


def test_the_keyboard_gets_past_and_into(browser, address):
    page = browser.new_page(viewport={'width': 390, 'height': 800})
    page.goto(f'{address}/generation.html', wait_until='networkidle')
    page.keyboard.press('Tab')
    assert page.evaluate('document.activeElement.className') == 'skip-link'
    page.keyboard.press('Enter')
    assert page.evaluate('document.activeElement.id') == 'quarto-document-content'
    scrolls = """Array.from(document.querySelectorAll('main :is(pre, .sd-table, .cell-output-display)'))
        .filter(box => box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX === 'auto').map(box => box.tabIndex)"""
    places = page.evaluate(scrolls)
    page.close()
    assert places and set(places) == {0}


def test_a_figure_opens(browser, address):
    page = browser.new_page()
    page.goto(f'{address}/vae.html', wait_until='networkidle')
    page.locator('.figure-open').first.click()
    assert page.locator('dialog.figure-large img').is_visible()
    page.keyboard.press('Escape')
    assert not page.locator('dialog.figure-large').is_visible()
    page.close()


def test_the_choice_of_light_and_dark_is_kept(browser, address):
    context = browser.new_context(color_scheme='light')
    page = context.new_page()
    page.goto(f'{address}/data.html', wait_until='networkidle')
    shade = 'getComputedStyle(document.body).backgroundColor'
    before = page.evaluate(shade)
    page.locator('[data-toggle-scheme]').click()
    after = page.evaluate(shade)
    page.goto(f'{address}/try_it.html', wait_until='domcontentloaded')
    kept = page.evaluate(shade)
    context.close()
    assert before != after == kept


# ---- What stands in the pages

class Marks(HTMLParser):
    "The marks of a page in their order, and their attributes"
    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)
    def handle_starttag(self, tag, attributes): self.tags.append((tag, dict(attributes)))


@pytest.fixture(scope='module')
def texts(): return {name: (SITE/name).read_text(encoding='utf-8') for name in PAGES}


def test_pages_are_nested_as_they_are_written(browser, texts):
    "A browser that has to mend a page finds other marks in it than were written"
    page = browser.new_page()
    read = "text => Array.from(new DOMParser().parseFromString(text, 'text/html').querySelectorAll('*'), tag => tag.localName.toLowerCase())"
    mended = {}
    for name, text in texts.items():
        written = [tag for tag, _ in Marks(text).tags]
        understood = page.evaluate(read, text)
        if written != understood: mended[name] = next((pair for pair in zip(written, understood) if pair[0] != pair[1]), 'length')
    page.close()
    assert mended == {}


@pytest.mark.parametrize('fault', [
    r'<main.*<style', r'src="data:image', r'Annotated<span class="op">=', r'at 0x[0-9a-f]{6}',
    r'<td[^>]*>(?:NaN|&lt;NA&gt;|None)</td>', r'<td[^>]*>\d{3,}\.0+</td>',
    r'<details class="code-fold" open', r'<meta[^>]*`|<title>[^<]*`', r'darkly\.min', r'<main[^>]*>.*style="float'])
def test_no_page_holds(fault, texts):
    drawn_by_script = {'try_it.html', 'index.html'} if 'data:image' in fault else set()  # its pictures are empty until then
    assert [name for name, text in texts.items() if re.search(fault, text, re.S) and name not in drawn_by_script] == []


def test_each_page_has_one_address_and_a_card(texts):
    for name in set(PAGES) - {'404.html'}:
        head = Marks(texts[name].partition('</head>')[0]).tags
        [canonical] = [a['href'] for tag, a in head if tag == 'link' and a.get('rel') == 'canonical']
        assert canonical.endswith('/' + name.removesuffix('index.html')), name
        [card] = [a['content'] for _, a in head if a.get('property') == 'og:image']
        with Image.open(SITE/'cards'/card.partition('/cards/')[2]) as picture: assert picture.size == (1200, 630)


def test_figures_have_their_sizes(texts):
    sizeless = [(name, a['src']) for name, text in texts.items() for tag, a in Marks(text.partition('<main')[2]).tags
                if tag == 'img' and not ('width' in a and 'height' in a)]
    assert sizeless == []


def test_contents_list_the_prose(texts):
    listed = {name: re.search('<nav[^>]*id="TOC".*?</nav>', text, re.S) for name, text in texts.items()}
    assert [name for name, found in listed.items() if found and re.search(r'href="#[a-z]+_\w+"', found[0])] == []


def test_notebooks_can_be_downloaded(texts):
    for name in ('data.html', 'guides/cli.html'):
        [link] = re.findall('href="([^":]*notebooks/[^"]*)"', texts[name])  # the other one opens Colab
        notebook = json.loads((SITE/name).parent.joinpath(link).resolve().read_text(encoding='utf-8'))
        assert notebook['cells'][0]['source'][0].startswith('%pip install')


def test_an_address_that_leads_nowhere(browser, address, texts):
    page = browser.new_page()
    page.goto(f'{address}/404.html')
    assert page.locator('svg[role=img]').is_visible() and '://' in page.locator('main a').get_attribute('href')
    assert 'src=' not in texts['404.html']  # it may be shown at any address
    page.close()
