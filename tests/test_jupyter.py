"The widgets of the notebooks in JupyterLab, in a real browser. Skipped where there is no Chromium"
import json, os, socket, subprocess, sys, time, urllib.request
import pytest
from test_site import CHROMIUM, browser  # a fixture

pytestmark = pytest.mark.skipif(not CHROMIUM, reason='no Chromium on this machine')
CELLS = ['''from emoji_sqam.data import load_emojis
from emoji_sqam.generation import code_sliders, walk_slider
from emoji_sqam.house import live
from emoji_sqam.prediction import Answerer, answer_box
answerer, emojis = Answerer.from_pretrained(), load_emojis()''',
         'live(answer_box(answerer), lambda: emojis)',
         'live(code_sliders(answerer.decoder, answerer.codes, emojis), lambda: emojis)',
         'live(walk_slider(answerer.decoder, answerer.codes, emojis), lambda: emojis)']


@pytest.fixture(scope='module')
def lab(tmp_path_factory):
    "The address of a JupyterLab that serves one notebook"
    folder = tmp_path_factory.mktemp('lab')
    cells = [{'cell_type': 'code', 'id': str(i), 'metadata': {}, 'source': s, 'execution_count': None, 'outputs': []} for i, s in enumerate(CELLS)]
    kernel = {'kernelspec': {'display_name': 'Python 3 (ipykernel)', 'language': 'python', 'name': 'python3'}}
    (folder/'widgets.ipynb').write_text(json.dumps({'cells': cells, 'metadata': kernel, 'nbformat': 4, 'nbformat_minor': 5}))
    with socket.socket() as s: s.bind(('127.0.0.1', 0)); port = s.getsockname()[1]
    address, env = f'http://127.0.0.1:{port}', {k: v for k, v in os.environ.items() if k not in ('IN_TEST', 'EMOJI_SQAM_STILL')}
    server = subprocess.Popen([sys.executable, '-m', 'jupyterlab', '--no-browser', '--allow-root', f'--ServerApp.port={port}', '--ServerApp.port_retries=0',
                               '--IdentityProvider.token=', '--ServerApp.password=', '--LabApp.news_url=', '--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate',
                               f'--ServerApp.root_dir={folder}'], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(120):
        try: urllib.request.urlopen(f'{address}/api', timeout=1); break
        except OSError: time.sleep(.5)
    yield address
    server.terminate(); server.wait(20)


def test_widgets_work_in_jupyterlab(lab, browser):
    page = browser.new_page(viewport={'width': 1400, 'height': 1800})
    page.goto(f'{lab}/lab/tree/widgets.ipynb')
    page.wait_for_selector('.jp-Notebook .jp-CodeCell', timeout=90_000)
    page.get_by_text('(ipykernel) | Idle').wait_for(timeout=60_000)
    page.get_by_role('menuitem', name='Run', exact=True).click()
    page.get_by_role('menuitem', name='Run All Cells', exact=True).click()
    page.wait_for_selector('.widget-play', timeout=120_000)  # the last of them
    source = lambda box: box.locator('img').first.get_attribute('src')
    def changes(look, before):
        for _ in range(100):
            if (now := look()) != before: return now
            page.wait_for_timeout(100)
        raise AssertionError('nothing changed in ten seconds')

    answers, sliders, walk = (page.locator('.jp-OutputArea-output .widget-box').locator(f'xpath=self::*[not(ancestor::*[contains(@class,"widget-box")])]').nth(i) for i in range(3))
    said = lambda: answers.locator('.widget-html-content').inner_text()
    before = said()
    answers.locator('input[type=text]').fill('my bag is lost')
    changes(said, before)
    answers.get_by_role('button', name='Make one up').click()
    page.wait_for_function('document.querySelector(".widget-box img") && getComputedStyle(document.querySelector(".widget-box img")).visibility == "visible"', timeout=30_000)

    before = source(sliders)
    handle = sliders.locator('.noUi-handle').nth(2)
    handle.focus()
    for _ in range(8): page.keyboard.press('ArrowRight')
    changes(lambda: source(sliders), before)

    before = source(walk)
    handle = walk.locator('.noUi-handle').first
    handle.focus()
    for _ in range(5): page.keyboard.press('ArrowRight')
    moved = changes(lambda: source(walk), before)
    walk.locator('select').first.select_option('🐢')
    changes(lambda: source(walk), moved)
    page.close()
