"""What the built pages need beyond what the renderer gives. A page is parsed once; each function mends one thing in it."""
import base64, hashlib, re
from decimal import Decimal
from functools import cache
from bs4 import BeautifulSoup

DECIMAL = re.compile(r'-?\d+\.\d+')
NUMBER = re.compile(r'[−+-]?[\d,]*\.?\d+(?:e[−+-]?\d+)?(?: ?(?:%|×|s|ms|MB|kB))?')
NOTHING = {'NaN', '<NA>', 'None', 'NaT', 'nan'}
LONGEST_DECIMALS = 3   # of a column that pandas has written in full
CARD_COLUMNS = 4, 10   # a table of so many columns is a pile of cards on a phone; a wider one scrolls
SHORT = 16             # characters: a column of such texts keeps each in one line
MOST_SHRUNK = 640      # pixels: on a phone a wider figure with words in it is not made smaller, but scrolls
LEAST_ENLARGED = 500   # pixels: a narrower figure is shown whole as it is
MOST_CONSTANTS = 12    # lines: so much of exported source stays open where it defines no function
CODE = 'pre', 'code', 'script', 'style', 'textarea'
CHART, EMOJI_PICTURE = re.compile(r'plt\.|\bax\.|diagram\('), re.compile(r'mosaic|imshow|OffsetImage|emoji_map|plot_answers|show_pictures')
SIGN_CHARACTERS = '©®™↔▶✔✖'  # which are letters where no selector says otherwise


def parse(text): return BeautifulSoup(text, 'html.parser')


def add_class(tag, name): tag['class'] = [*tag.get('class', []), name]


# ---- Head and frame

SCHEME = """{
  let chosen = null;
  try { chosen = localStorage.getItem('smalldocs-scheme'); } catch { /* a private window keeps nothing */ }
  if (chosen ? chosen === 'alternate' : matchMedia('(prefers-color-scheme: dark)').matches) {
    Object.assign(document.documentElement.dataset, { bsTheme: 'dark', scheme: 'alternate' });
    document.documentElement.classList.add('quarto-dark');
  }
}"""


def use_one_theme(page):
    "Light and dark from one style sheet, which knows both, so that nobody loads what they do not see; chosen before the first paint"
    dark = page.find(id='quarto-bootstrap-dark')
    if not dark: return
    dark.decompose()
    light = page.find(id='quarto-bootstrap-light')
    del light['media'], light['class'], light['data-mode']
    script = next(tag for tag in page.head.find_all('script') if 'quarto-color-scheme' in (tag.string or ''))
    script.string = SCHEME
    for bar in page.select('nav.navbar'):
        bar.attrs.pop('data-bs-theme', None)
        bar['class'] = [name for name in bar['class'] if name != 'bg-light']
    for switch in page.select('.quarto-color-scheme-toggle'):
        button = page.new_tag('button', attrs={'type': 'button', 'class': switch['class'], 'title': 'Light or dark',
                                               'aria-label': 'Light or dark', 'data-toggle-scheme': ''})
        button.extend(list(switch.children))
        switch.replace_with(button)


def add_head(page, up, address, card):
    "Its one address; our typeface, mark and script; the picture that stands for the page elsewhere; titles without the marks of code"
    for tag in page.head.find_all(['meta', 'title']):
        if tag.get('content'): tag['content'] = tag['content'].replace('`', '')
        if tag.string: tag.string = tag.string.replace('`', '')
        if tag.get('property') == 'og:image' or tag.get('name') == 'twitter:image': tag['content'] = card
    for script in page.head.find_all('script', src=re.compile('fuse')): script['src'] = f'{up}search.js'
    for icon in page.head.find_all('link', rel='icon'): icon.decompose()
    def add(name, **attributes): page.head.append(page.new_tag(name, attrs=attributes))
    own = f'{up}identity'
    add('link', rel='canonical', href=address)
    add('link', rel='icon', href=f'{own}/mark.svg', type='image/svg+xml')
    add('link', rel='alternate icon', href=f'{own}/mark-32.png', sizes='32x32')
    add('link', rel='apple-touch-icon', href=f'{own}/mark-180.png')
    typeface = {'as': 'font', 'type': 'font/woff2', 'crossorigin': ''}
    add('link', rel='preload', href=f'{own}/figtree-latin-wght-normal.woff2', **typeface)
    add('script', src=f'{up}site.js', defer='')
    for key, value in {'og:url': address, 'og:type': 'website', 'og:image:width': '1200', 'og:image:height': '630'}.items():
        add('meta', property=key, content=value)


def add_frame(page, up):
    "A way past the navigation, the mark beside the name, and navigation that the keyboard can open"
    skip = page.new_tag('a', attrs={'href': '#quarto-document-content', 'class': 'skip-link'})
    skip.string = 'Skip to the text'
    page.body.insert(0, skip)
    page.find('main')['tabindex'] = '-1'
    for title in page.select('.navbar-title'):
        size = {'width': '28', 'height': '28'}
        title.insert_before(page.new_tag('img', attrs={'src': f'{up}identity/mark.svg', 'alt': '', 'class': 'site-mark', **size}))
    for toggle in page.select('a[data-bs-toggle]'):
        toggle.name = 'button'
        toggle.attrs.pop('role', None)
        toggle['type'] = 'button'
    for number, navigation in enumerate(page.find_all('nav')):
        if not navigation.get('aria-label'):
            known = {'quarto-sidebar': 'Pages', 'TOC': 'On this page'}
            navigation['aria-label'] = known.get(navigation.get('id'), 'Site' if number == 0 else 'This page')
    for section in page.select('#quarto-sidebar .sidebar-item-section'):
        if section.find('span', string='Modules') and not section.select('[aria-current]'):
            for toggle in section.select('[data-bs-toggle]'): toggle['aria-expanded'] = 'false'; add_class(toggle, 'collapsed')
            section.ul['class'] = [name for name in section.ul['class'] if name != 'show']


def add_page_links(page, up, repository, branch, notebook):
    "For readers of notebooks: open or download this page as a notebook that installs what it needs, or change it"
    actions = page.select_one('.toc-actions .action-links')
    if not actions or not notebook: return
    name = notebook.rpartition('/')[2]
    published = repository.replace('https://github.com/', 'https://colab.research.google.com/github/')  # as `make docs` made it
    links = [('bi-play-circle', 'Open in Colab', f'{published}/blob/gh-pages/notebooks/{name}'),
             ('bi-download', 'Download this notebook', f'{up}notebooks/{name}'),
             ('bi-pencil', 'Edit this page', f'{repository}/edit/{branch}/{notebook}')]
    for icon, text, address in reversed(links):
        link = page.new_tag('a', attrs={'class': 'toc-action', 'href': address})
        if icon == 'bi-download': link['download'] = name
        link.extend([page.new_tag('i', attrs={'class': f'bi {icon}', 'aria-hidden': 'true'}), f' {text}'])
        actions.insert(0, link)


def add_footer(page, citation, version, day):
    "Which version the page tells of, and how to cite it"
    footer = page.select_one('.nav-footer-center')
    if not footer: return
    block = page.new_tag('details', attrs={'class': 'cite'})
    summary, cite = page.new_tag('summary'), page.new_tag('p')
    summary.string, cite.string = f'Version {version}{f" of {day}" if day else ""} · how to cite', citation
    block.extend([summary, cite])
    footer.append(block)


# ---- Reading

def names_in(source):
    "Functions and classes that a piece of source defines"
    return re.findall(r'^(?:def|class) (\w+)', source, re.M)


def fold_source(page):
    "Exported source is folded under its names: the signature above it is enough to go on with. Constants, which have none, stay open"
    for fold in page.select('details.code-fold'):
        if fold.summary.get_text() != 'Exported source': continue
        source = fold.pre.get_text()
        names = names_in(source)
        if not names and len(source.splitlines()) <= MOST_CONSTANTS:
            fold.summary.decompose()
            fold.unwrap()
        else:
            fold.attrs.pop('open', None)
            fold.summary.string = f'Source of {", ".join(names)}' if names else 'Source'


def loosen_comments(page):
    "What aligns comments is marked, so that a phone, which has no room for it, can leave it out"
    for comment in page.select('pre.sourceCode .co'):
        before = comment.previous_sibling
        if not isinstance(before, str) or not before.endswith('  '): continue
        code = before.rstrip(' ')
        padding = page.new_tag('span', attrs={'class': 'padding'})
        padding.string = before[len(code)+1:]
        before.replace_with(f'{code} ', padding)


def mend_reference(page):
    "What is said of a function: its name as code, its place in the source beside it; the contents list tells what the prose says alone"
    for block in page.select('.cell-output-markdown'):
        name = block.find(['h2', 'h3', 'h4'], id=True)
        link = block.select_one('a[style*="float:right"]')
        if not name or not link: continue
        add_class(block, 'reference')
        if block.hr: block.hr.decompose()
        del link['style']
        add_class(link, 'source-link')
        link['aria-label'] = f'source of {name.get_text()}'
        paragraph = link.parent
        name.insert_before(link)
        if paragraph.name == 'p': paragraph.decompose()
        for entry in page.select(f'#TOC a[href="#{name["id"]}"]'): entry.parent.decompose()
    for level in page.select('#TOC ul ul'):
        if not level.find('li'): level.decompose()


# ---- Tables

def columns_of(row):
    "Pairs of a cell and the column it begins in, in a row that no cell above reaches into"
    at = 0
    for cell in row.find_all(['td', 'th'], recursive=False):
        yield cell, at
        at += int(cell.get('colspan', 1))


def cells_by_column(rows):
    "For each row a dict, column → cell; where a cell above reaches down, its column is left out"
    reaching = {}  # column → rows that the cell in it still reaches into
    for row in rows:
        at, found = 0, {}
        for cell in row.find_all(['td', 'th'], recursive=False):
            while reaching.get(at):
                reaching[at] -= 1
                at += 1
            found[at] = cell
            if cell.get('rowspan'): reaching[at] = int(cell['rowspan'])-1
            at += int(cell.get('colspan', 1))
        yield found


def said(cell): return cell.get_text().strip()


def one_precision(cells):
    "Decimals of a column: none where all are whole; no more than tell its numbers apart where pandas wrote them in full"
    texts = [said(cell) for cell in cells]
    numbers = [text for text in texts if text]
    if not all(DECIMAL.fullmatch(text) for text in numbers): return
    for cell, text in zip(cells, texts):  # a count among measures
        if re.fullmatch(r'\d{3,}\.0+', text): cell.string = text.partition('.')[0]
    if all(Decimal(text) == int(Decimal(text)) for text in numbers) and any(abs(Decimal(text)) >= 2 for text in numbers):
        for cell, text in zip(cells, texts):
            if text: cell.string = str(int(Decimal(text)))
        return
    decimals = min(len(text.partition('.')[2]) for text in numbers)
    smallest = min([abs(Decimal(text)) for text in numbers if Decimal(text)], default=Decimal(1))
    wanted = max(LONGEST_DECIMALS, 1-smallest.adjusted())
    if decimals <= wanted: return
    for cell, text in zip(cells, texts):
        if text: cell.string = str(Decimal(said(cell)).quantize(Decimal(1).scaleb(-wanted)))


def mend_head(table):
    "The name of the row labels stands in the corner, not in a line of its own; rows that are only counted are not numbered"
    if not table.thead: return
    head = table.select('thead tr')
    if len(head) == 2 and not table.select('thead [colspan], thead [rowspan]'):
        first, second = (row.find_all('th') for row in head)
        if said(second[0]) and not any(said(cell) for cell in second[1:]):  # over the columns may stand what they are called, too
            first[0].string = said(second[0])
            head[1].decompose()
    rows = table.select('tbody tr')
    labels = [said(row.find(True)) for row in rows]
    corner = table.select_one('thead th')
    if len(table.select('thead tr')) == 1 and not said(corner) and labels == [str(i) for i in range(len(rows))] and rows[0].td:
        for cell in [corner, *[row.find(True) for row in rows]]: cell.decompose()


def mend_columns(table):
    "Numbers stand right, under headings that do, in one precision; text stands left; what is not there is left empty"
    rows = list(cells_by_column(table.select('tbody tr')))
    for row in rows:
        for cell in row.values():
            if said(cell) in NOTHING: cell.clear()
    for at in {at for row in rows for at in row}:
        cells = [row[at] for row in rows if at in row and row[at].name == 'td' and said(row[at]) != '...']  # rows left out
        texts = [said(cell) for cell in cells]
        if max(map(len, texts), default=0) <= SHORT:
            for cell in cells: add_class(cell, 'short')
        if not any(texts) or not all(NUMBER.fullmatch(text) for text in texts if text): continue
        one_precision(cells)
        heads = [cell for row in table.select('thead tr') for cell, begins in columns_of(row) if begins == at and not cell.get('colspan')]
        for cell in cells + heads: add_class(cell, 'number')


def make_cards(page, table):
    "On a phone each row of a wide table is a card, which names its columns"
    heads = table.select('thead tr')
    if len(heads) != 1 or table.select('[rowspan], [colspan]'): return
    names = [said(cell) for cell in heads[0].find_all(['th', 'td'])]
    if not CARD_COLUMNS[0] <= len(names) <= CARD_COLUMNS[1]: return
    if any(twemoji()[2].search(name) for name in names): return  # a card's labels are text, in which no emoji can be drawn
    add_class(table, 'cards')
    table['role'] = 'table'
    for row in table.select('tr'):
        row['role'] = 'row'
        for cell, name in zip(row.find_all(['td', 'th'], recursive=False), names):
            cell['role'] = 'columnheader' if cell.find_parent('thead') else 'rowheader' if cell.name == 'th' else 'cell'
            if cell.name == 'td': cell['data-label'] = name
            if not said(cell) and not cell.find('img'): add_class(cell, 'empty')


def mend_tables(page):
    "No style sheet for each table of pandas, nor what wraps it; columns that can be read; cards for phones"
    for style in page.select('main style'):
        box = style.parent
        style.decompose()
        if box.name == 'div' and not box.attrs: box.unwrap()
    for table in page.select('main table'):
        if table.find_parent('table'): continue
        for tag in [table, *table.select('thead, tbody, tr, th, td')]:
            for name in ('style', 'border', 'id'): tag.attrs.pop(name, None)
        for name in ('table', 'table-sm', 'caption-top'):
            if name not in table.get('class', []): add_class(table, name)
        mend_head(table)
        mend_columns(table)
        make_cards(page, table)
        if table.parent.get('class') != ['sd-table']: table.wrap(page.new_tag('div', attrs={'class': 'sd-table'}))


# ---- Emojis and figures

def stands_in(text, *names): return text.find_parent(names) is not None


@cache
def twemoji():
    "Twemoji's drawings by their characters without variation selectors, and what finds them in a text, longest first"
    from emoji_sqam.data import load_drawings
    drawings = {}
    for slug, svg in (load_drawings('latest') | load_drawings('1.2.0')).items():
        char = ''.join(chr(int(point, 16)) for point in slug.split('-')).replace('\ufe0f', '')
        if not char.isascii() and char not in SIGN_CHARACTERS: drawings[char] = slug, svg
    longest_first = sorted(drawings, key=len, reverse=True)
    starts = re.compile('[' + re.escape(''.join({char[0] for char in drawings})) + ']')  # quick to say that there is none
    return drawings, starts, re.compile('|'.join('\ufe0f?'.join(map(re.escape, char)) + '\ufe0f?' for char in longest_first))


def draw_emojis(page, folder, up):
    "Emojis as Twemoji draws them, whatever fonts there are. In code the character stays, to be copied, without a size"
    drawings, starts, pattern = twemoji()
    for text in list(page.main.find_all(string=starts)):
        if stands_in(text, 'script', 'style', 'textarea', 'svg', 'button') or text.find_parent(id='try-it'): continue
        is_code, parts, at = stands_in(text, *CODE), [], 0
        for found in pattern.finditer(text):
            slug, svg = drawings[found[0].replace('\ufe0f', '')]
            (folder/f'{slug}.svg').write_text(svg, encoding='utf-8')
            address = f'{up}{folder.name}/{slug}.svg'
            drawn = page.new_tag('img', attrs={'class': 'emoji', 'alt': '' if is_code else found[0], 'src': address, 'width': '20', 'height': '20'})
            if is_code:
                character = page.new_tag('span', attrs={'class': 'drawn'})
                character.extend([found[0], drawn])
                drawn = character
            parts += [text[at:found.start()], drawn]
            at = found.end()
        text.replace_with(*[part for part in [*parts, text[at:]] if part])


def mark_charts(page):
    "Which figures are lines and bars alone, whose ink can be light in the dark; those with emojis in them stay on paper"
    for cell in page.select('main .cell:has(img)'):
        code = ' '.join(block.get_text() for block in cell.select('.cell-code'))
        if not CHART.search(code) or EMOJI_PICTURE.search(code): continue
        for picture in cell.select('.cell-output img:not(.emoji)'): add_class(picture, 'chart')


def mend_figures(page, folder, up, here):
    "Figures as files of their own, with their sizes, loaded when they come near; large ones can be opened"
    from PIL import Image
    figures = [picture for picture in page.select('main img') if 'emoji' not in picture.get('class', [])]
    for place, picture in enumerate(figures):
        embedded = re.match(r'data:image/(\w+);base64,(.*)', picture['src'], re.S)
        if embedded:
            data = base64.b64decode(embedded[2])
            file = folder/f'{hashlib.sha256(data).hexdigest()[:16]}.{embedded[1]}'
            file.write_bytes(data)
            picture['src'] = f'{up}{folder.parent.name}/{folder.name}/{file.name}'
        else:
            file = here/picture['src']
            if file.suffix != '.png' or not file.is_file(): continue
        with Image.open(file) as image: width, height = image.size
        if not picture.get('width'): picture['width'], picture['height'] = str(width), str(height)
        if place: picture['loading'] = 'lazy'
        if width >= LEAST_ENLARGED: add_class(picture, 'enlarge')
        cell = picture.find_parent(class_='cell')
        code = cell.get_text() if cell else ''
        if width > MOST_SHRUNK and (CHART.search(code) or 'plot_answers' in code): add_class(picture, 'scrolls')  # its words stay legible
    for drawing in page.select('main svg[alt]'):
        drawing['role'], drawing['aria-label'] = 'img', drawing.attrs.pop('alt')


def mend_nesting(page):
    "No page holds a mark twice, nor a block within a paragraph, nor rows outside a part of their table"
    for table in page.select('main table'):
        rows = table.find_all('tr', recursive=False)
        if rows: rows[0].wrap(page.new_tag('tbody')).extend([row.extract() for row in rows[1:]])
    for paragraph in page.select('main p'):
        if paragraph.find(['div', 'p', 'table', 'ul', 'ol', 'pre', 'figure']): paragraph.name = 'div'
    seen = set()
    for tag in page.find_all(id=True):
        if tag['id'] in seen: del tag['id']
        else: seen.add(tag['id'])
    for comment in page.find_all(string=lambda text: 'AUTOGENERATED' in text and type(text).__name__ == 'Comment'): comment.extract()


# ---- What is made of all pages

def entries(page, name):
    "What the search knows of a page: for each heading the prose, the commands and the references under it, without source and tables"
    title = page.select_one('h1').get_text().strip()
    found = [{'href': name, 'title': title, 'section': '', 'text': ''}]
    skipped = ['table', 'button', 'summary', 'script', 'style', 'svg', 'noscript', 'nav']
    main = parse(str(page.main))
    for tag in main.select(f'.cell .cell-code, .cell-output:not(.reference) pre, {", ".join(skipped)}'): tag.decompose()
    for text in main.find_all(string=True):
        if type(text).__name__ != 'NavigableString': continue
        heading = text.find_parent(['h1', 'h2', 'h3', 'h4'])
        if heading and heading.name == 'h1': continue
        if heading and heading.get('data-anchor-id') and text.strip():
            href = f'{name}#{heading["data-anchor-id"]}'
            if found[-1]['href'] != href: found.append({'href': href, 'title': title, 'section': '', 'text': ''})
            found[-1]['section'] += text
        else: found[-1]['text'] += text
    for entry in found: entry['text'] = re.sub(r'\s+', ' ', entry['text']).strip()
    return [{'objectID': entry['href'], **entry} for entry in found if entry['text'] or entry['section']]


def visible_links(page):
    "Links that Markdown left as text"
    after_code = [text for text in page.main.find_all(string=re.compile(r'^\]\(')) if not stands_in(text, *CODE)]
    in_text = [text for text in page.main.find_all(string=re.compile(r'\w\]\([\w./#]')) if not stands_in(text, *CODE)]
    return after_code + in_text


# ---- A page of its own

LOST = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><link rel="icon" href="data:,"><title>Not found – {title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 12vh auto; padding: 0 1.5rem;
  background: light-dark(#fff, #17191e); color: light-dark(#23262b, #e4e2dd); }}
svg {{ width: 8rem; height: 8rem; }}
h1 {{ line-height: 1.2; }}
a {{ color: light-dark(#a34a00, #f7ab5b); }}
</style></head><body><main>{mark}
<h1>There is no page here</h1>
<p>No emoji answers this address. It may have moved: <a href="{home}">the first page</a> has the search and all the others.</p>
</main></body></html>
"""


def lost(website, mark):
    "The page for addresses that lead nowhere. It may be shown at any of them, so it loads nothing and its link is a whole address"
    mark = mark.replace('<svg ', '<svg role="img" aria-label="A made-up smile" ', 1)
    return LOST.format(title=website['title'], home=website['site-url'].rstrip('/') + '/', mark=mark)
