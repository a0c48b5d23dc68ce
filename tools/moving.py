"""Figures that move: how they stand in the built pages before anybody touches them, and the files that they read afterwards.

They are put beside the notebooks' own pictures, by the sections in which these stand, so that the notebooks stay as they are."""
import html, json
import numpy as np
import landing

TICKS, LIMIT = 20, 2.        # of the post's grid, as in the notebook on generation
CELL, GAP = 48, 2            # pixels across a drawing of the grid; about it
REACH = 4                    # sliders of latent numbers go from −REACH to REACH, in steps of a tenth
SHOWN = 216                  # pixels across the drawing that moves
START, END, TAKEN_APART = '1f34e', '1f383', '1f427'  # 🍎 and 🎃, as in the notebook; 🐧
FILES = ['drawer.onnx', 'drawing.json', 'drawing.bin']  # what a worker reads that only draws
PLACES = {  # page: CSS selectors of what a figure follows, and the figure
    'generation.html': {'#sixteen-dimensions-from-two .cell:has(img)': 'grid',
                        '#a-walk-between-two-emojis .cell:has(img)': 'walk'},
    'vae.html': {'#title-block-header + p': 'sliders'}}
MAP, MAP_CELLS = '#a-map-of-872-codes .cell img', 38  # on the page vae.html, with a pixel between cells


def picture(name, alt):
    size = f'width="{SHOWN}" height="{SHOWN}"'
    return f'<img class="moving-drawing" src="try_it/moving/{name}.svg" alt="{html.escape(alt)}" {size}>'


def end(slug): return landing.picture(slug, 36, landing.names_of_slugs()[slug])


def figure(name, body, caption, size, **data):
    "A figure that stands still: its controls wait for the page's script, its bar for the first touch"
    known = ''.join(f" data-{key}='{json.dumps(value)}'" for key, value in data.items())
    return f'''<figure class="moving" id="moving-{name}"{known}>
{body}
<figcaption>{caption}</figcaption>
<p class="moving-loading">
<progress value="0" max="{size}" aria-label="Network loaded" hidden></progress> <span role="status"></span></p>
</figure>'''


def walk(codes, size):
    names = landing.names_of_slugs()
    way = f'From {names[START]} to {names[END]}'
    slider = f'<input type="range" min="0" max="1" step="0.01" value="0.5" aria-label="{way}" disabled>'
    body = f'''{picture('walk', f'{way}: what is drawn on the way')}
<div class="moving-way">{end(START)}{slider}{end(END)}</div>'''
    caption = 'Drag the slider, and the drawing with outlines walks from one code to the other.'
    return figure('walk', body, caption, size, codes=[codes[slug].tolist() for slug in (START, END)])


def grid(codes, size):
    across = TICKS*(CELL + 2*GAP)
    drawings = f'alt="The {TICKS**2} drawings of composition A" width="{across}" height="{across}"'
    body = f'''<div class="moving-plane"><img src="try_it/moving/grid.png" {drawings} loading="lazy"></div>
<div class="moving-place">{picture('grid', 'What is drawn at the chosen place')}
<output>first coordinate 0.0, second 0.0</output></div>'''
    caption = '''Composition A, drawn. Point at a place, also between two drawings, and it is drawn large; or focus the plane
and press the arrow keys, with Shift for small steps.'''
    return figure('grid', body, caption, size, ticks=TICKS, limit=LIMIT)


def slider(number, value):
    shown = f'{value:.1f}'
    return f'''<label><span>{number}</span><input type="range" min="-{REACH}" max="{REACH}" step="0.1" value="{shown}"
 aria-label="latent number {number}" disabled><output>{shown.replace('-', '−')}</output></label>'''


def sliders(codes, size):
    name = landing.names_of_slugs()[TAKEN_APART]
    drawn = picture('sliders', f'What is drawn from the sixteen numbers, at first those of the emoji {name}')
    each = ''.join(slider(1+i, value) for i, value in enumerate(codes[TAKEN_APART]))
    body = f'''<div class="moving-place">{drawn}<button type="button" disabled>Back to the {name}</button></div>
<div class="moving-sliders" role="group" aria-label="The sixteen numbers">{each}</div>'''
    caption = 'The sixteen numbers of a code, and what the <a href="drawing.html">drawer</a> draws from them. Move one.'
    return figure('sliders', body, caption, size)


def sheet(images):
    "Transparent pictures in a square, without many colours"
    from PIL import Image
    step = CELL + 2*GAP
    whole = Image.new('RGBA', (TICKS*step, TICKS*step))
    for i, image in enumerate(images): whole.paste(Image.fromarray(image), (i%TICKS*step + GAP, i//TICKS*step + GAP))
    return whole.quantize(256)


def make(site, answerer):
    "The figures' files, and for each page what to put where"
    from emoji_sqam.generation import grid_codes
    (site/'try_it'/'moving').mkdir(exist_ok=True)
    codes = {slug: answerer.codes[answerer.slugs.index(slug)].astype(float) for slug in (START, END, TAKEN_APART)}
    codes[TAKEN_APART] = codes[TAKEN_APART].round(1) + 0.  # as exact as its sliders; no −0
    stills = {'walk': (codes[START]+codes[END])/2, 'grid': np.zeros(16), 'sliders': codes[TAKEN_APART]}
    for name, svg in zip(stills, answerer.drawer.svg(list(stills.values()), snap=False)):
        (site/'try_it'/'moving'/f'{name}.svg').write_text(svg, encoding='utf-8')
    plane = answerer.drawer.pictures(grid_codes('A', TICKS, LIMIT), CELL, snap=False)
    sheet(plane).save(site/'try_it'/'moving'/'grid.png', optimize=True)
    size = sum((site/'try_it'/name).stat().st_size for name in FILES)
    made = {make.__name__: make(codes, size) for make in (walk, grid, sliders)}
    return {page: {place: made[name] for place, name in places.items()} for page, places in PLACES.items()}


def add(page, figures, parse):
    "Put figures where they belong on a page, and what moves them"
    for place, figure in figures.items():
        found = page.select_one(place)
        if not found: raise ValueError(f'a figure that moves has lost its place: {place}')
        found.insert_after(parse(figure))
    page.head.append(page.new_tag('link', attrs={'rel': 'stylesheet', 'href': 'try_it/moving.css'}))
    page.head.append(page.new_tag('script', attrs={'type': 'module', 'src': 'try_it/moving.js'}))


def name_map(page, site):
    "Names for the emojis of the map on a page: which emoji stands in a cell is read from the picture itself"
    from PIL import Image
    from emoji_sqam.data import load_emojis
    from emoji_sqam.images import SIZE, composite
    found = page.select_one(MAP)
    with Image.open(site/found['src']) as image: pixels = np.array(image.convert('RGB'))
    emojis, names, step = load_emojis(), landing.names_of_slugs(), SIZE+1
    known = {image.tobytes(): names[slug] for image, slug in zip(composite(emojis.images), emojis.slugs)}
    starts = range(1, MAP_CELLS*step, step)
    cells = [[known.get(pixels[y:y+SIZE, x:x+SIZE].tobytes()) for x in starts] for y in starts]
    count = sum(name is not None for line in cells for name in line)
    if count != len(emojis): raise ValueError(f'{count} of {len(emojis)} emojis are found on the map')
    (site/'try_it'/'moving'/'map.json').write_text(json.dumps(cells, ensure_ascii=False), encoding='utf-8')
    found.wrap(page.new_tag('div', attrs={'class': 'named-map', 'data-columns': str(MAP_CELLS)}))
