"The widgets of the notebooks in JupyterLab, in a real browser. Skipped where there is no Chromium"
import json, os, socket, subprocess, sys, time, urllib.request
import pytest
from test_site import CHROMIUM, browser  # a fixture

pytestmark = pytest.mark.skipif(not CHROMIUM, reason='no Chromium on this machine')
CELLS = ['''from emoji_sqam.data import load_emojis
from emoji_sqam.prediction import Answerer
from emoji_sqam.widgets import answer_box, code_sliders, walk_slider, widget_or_picture
answerer, emojis = Answerer.from_pretrained(), load_emojis()''',
         'widget_or_picture(answer_box(answerer), lambda: emojis)',
         'widget_or_picture(code_sliders(answerer.vae_decoder, answerer.codes, emojis), lambda: emojis)',
         'widget_or_picture(walk_slider(answerer.vae_decoder, answerer.codes, emojis), lambda: emojis)']
OPTIONS = ['--no-browser', '--allow-root', '--ServerApp.port_retries=0', '--IdentityProvider.token=',
           '--ServerApp.password=', '--LabApp.news_url=',
           '--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate']
OUTERMOST = 'xpath=self::*[not(ancestor::*[contains(@class,"widget-box")])]'


def write_notebook(path):
    empty = {'cell_type': 'code', 'metadata': {}, 'execution_count': None, 'outputs': []}
    cells = [{**empty, 'id': str(i), 'source': source} for i, source in enumerate(CELLS)]
    kernel = {'kernelspec': {'display_name': 'Python 3 (ipykernel)', 'language': 'python', 'name': 'python3'}}
    path.write_text(json.dumps({'cells': cells, 'metadata': kernel, 'nbformat': 4, 'nbformat_minor': 5}))


def wait_for_server(address):
    for _ in range(120):
        try: return urllib.request.urlopen(f'{address}/api', timeout=1)
        except OSError: time.sleep(.5)


@pytest.fixture(scope='module')
def lab(tmp_path_factory):
    "The address of a JupyterLab that serves one notebook"
    folder = tmp_path_factory.mktemp('lab')
    write_notebook(folder/'widgets.ipynb')
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    address = f'http://127.0.0.1:{port}'
    pictures_only = ('IN_TEST', 'EMOJI_SQAM_STILL')
    environment = {name: value for name, value in os.environ.items() if name not in pictures_only}
    server_options = [f'--ServerApp.port={port}', f'--ServerApp.root_dir={folder}']
    command = [sys.executable, '-m', 'jupyterlab', *OPTIONS, *server_options]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for_server(address)
    yield address
    server.terminate()
    server.wait(20)


@pytest.fixture
def page(lab, browser):
    "The notebook, opened and with all of its cells run"
    page = browser.new_page(viewport={'width': 1400, 'height': 1800})
    page.goto(f'{lab}/lab/tree/widgets.ipynb')
    page.wait_for_selector('.jp-Notebook .jp-CodeCell', timeout=90_000)
    page.get_by_text('(ipykernel) | Idle').wait_for(timeout=60_000)
    page.get_by_role('menuitem', name='Run', exact=True).click()
    page.get_by_role('menuitem', name='Run All Cells', exact=True).click()
    page.wait_for_selector('.widget-play', timeout=120_000)  # the last of them
    yield page
    page.close()


def widget(page, n):
    "The n-th widget of the page"
    return page.locator('.jp-OutputArea-output .widget-box').locator(OUTERMOST).nth(n)


def picture(box): return box.locator('img').first.get_attribute('src')


def wait_for_change(page, show, before):
    "What `show` gives once it is no longer `before`"
    for _ in range(100):
        now = show()
        if now != before: return now
        page.wait_for_timeout(100)
    raise AssertionError('nothing changed in ten seconds')


def press_right(page, handle, times):
    "Move a slider by its handle"
    handle.focus()
    for _ in range(times): page.keyboard.press('ArrowRight')


def test_widgets_work_in_jupyterlab(page):
    answers, sliders, walk = (widget(page, n) for n in range(3))
    def shown_answers(): return answers.locator('.widget-html-content').inner_text()
    before = shown_answers()
    answers.locator('input[type=text]').fill('my bag is lost')
    wait_for_change(page, shown_answers, before)
    answers.get_by_role('button', name='Make one up').click()
    page.wait_for_function('''() => { const image = document.querySelector(".widget-box img")
        return image && getComputedStyle(image).visibility == "visible" }''', timeout=30_000)

    before = picture(sliders)
    press_right(page, sliders.locator('.noUi-handle').nth(2), times=8)
    wait_for_change(page, lambda: picture(sliders), before)

    before = picture(walk)
    press_right(page, walk.locator('.noUi-handle').first, times=5)
    moved = wait_for_change(page, lambda: picture(walk), before)
    walk.locator('select').first.select_option('🐢')
    wait_for_change(page, lambda: picture(walk), moved)
