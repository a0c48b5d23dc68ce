"The page Try it in a real browser: quick, equal to Python, usable by touch and by keyboard. Skipped where there is no Chromium or no built site"
import csv, random, re, socket
import numpy as np, pytest
from emoji_sqam.images import SIZE, rasterise
from emoji_sqam.layout import count_shapes
from emoji_sqam.weights import PRETRAINED
from test_site import SITE, address, browser, pytestmark  # fixtures, and when to skip

TEXT = 'pizza and beer with friends tonight'  # stands in the page when it opens
ODD = ['http://t.co/abc what a day', 'HTTPS://X.Y/Z?q=1!!', 'https:// and http://a', 'www.example.com', 'I can’t, won’t, don’t; I’m, you’re, we’ll, I’ve, she’d, it’s',
       "CAN'T won't DIDN'T", "'s", '🎉', '🎉🎉 party ❤️ yes', '👩‍👩‍👧 family 🇮🇹', '1,000.50 at 12:30 or 3.', '1٣ ½ ² ⅷ', 'wow!!! really??? ok... .. ?? !!', '...', '!', '?!?!',
       '&amp; &lt;3 &gt;', '@united #fail $5 50%', 'word '*60, 'a'*80, 'so '*39 + 'good bad', 'naïve café İstanbul ǅ ß ẞ ÉCOLE', '日本語のテキスト', 'Привет мир', 'مرحبا', 'नमस्ते', '한글',
       '[url] [!!] [abc] [ABC] [number] [x', 'a_b_c', 'tab\tnew\nline', ' no\u00a0break\u2003em', '\u200bzero', 'e\u0301 combining x̂', 'xkcdqwerty zzzz', 'ΣΑΣ ΟΔΥΣΣΕΥΣ', '\U0001d400 math',
       'ctl \x07 \x1c', '\ufeffbom \x85nel', 'ſtop K Å', '$& $1 \\1', '  spaces  ', 'İ', 'ﬁne']


def mixtures(texts, count):
    "Pieces of the texts, cut anywhere and joined, so that rules of the tokenizer meet"
    draw = random.Random(0)
    def piece():
        text = draw.choice(texts)
        start = draw.randrange(len(text))
        return text[start:start + draw.randrange(1, 40)]
    made = [draw.choice(['', ' ', "'", '!']).join(piece() for _ in range(draw.randrange(2, 5))) for _ in range(count)]
    return [text if text.strip() else 'blank' for text in made]


@pytest.fixture(scope='module')
def texts():
    with open(PRETRAINED.parent/'texts'/'development.csv', encoding='utf-8') as f: free = [row['text'] for row in csv.DictReader(f)]
    return free[:100] + ODD + mixtures(free + ODD*2, 200 - len(ODD) - 100)


WATCH_POLICY = "addEventListener('securitypolicyviolation', e => console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`))"


def watched(browser, **options):
    "A page, and lists that fill with what goes wrong in it, breaches of its policy too, and with the hosts that it asks"
    page, trouble, hosts = browser.new_page(**options), [], set()
    page.add_init_script(WATCH_POLICY)
    page.on('console', lambda m: trouble.append(m.text) if m.type == 'error' else None)
    page.on('pageerror', lambda e: trouble.append(str(e)))
    page.on('requestfailed', lambda r: trouble.append(f'{r.url} failed'))
    page.on('request', lambda r: hosts.add(r.url.split('/')[2]) if r.url.startswith('http') else None)
    return page, trouble, hosts


def opened(page, address):
    page.goto(f'{address}/try_it.html')
    page.wait_for_selector('#try-it[aria-busy=false]', timeout=60_000)
    assert page.evaluate('typeof emojiSqam') == 'object', page.inner_text('#try-status')


@pytest.fixture(scope='module')
def shared(browser, address):
    page, trouble, hosts = watched(browser)
    opened(page, address)
    yield page
    assert trouble == []
    assert hosts == {address.split('/')[2]}
    page.close()


@pytest.fixture
def page(browser, address):
    page, trouble, hosts = watched(browser)
    opened(page, address)
    yield page
    assert trouble == []
    assert hosts == {address.split('/')[2]}
    page.close()


def made_up_for(page, text): page.wait_for_function('text => document.documentElement.dataset.tryMadeUp === text', arg=text, timeout=60_000)
def svg(page, picture): return page.evaluate('id => decodeURIComponent(document.getElementById(id).src.replace("data:image/svg+xml,", ""))', picture)


def at_rest(page):
    "Wait until the page no longer glides"
    page.wait_for_function('() => { const still = window.seen === scrollY; window.seen = scrollY; return still; }', polling=300)


def changed(page, before):
    "The drawing, once it is another one than `before`"
    page.wait_for_function('old => decodeURIComponent(document.getElementById("try-drawing").src.replace("data:image/svg+xml,", "")) !== old', arg=before, timeout=10_000)
    return svg(page, 'try-drawing')


@pytest.mark.parametrize('name', ['text_encoder.onnx', 'drawer.onnx', 'image_encoder.onnx', 'tokenizer.json'])
def test_files_are_those_of_the_package(name):
    assert (SITE/'try_it'/name).read_bytes() == (PRETRAINED/name).read_bytes()


def test_tokens_and_cosines_equal_pythons(shared, texts, answerer):
    assert len(texts) == 200 and len(set(texts)) >= 195
    found = shared.evaluate('''async texts => {
        const all = [];
        for (const text of texts) all.push([await emojiSqam.tokens(text), await emojiSqam.scores(text)]);
        return all; }''', texts)
    wrong = [text for text, (tokens, _) in zip(texts, found) if tokens != answerer.tokenizer.encode(text).ids]
    assert wrong == []
    ours = np.array([scores for _, scores in found])
    away = np.abs(ours - np.concatenate([answerer.score([text], answerer.slugs) for text in texts]))
    print(f'the largest of {away.size} differences between cosines is {away.max():.1e}')
    assert away.max() < 1e-4


def test_answers_are_pythons(shared, texts, answerer):
    for text in texts[::10]:
        found, expected = shared.evaluate('text => emojiSqam.answer(text, 5)', text), answerer.answer(text)
        assert [x['score'] for x in found] == pytest.approx(expected.score.tolist(), abs=1e-4)
        if len(expected) and (np.diff(answerer.answer(text, 6).score) < -1e-5).all(): assert [x['slug'] for x in found] == expected.slug.tolist()


def test_typing_answers_and_says_so(page, answerer):
    said = page.locator('#try-said')
    box = page.get_by_label('Your text')
    box.focus(); page.keyboard.press('Control+a'); page.keyboard.type('my bag is lost')
    best = answerer.answer('my bag is lost')
    page.wait_for_function('score => document.querySelector("#try-answers .try-score")?.textContent === score', arg=f'{best.score[0]:.2f}', timeout=10_000)
    shown = page.locator('#try-answers .try-score').all_inner_texts()
    assert [float(x) for x in shown] == pytest.approx(best.score.tolist(), abs=.0051)
    names = page.locator('#try-answers .try-name').all_inner_texts()
    page.wait_for_function('name => document.getElementById("try-said").textContent.includes(name)', arg=names[0], timeout=10_000)
    assert said.get_attribute('aria-live') == 'polite' and all(name in said.inner_text() for name in names)
    box.fill(' ')
    page.wait_for_function('() => !document.querySelector("#try-answers li")')
    assert 'Write something' in page.inner_text('#try-note')
    box.fill('zzzqqq')
    page.wait_for_function('() => document.getElementById("try-note").textContent.startsWith("No word")')
    assert page.locator('#try-answers li').count() == 0


def test_made_up_emoji_scores_as_shown_and_is_the_same_each_time(browser, address, shared, answerer):
    made_up_for(shared, TEXT)
    first, shown = svg(shared, 'try-made-up'), shared.inner_text('#try-made-up-score')
    assert shown in shared.inner_text('#try-said-made-up')
    score = float(re.match(r'−?[\d.]+', shown)[0].replace('−', '-'))
    picture = rasterise(first, SIZE, 0)
    assert score == pytest.approx(float(answerer.score([TEXT], picture[None])[0, 0]), abs=.05)  # browsers rasterise edges in their own way
    again, _, _ = watched(browser)
    opened(again, address)
    made_up_for(again, TEXT)
    assert svg(again, 'try-made-up') == first and again.inner_text('#try-made-up-score') == shown
    again.close()


def test_each_slider_changes_the_drawing(page):
    sliders = page.get_by_role('slider')
    assert [s.get_attribute('aria-label') for s in sliders.all()] == [f'latent number {i}' for i in range(1, 17)]
    for slider in sliders.all():
        before, value = svg(page, 'try-drawing'), float(slider.input_value())
        slider.focus(); page.keyboard.press('PageUp'); page.keyboard.press('ArrowRight')
        changed(page, before)
        assert float(slider.input_value()) > value


def test_map_by_keyboard_and_by_pointer(page):
    map = page.locator('#try-map')
    page.locator('#try-text').focus()
    for _ in range(30):  # the way there with the Tab key alone
        page.keyboard.press('Tab')
        if page.evaluate('document.activeElement.id') == 'try-map': break
    assert page.evaluate('document.activeElement.id') == 'try-map'
    assert page.evaluate('getComputedStyle(document.activeElement).outlineStyle') == 'solid'
    at_rest(page)
    scrolled, before, near = page.evaluate('scrollY'), svg(page, 'try-drawing'), page.inner_text('#try-near')
    for key in ('ArrowRight', 'ArrowUp', 'Shift+ArrowLeft', 'ArrowDown', 'ArrowDown', 'ArrowDown'):
        page.keyboard.press(key)
        before = changed(page, before)
    at_rest(page)
    assert page.evaluate('scrollY') == scrolled, 'an arrow key scrolled the page'
    page.wait_for_function('near => document.getElementById("try-near").textContent !== near', arg=near)
    page.wait_for_function('() => document.getElementById("try-said").textContent.includes(document.getElementById("try-near").textContent)', timeout=10_000)
    box = map.bounding_box()
    page.mouse.move(box['x'] + .8*box['width'], box['y'] + .5*box['height']); page.mouse.down()
    before = changed(page, before)
    page.mouse.move(box['x'] + .2*box['width'], box['y'] + .5*box['height'], steps=4); page.mouse.up()
    changed(page, before)


def test_an_answer_is_drawn_from_its_code(page, answerer):
    page.get_by_role('button', name='a cup of tea and a good book').click()
    page.wait_for_function('() => !document.getElementById("try-text").value.startsWith("thank")')
    made_up_for(page, 'a cup of tea and a good book')
    slug = answerer.answer('a cup of tea and a good book').slug[0]
    before = svg(page, 'try-drawing')
    page.locator('#try-answers button').first.click()
    drawn = changed(page, before)
    expected = page.evaluate('code => emojiSqam.draw(code, false)', answerer.codes[answerer.slugs.index(slug)].tolist())
    assert drawn == expected and count_shapes(drawn) > 1
    page.locator('#try-use').click()
    before = changed(page, drawn)
    page.locator('#try-random').click()
    changed(page, before)


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_on_a_phone(browser, address, scheme):
    page = browser.new_page(viewport={'width': 375, 'height': 700}, color_scheme=scheme, reduced_motion='reduce', has_touch=True)
    page.add_init_script('''window.shift = 0;
        new PerformanceObserver(list => list.getEntries().forEach(e => window.shift += e.value)).observe({type: 'layout-shift', buffered: true})''')
    opened(page, address)
    made_up_for(page, TEXT)
    assert page.evaluate('document.documentElement.scrollWidth') <= 375
    assert page.evaluate('window.shift') < .02, 'the page moves while it loads'
    page.locator('#try-z16').scroll_into_view_if_needed()
    assert page.evaluate('''() => {
        const box = document.getElementById('try-drawing').getBoundingClientRect();
        const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return box.bottom < innerHeight && top?.id; }''') == 'try-drawing', 'the drawing is out of sight while the last slider moves'
    assert page.evaluate('getComputedStyle(document.getElementById("try-marker")).transitionDuration') == '0s'
    page.close()


ANSWERS, DRAWS, MAKES_UP = 'cannot answer', 'cannot draw', 'cannot make emojis up'


@pytest.mark.parametrize('name, said', [('text_encoder.onnx', ANSWERS), ('known.json', ANSWERS), ('known.bin', ANSWERS), ('tokens.bin', ANSWERS), ('networks.js', ANSWERS),
                                        ('tokenizers.min.mjs', ANSWERS), ('onnx.js', ANSWERS), ('drawer.onnx', DRAWS), ('drawing.bin', DRAWS), ('image_encoder.onnx', MAKES_UP)])
def test_a_missing_file_is_said(browser, address, name, said):
    "In one message that no other contradicts; what cannot be done is disabled, and what can goes on"
    page = browser.new_page()
    page.route(f'**/{name}', lambda route: route.fulfill(status=404, body='gone'))
    page.goto(f'{address}/try_it.html')
    page.wait_for_selector('#try-status.try-failed', timeout=60_000)
    assert said in page.inner_text('#try-status')
    if name.endswith(('.onnx', '.json', '.bin')): assert name in page.inner_text('#try-status')
    assert page.inner_text('#try-left') == page.inner_text('#try-made-up-state') == '' and not page.locator('#try-bar').is_visible()
    enabled = page.locator('#try-sliders input:enabled').count(), page.locator('#try-text:enabled').count()
    assert enabled == {ANSWERS: (0, 0), DRAWS: (0, 1), MAKES_UP: (16, 1)}[said]
    assert (page.get_attribute('#try-map', 'aria-disabled') == 'true') == (said != MAKES_UP)
    if said == ANSWERS: assert page.inner_text('#try-note') == ''
    else:
        page.fill('#try-text', 'a cup of tea and a good book')
        page.wait_for_function('() => document.querySelector("#try-answers .try-name")?.textContent.includes("tea")', timeout=10_000)
        assert said in page.inner_text('#try-status')
    page.close()


def test_a_long_text_is_cut_and_says_so(page):
    page.fill('#try-text', 'so ' * 39 + 'good')
    page.wait_for_function('() => document.querySelectorAll("#try-answers li").length === 5')
    assert 'first 40' not in page.inner_text('#try-note')
    page.fill('#try-text', 'so ' * 600 + 'good')
    page.wait_for_function('() => document.getElementById("try-note").textContent.startsWith("Only the first 40 words")')
    assert len(page.input_value('#try-text')) == 1804


CARE = ['I want to die', 'i don’t want to be alive', 'life isn&#39;t worth living', 'why #suicidal', 'this traffic is killing me', 'kill the lights', 'my phone died']


def test_texts_of_self_harm_get_care_as_in_python(page, answerer):
    for text in CARE:
        slugs = [x['slug'] for x in page.evaluate('text => emojiSqam.answer(text, 5)', text)]
        assert slugs == answerer.answer(text).slug.tolist()
    page.fill('#try-text', CARE[0])
    page.wait_for_function('() => document.getElementById("try-note").textContent.startsWith("This is no help line")')
    made_up_for(page, CARE[0])


def test_every_place_of_the_map_is_drawn(page):
    "Its empty corner too: 118 × 118 places, and no number that is none"
    bad = page.evaluate("""() => {
        const bad = [];
        for (let x = .5; x < 30; x += .25) for (let y = .5; y < 30; y += .25) if (!emojiSqam.codeAt([x, y]).every(Number.isFinite)) bad.push([x, y]);
        return bad; }""")
    assert bad == []
    box = page.locator('#try-map').bounding_box()
    before = svg(page, 'try-drawing')
    page.locator('#try-map').click(position={'x': box['width']-3, 'y': box['height']-3})
    assert 'NaN' not in changed(page, before) and 'Infinity' not in page.inner_text('#try-near')


@pytest.mark.parametrize('width, height', [(1280, 700), (390, 700)])
def test_a_pressed_answer_is_drawn_in_sight(browser, address, width, height):
    page = browser.new_page(viewport={'width': width, 'height': height})
    opened(page, address)
    before = svg(page, 'try-drawing')
    page.locator('#try-answers .try-answer').first.click()
    changed(page, before)
    at_rest(page)
    box = page.locator('#try-drawing').bounding_box()
    assert 0 <= box['y'] and box['y'] + box['height'] <= height
    page.close()


# ---- the page's policy

MARKUP = ['<img src=x onerror="window.ran = 1">', '"><script>window.ran = 1</script>', '</textarea><svg onload="window.ran = 1">', '<b>thank you</b> so much', '&lt;b&gt; &amp;', "javascript:alert('hi')",
          '{{7*7}} ${7*7}', '<a href="http://x.example/">thank you</a>', '<style>*{display:none}</style> happy', '\u202e<i>lovely</i>\u0000 day']


def elements(page): return page.evaluate('Array.from(document.querySelectorAll("*")).filter(e => !e.closest("#try-answers")).length')


def test_text_never_becomes_markup(page):
    before = elements(page)
    for text in MARKUP:
        page.locator('#try-text').fill(text)
        page.evaluate('text => emojiSqam.answer(text)', text)  # comes after what was typed
        page.wait_for_timeout(200)
        assert elements(page) == before, text
        assert page.evaluate('Array.from(document.querySelectorAll("#try-answers *")).every(e => ["LI", "BUTTON", "SPAN"].includes(e.tagName))')
    assert page.evaluate('window.ran') is None and page.locator('#try-text').is_visible()


def test_the_policy_holds_in_the_page_and_in_its_worker(browser, address):
    page, trouble, _ = watched(browser)
    opened(page, address)
    with socket.create_server(('127.0.0.1', 0)) as other:
        elsewhere = f'http://localhost:{other.getsockname()[1]}/'
        asked = f'fetch("{elsewhere}").then(() => "sent", error => String(error))'
        assert 'TypeError' in page.evaluate(asked) and 'TypeError' in page.workers[0].evaluate(asked)
        page.evaluate("""elsewhere => {
            const script = document.createElement('script'); script.textContent = 'window.ran = 1'; document.body.append(script);
            const image = document.createElement('div'); image.innerHTML = '<img src="try_it/none.png" onerror="window.ran = 1">'; document.body.append(image);
            const far = new Image(); far.src = elsewhere; }""", elsewhere)
        page.wait_for_timeout(500)
        assert page.evaluate('window.ran') is None
        broken = {line.split()[1] for line in trouble if line.startswith('policy: ')}
        assert {'connect-src', 'script-src-elem', 'script-src-attr', 'img-src'} <= broken
        other.settimeout(.1)
        with pytest.raises(TimeoutError): other.accept()  # nobody came
    page.close()


def test_dark_and_light_can_be_switched(page):
    switch = page.locator('[data-toggle-scheme]').first
    shade = 'getComputedStyle(document.body).backgroundColor'
    before = page.evaluate(shade)
    switch.click()
    page.wait_for_function(f'before => {shade} !== before', arg=before, timeout=10_000)


def test_the_policy_names_no_other_host():
    [policy] = re.findall('http-equiv="Content-Security-Policy" content="([^"]*)"', (SITE/'try_it.html').read_text(encoding='utf-8'))
    rules = dict(rule.split(' ', 1) for rule in policy.split('; '))
    assert rules['default-src'] == "'self'" and 'unsafe-inline' not in policy and "'unsafe-eval'" not in policy and '//' not in policy
