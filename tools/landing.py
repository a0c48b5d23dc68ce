"""What the landing page shows at once and without JavaScript: texts answered when the site is built, as plain HTML.

The texts stand in index.ipynb, as a list with the id `ask-texts`; the first of them stands in the text box."""
import html, re
from functools import cache
from pathlib import Path

TEXTS = re.compile(r'<ul id="ask-texts">(.*?)</ul>', re.S)
# What the networks' worker reads, in this order; the pages' bars are as long as all of it
LOADED = ['tokenizer.json', 'known.json', 'known.bin', 'text_encoder.onnx', 'tokens.bin', 'drawing.json', 'drawing.bin', 'drawer.onnx', 'image_encoder.onnx']


@cache
def names_of_slugs():
    "What to call each emoji: its first keyword, else its name in Unicode"
    import unicodedata
    from emoji_sqam.data import load_emojis
    from emoji_sqam.lexicons import load_keywords
    emojis = load_emojis()
    unicode = [' '.join(unicodedata.name(c, c) for c in char).lower() for char in emojis.chars]
    return {slug: words[0] if words else name for slug, words, name in zip(emojis.slugs, load_keywords(emojis), unicode)}


def picture(slug, size, alt):
    return f'<img src="twemoji/{slug}.svg" alt="{html.escape(alt)}" width="{size}" height="{size}" data-slug="{slug}">'


def drawing(svg, text, place):
    "A made-up emoji, to stand in a page where no other has its names"
    svg = re.sub(r'(id="|url\(#)', rf'\g<1>{place}-', svg)
    return svg.replace('<svg ', f'<svg role="img" aria-label="Made up for: {html.escape(text)}" ', 1)


def parents(made_up): return ' and '.join(names_of_slugs()[slug] for slug in made_up.parents)


def example(answerer, text, place):
    "A text, the five emojis that answer it, and the one that was made up for it"
    names = names_of_slugs()
    found = answerer.answer(text)
    five = ''.join(picture(slug, 32, names[slug]) for slug in found.slug)
    suggested = answerer.suggest(text)[0]
    made_up = drawing(suggested.svg, text, f'example{place}')
    return f'<li data-parents="{html.escape(parents(suggested))}"><button type="button">{html.escape(text, quote=False)}</button><span class="ask-five">{five}</span>{made_up}</li>'


def answer_box(texts):
    "The text box with the answers to the first text, and a list of all texts with theirs"
    from emoji_sqam.prediction import Answerer
    answerer, names = Answerer.from_pretrained(), names_of_slugs()
    first = texts[0]
    five = ''.join(f'<li>{picture(slug, 112, "")}<span>{html.escape(names[slug])}</span></li>' for slug in answerer.answer(first).slug)
    suggested = answerer.suggest(first)[0]
    made_up = drawing(suggested.svg, first, 'first')
    rows = '\n'.join(example(answerer, text, place) for place, text in enumerate(texts[1:]))
    return f'''<link rel="stylesheet" href="try_it/landing.css">
<section id="ask" aria-label="A text becomes emojis">
<label for="ask-text">Write something</label>
<textarea id="ask-text" rows="1" spellcheck="false" autocomplete="off" aria-describedby="ask-note">{html.escape(first, quote=False)}</textarea>
<div class="ask-answer">
<ol id="ask-answers" aria-label="The five best of {len(names)} emojis">{five}</ol>
<figure><div id="ask-drawing">{made_up}</div><figcaption>made up of <span id="ask-parents">{html.escape(parents(suggested))}</span></figcaption></figure>
</div>
<p id="ask-note" role="status"></p>
<p class="ask-loading"><progress id="ask-bar" value="0" max="1" aria-label="Networks loaded" hidden></progress> <span id="ask-left"></span></p>
<noscript><p>A text of your own needs JavaScript here, or <code>emoji-sqam answer "a text"</code> on a command line.</p></noscript>
</section>
<h2 id="ask-more">Or press one of these</h2>
<ul id="ask-examples" aria-labelledby="ask-more">
{rows}
</ul>
<script type="module" src="try_it/landing.js"></script>'''


def fill(site):
    "Put the answers where the list of texts stands in the built page, and beside it the emojis as their artists drew them"
    from emoji_sqam.data import load_drawings
    (site/'twemoji').mkdir(exist_ok=True)
    for slug, svg in load_drawings().items(): (site/'twemoji'/f'{slug}.svg').write_text(svg, encoding='utf-8')
    page = site/'index.html'
    text = page.read_text(encoding='utf-8')
    text = re.sub(r'(<h1[^>]*>).*?</h1>', r'\1Write a text, get emojis</h1>', text, count=1, flags=re.S)
    texts = [html.unescape(item.strip()) for item in re.findall('<li>(.*?)</li>', TEXTS.search(text)[1], re.S)]
    page.write_text(TEXTS.sub(lambda found: answer_box(texts), text), encoding='utf-8')


def answer_first(site):
    "On the page Try it the answers to the text that stands there, until the networks are loaded"
    from emoji_sqam.prediction import Answerer
    answerer, names, page = Answerer.from_pretrained(), names_of_slugs(), site/'try_it.html'
    built = page.read_text(encoding='utf-8')
    text = html.unescape(re.search(r'<textarea id="try-text"[^>]*>(.*?)</textarea>', built, re.S)[1])
    rows = ''.join(f'''<li><button class="try-answer" type="button" disabled>{picture(slug, 40, '')}
<span class="try-name">{html.escape(names[slug])}</span><span class="try-score">{score:.2f}</span></button></li>'''
                   for slug, score in answerer.answer(text)[['slug', 'score']].to_numpy())
    (site/'try_it'/'first.svg').write_text(answerer.suggest(text)[0].svg, encoding='utf-8')
    built = re.sub(r'(<ol id="try-answers"[^>]*>)', rf'\g<1>{rows}', built, count=1)
    built = re.sub(r'(<img[^>]*id="try-made-up"[^>]*src=")[^"]*', r'\g<1>try_it/first.svg', built, count=1)
    page.write_text(built, encoding='utf-8')


def say_sizes(site):
    "Tell the pages' bars how many bytes there are to load"
    total = sum((Path(site)/'try_it'/name).stat().st_size for name in LOADED)
    for name in ('index.html', 'try_it.html'):
        page = site/name
        text = page.read_text(encoding='utf-8')
        page.write_text(re.sub(r'(<progress id="\w+-bar" value="0" max=")1"', rf'\g<1>{total}"', text), encoding='utf-8')
