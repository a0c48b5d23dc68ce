"The built site in a real browser: every page, light and dark, wide and narrow. Skipped where Debian's Chromium is not installed"
import functools, http.server, shutil, tarfile, threading
from pathlib import Path
import pytest
from emoji_sqam.sources import Source, fetch

SITE = Path(__file__).parents[1]/'_docs'
CHROMIUM = shutil.which('chromium')
pytestmark = [pytest.mark.skipif(not CHROMIUM, reason='no Chromium on this machine'),
              pytest.mark.skipif(not SITE.exists(), reason='the site is not built; `make docs` builds it')]
PAGES = sorted(p.relative_to(SITE).as_posix() for p in SITE.rglob('*.html')) or ['index.html']
AXE = Source('npm', 'axe-core', '4.11.0', '39bed7d72308f6d620789c169d699bfd7e8da80f65b545821a6b2215c3e83107', 'checks of accessibility', 'MPL-2.0')
RULES = ['color-contrast', 'image-alt', 'label', 'link-name', 'button-name', 'html-has-lang', 'document-title', 'svg-img-alt']
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


@pytest.mark.parametrize('width', [1280, 390])
@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('name', PAGES)
def test_page(browser, address, axe, name, scheme, width):
    page = browser.new_page(viewport={'width': width, 'height': 900}, color_scheme=scheme)
    trouble, hosts = [], set()
    page.on('console', lambda m: trouble.append(m.text) if m.type == 'error' else None)
    page.on('pageerror', lambda e: trouble.append(str(e)))
    page.on('requestfailed', lambda r: trouble.append(f'{r.url} failed'))
    page.on('request', lambda r: hosts.add(r.url.split('/')[2]) if r.url.startswith('http') else None)
    page.add_init_script(SHIFTS)
    page.goto(f'{address}/{name}', wait_until='networkidle')
    assert page.locator('main h1, header h1').first.is_visible()
    pictures = page.evaluate('Array.from(document.querySelectorAll("main img")).map(i => [i.currentSrc.slice(0, 60), i.complete && i.naturalWidth > 0])')
    wide = page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
    moved = page.evaluate('moved')
    page.evaluate(axe)
    found = page.evaluate('rules => axe.run({runOnly: rules, resultTypes: ["violations"]})', RULES)['violations']
    page.close()
    assert [f"{v['id']}: {n['target'][-1]} {n['any'][0]['message'] if n['any'] else ''}" for v in found for n in v['nodes']] == []
    assert moved < .1, f'what is on the page moved by {moved:.2f} while it was loaded'
    assert trouble == []
    assert hosts == {address.split('/')[2]}
    assert [src for src, shown in pictures if not shown] == []
    assert wide <= 1, f'the page is {wide} pixels wider than the window'


def test_search_finds_a_function(browser, address):
    page = browser.new_page()
    page.goto(address, wait_until='networkidle')
    box = page.locator('input[type=search], .aa-Input, .smalldocs-search input').first
    box.click(); box.fill('load_emojis')
    page.wait_for_timeout(500)
    assert 'data' in page.locator('body').inner_text().lower()
    assert page.locator('a[href*="data.html"]').count() > 0
    page.close()
