"""The site's identity: a mark that the drawer makes, a typeface, and a card for each page. Made when the site is built, never committed."""
import io, shutil, textwrap
from PIL import Image, ImageDraw, ImageFont

PARENTS = '1f603', '1f61c'  # the mark lies half-way between these two: a smile that nobody has drawn
BESIDE = '1f389 1f60d 1f308 1f363 1f680 1f638 1f621'.split()  # on a card the mark is followed by walks that end here
CARD = 1200, 630
PAPER, INK, SOFT, ACCENT = '#fffaf3', '#23262b', '#5f6268', '#e07b16'


def between(answerer, first, second, share=.5):
    "The code that lies so far on the way from one known emoji to another"
    start, end = (answerer.codes[answerer.slugs.index(slug)] for slug in (first, second))
    return start + share*(end-start)


def make_mark(folder, answerer, drawer):
    "The mark as SVG, and as PNG where an icon must be one"
    code = between(answerer, *PARENTS)[None]
    (folder/'mark.svg').write_text(drawer.svg(code)[0], encoding='utf-8')
    for size in (32, 180): Image.fromarray(drawer.pictures(code, size=size)[0]).save(folder/f'mark-{size}.png', optimize=True)


def font(file, size, weight):
    "A size and weight of a variable typeface"
    found = ImageFont.truetype(io.BytesIO(file.read_bytes()), size)
    found.set_variation_by_axes([weight])
    return found


def card_ground(answerer, drawer):
    "What all cards show: the mark, and a row of drawings that no one has made before"
    import numpy as np
    card = Image.new('RGB', CARD, PAPER)
    codes = np.stack([between(answerer, *PARENTS), *[between(answerer, PARENTS[0], slug, .8) for slug in BESIDE]])
    for column, picture in enumerate(drawer.pictures(codes, size=96)):
        card.paste(Image.fromarray(picture), (72 + column*137, 462), Image.fromarray(picture))
    ImageDraw.Draw(card).rectangle((0, 0, CARD[0], 14), fill=ACCENT)
    return card


def make_card(path, ground, typeface, site, title, description):
    "The picture of 1200 × 630 that stands for a page where it is shared"
    card = ground.copy()
    draw = ImageDraw.Draw(card)
    draw.text((72, 62), site, font=font(typeface, 34, 600), fill=ACCENT)
    size, lines = 92, [title]
    if draw.textlength(title, font(typeface, size, 800)) > 1056: size, lines = 64, textwrap.wrap(title, 34)[:2]
    y = 116
    for line in lines:
        draw.text((72, y), line, font=font(typeface, size, 800), fill=INK)
        y += int(1.2*size)
    for line in textwrap.wrap(description, 62)[:3]:
        draw.text((72, y+18), line, font=font(typeface, 36, 400), fill=SOFT)
        y += 48
    path.parent.mkdir(parents=True, exist_ok=True)
    card.quantize(128).save(path, optimize=True)


def use_typeface(folder, package):
    "The typeface's files for Latin letters, with the licence beside them"
    for file in package.glob('files/*-wght-*.woff2'): shutil.copy(file, folder/file.name)
    shutil.copy(package/'LICENSE', folder/'figtree-OFL.txt')
    return folder/'figtree-latin-wght-normal.woff2'
