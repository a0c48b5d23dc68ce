"""The landing page in a real browser: answers that stand in it, and answers to what is typed, soon after the first touch"""
import functools, http.server, importlib.util, re, threading, time
from pathlib import Path
import pytest
from emoji_sqam.layout import count_shapes
from test_site import SITE, address, browser, pytestmark  # fixtures, and when to skip
from test_try_it import watched

ROOT = Path(__file__).parents[1]
spec = importlib.util.spec_from_file_location('preview', ROOT/'tools'/'preview.py')
preview = importlib.util.module_from_spec(spec)
spec.loader.exec_module(preview)
RATE = 10e6/8  # bytes a second: 10 Mbit/s
NEW = 'we had a good day with my friends'


def shown(page): return [re.search(r'([\w-]+)\.svg$', src)[1] for src in page.locator('#ask-answers img').evaluate_all('all => all.map(x => x.src)')]


@pytest.mark.parametrize('javascript', [True, False])
@pytest.mark.parametrize('width', [390, 820, 1440])
def test_answers_stand_on_the_first_screen_before_anything_is_loaded(browser, address, answerer, width, javascript):
    page = browser.new_page(viewport={'width': width, 'height': 900}, java_script_enabled=javascript)
    loaded = []
    page.on('request', lambda request: loaded.append(request.url.rsplit('/', 1)[1]))
    page.goto(f'{address}/index.html', wait_until='networkidle')
    assert shown(page) == answerer.answer(page.input_value('#ask-text')).slug.tolist()
    boxes = [page.locator(place).bounding_box() for place in ('#ask-text', '#ask-answers li >> nth=0', '#ask-answers li >> nth=4', '#ask-drawing svg')]
    assert all(box['y'] >= 0 and box['y']+box['height'] <= 900 for box in boxes) and boxes[0]['y'] < 400
    assert boxes[2]['width'] >= 64 and boxes[3]['width'] >= 64 and boxes[3]['x'] > boxes[2]['x']
    assert not [name for name in loaded if name.endswith(('.onnx', '.bin'))]
    page.close()


def test_examples_are_answered_as_python_does(browser, address, answerer):
    page, trouble, hosts = watched(browser)
    page.goto(f'{address}/index.html')
    for row in page.locator('#ask-examples li').all():
        text = row.locator('button').inner_text()
        row.locator('button').click()
        assert page.input_value('#ask-text') == text and shown(page) == answerer.answer(text).slug.tolist()
        assert page.locator('#ask-drawing svg').get_attribute('aria-label') == f'Made up for: {text}'
        assert count_shapes(row.locator('svg').evaluate('svg => svg.outerHTML')) >= 1
    assert trouble == [] and hosts == {address.split('/')[2]}
    page.close()


def test_a_new_text_is_answered_and_drawn(browser, address, answerer):
    page, trouble, _ = watched(browser)
    page.goto(f'{address}/index.html')
    page.locator('#ask-text').fill(NEW)
    page.wait_for_function('text => document.documentElement.dataset.madeUp === text', arg=NEW, timeout=60_000)
    assert shown(page) == answerer.answer(NEW).slug.tolist()
    assert page.locator('#ask-drawing img').get_attribute('alt') == f'Made up for: {NEW}'
    assert not page.locator('#ask-bar').is_visible() and page.inner_text('#ask-left') == '' and trouble == []
    page.locator('#ask-text').fill('zzzqqq')
    page.wait_for_function('() => document.getElementById("ask-note").textContent.startsWith("No word")')
    assert shown(page) == [] and page.locator('#ask-drawing > *').count() == 0
    page.close()


def test_a_missing_file_is_said(browser, address):
    page = browser.new_page()
    page.route('**/text_encoder.onnx', lambda route: route.fulfill(status=404, body='gone'))
    page.goto(f'{address}/index.html')
    page.locator('#ask-text').fill(NEW)
    page.wait_for_function('() => document.getElementById("ask-note").textContent.includes("text_encoder.onnx")', timeout=30_000)
    assert not page.locator('#ask-bar').is_visible()
    page.close()


# ---- How soon

class Slow(preview.Compressed):
    "As slow as a line of 10 Mbit/s that all requests share; notes what it sent"
    line, sent = threading.Lock(), []

    def copyfile(self, source, target):
        while part := source.read(8192):
            with self.line:
                time.sleep(len(part)/RATE)
                target.write(part)
                self.sent.append((time.perf_counter(), len(part)))


@pytest.fixture
def slow_address():
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(Slow, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{server.server_port}'
    server.shutdown()


def test_the_first_answer_takes_little_more_than_its_transfer(browser, slow_address):
    "What has to come fits into two seconds of 10 Mbit/s, and the answer is there soon after it; all of it is under 8 MiB"
    page = browser.new_page()
    page.goto(slow_address, wait_until='networkidle')
    Slow.sent.clear()
    start = time.perf_counter()
    page.locator('#ask-text').fill(NEW)
    page.wait_for_function('text => document.documentElement.dataset.answered === text', arg=NEW, timeout=120_000)
    end = time.perf_counter()
    needed = sum(size for when, size in Slow.sent if when < end)
    assert 'MB left' in page.inner_text('#ask-left')
    page.wait_for_function('text => document.documentElement.dataset.madeUp === text', arg=NEW, timeout=120_000)
    total = sum(size for _, size in Slow.sent)
    page.close()
    begun, ended = Slow.sent[0][0], Slow.sent[-1][0]
    transfer = needed * (ended-begun)/total  # at the rate at which all came: on a busy machine the line is slower, too
    print(f'answered after {end-start:.2f} s; its {needed/1e6:.2f} MB took {transfer:.2f} s, and {needed/RATE:.2f} s at the full rate; {total/1e6:.2f} MB in all')
    assert needed < 2*RATE and total < 8 * 2**20
    assert (end-start)/transfer < 2
