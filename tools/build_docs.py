#!/usr/bin/env python
"""Build the docs site and the README from the notebooks, with packages of public registries alone.

nbdev prepares the notebooks as it does for Quarto, and smalldocs renders them; what the two leave open is done here. Where the
real Quarto is installed, `nbdev_docs` renders the same sources.

    build_docs.py site      → _docs/
    build_docs.py readme    → README.md, from index.ipynb
    build_docs.py check     fails where README.md is not what `readme` would write"""
import json, os, re, shutil, subprocess, sys, tarfile, tempfile
from pathlib import Path
import yaml

ROOT = Path(__file__).resolve().parents[1]
KATEX = ('katex', '0.19.1', '24da5a599eb2fcede2e270b99a6ff48bca816beecc95feeb84e8cccbd1bb34fd')  # typesets the mathematics
SITE_LIBS = 'site_libs'


def source(cell): return ''.join(cell['source'])


def front_matter(notebook):
    "What nbdev put into the first, raw cell"
    first = notebook['cells'][0]
    found = re.match(r'\s*---\n(.*?)\n---', source(first), re.S) if first['cell_type'] == 'raw' else None
    return yaml.safe_load(found[1]) if found else {}


def processed():
    "The notebooks as nbdev prepares them for rendering, in `_proc`"
    import nbdev.doclinks
    from nbdev.quarto import refresh_quarto_yml
    from nbdev.serve import proc_nbs
    os.chdir(ROOT)
    refresh_quarto_yml()
    nbdev.doclinks._build_modidx()
    shutil.rmtree(ROOT/'_proc', ignore_errors=True)
    return Path(proc_nbs(force=True, n_workers=1))


# ---- README.md

def readme():
    "The README: markdown, code and text outputs of index.ipynb"
    notebook = json.loads((processed()/'index.ipynb').read_text(encoding='utf-8'))
    about = front_matter(notebook)
    parts = [f"# {about['title']}", f"> {about['description']}", '<!-- made from nbs/index.ipynb by `make readme`; edit there -->']
    for cell in notebook['cells']:
        options = dict(re.findall(r'^#\| *([\w-]+): *(.*)$', source(cell), re.M))
        if cell['cell_type'] == 'markdown': parts.append(source(cell).strip())
        if cell['cell_type'] != 'code' or options.get('include') == 'false': continue
        code = re.sub(r'^#\|.*\n?', '', source(cell), flags=re.M).strip()
        if code and options.get('echo') != 'false': parts.append(f'```python\n{code}\n```')
        for output in cell['outputs']:
            text = ''.join(output.get('text') or output.get('data', {}).get('text/plain', '')).rstrip()
            if text: parts.append(f'```\n{text}\n```')
    return re.sub(r' *\{fig-alt=[^}]*\}', '', '\n\n'.join(parts)) + '\n'


# ---- the site

def katex():
    "The folder of KaTeX's distribution, fetched once from npm and verified"
    from emoji_sqam.data import Source, _parsed, fetch
    archive = Source('npm', *KATEX, 'KaTeX, which typesets mathematics', 'MIT')
    def unpack(folder):
        with tarfile.open(fetch(archive)) as tar: tar.extractall(folder, filter='data')
    return _parsed(f'katex-{KATEX[1]}', unpack)/'package'/'dist'


def rename(work):
    "Give each page the name that nbdev's links use: 00_data.ipynb becomes data.ipynb"
    names = {}
    for path in sorted(work.rglob('*.ipynb')):
        notebook = json.loads(path.read_text(encoding='utf-8'))
        target = path.with_name(front_matter(notebook).get('output-file', path.name)).with_suffix('.ipynb')
        names[path.name] = target.name
        path.rename(target)
    return names


def mend_notebook(path, names, base):
    "Links between pages made relative; names with underscores left whole; nothing that smalldocs does not know"
    notebook = json.loads(path.read_text(encoding='utf-8'))
    def links(text):
        for old, new in names.items(): text = re.sub(rf'(\]\([^)\s]*?){re.escape(old)}', rf'\g<1>{new}', text)
        return re.sub(rf'(\]\(|href="){re.escape(base)}/', r'\g<1>', text)
    for cell in notebook['cells']:
        if cell['cell_type'] == 'markdown': cell['source'] = links(source(cell))
        if cell['cell_type'] == 'raw': cell['source'] = re.sub(r'^output-file:.*\n', '', source(cell), flags=re.M)
        for output in cell.get('outputs', []):
            shown = output.get('data', {})
            if 'text/markdown' in shown:
                shown['text/markdown'] = re.sub(r'^(#+ .*)$', lambda m: m[1].replace('__', r'\_\_'), links(''.join(shown['text/markdown'])), flags=re.M)
    path.write_text(json.dumps(notebook), encoding='utf-8')


def settings(work, names):
    "`_quarto.yml` and the files it names as one, with the pages' new names"
    def merge(into, more):
        for key, value in more.items():
            into[key] = merge(into[key], value) if isinstance(value, dict) and isinstance(into.get(key), dict) else value
        return into
    def renamed(x):
        if isinstance(x, str): return names.get(x, x)
        if isinstance(x, list): return [renamed(i) for i in x]
        return {k: renamed(v) for k, v in x.items()} if isinstance(x, dict) else x
    config = yaml.safe_load((work/'_quarto.yml').read_text())
    for name in config.pop('metadata-files', []): merge(config, yaml.safe_load((work/name).read_text()))
    config['format'] = {'html': {k: v for k, v in config['format']['html'].items() if k != 'keep-md'}}
    return renamed(config)


def mend_page(path, site):
    "No request to another host: mathematics from our own copy; tables styled; pictures described"
    up = '../'*(len(path.relative_to(site).parts)-1)
    text = path.read_text(encoding='utf-8')
    text = re.sub(r'https://cdn\.jsdelivr\.net/npm/katex@[\d.]+/dist/(contrib/)?', lambda m: f'{up}{SITE_LIBS}/katex/{m[1] or ""}', text)
    text = text.replace('<table border="1" class="dataframe">', '<table class="dataframe table table-sm">')
    path.write_text(text, encoding='utf-8')


def site():
    "Render `_docs`; returns what is wrong with it"
    from smalldocs.site import build
    work, out = processed(), ROOT/'_docs'
    names = rename(work)
    config = settings(work, names)
    for path in work.rglob('*.ipynb'): mend_notebook(path, names, config['website']['site-url'].rstrip('/'))
    (work/'_quarto.yml').write_text(yaml.safe_dump(config, sort_keys=False))
    warnings = build(work, quiet=True).warnings
    built = work/config['project'].get('output-dir', '_site')
    shutil.rmtree(out, ignore_errors=True)
    shutil.move(built, out)
    shutil.copytree(katex(), out/SITE_LIBS/'katex', dirs_exist_ok=True)
    for page in out.rglob('*.html'): mend_page(page, out)
    for css in (out/SITE_LIBS).rglob('*.css'):
        css.write_text(re.sub(r'''@import\s*(?:url\()?(["']?)https://fonts\.googleapis\.com[^"')]*\1\)?;?''', '', css.read_text(encoding='utf-8')), encoding='utf-8')
    shutil.rmtree(work)
    return [*warnings, *broken_links(out)]


def broken_links(site):
    "Links and sources of the built pages that lead nowhere, or to another host where they are loaded with the page"
    from html.parser import HTMLParser
    class Page(HTMLParser):
        def __init__(self): super().__init__(); self.ids, self.links, self.loads = set(), [], []
        def handle_starttag(self, tag, attributes):
            a = dict(attributes)
            if a.get('id'): self.ids.add(a['id'])
            if tag == 'a' and a.get('href'): self.links.append(a['href'])
            elif tag in ('script', 'img') and a.get('src'): self.loads.append(a['src'])
            elif tag == 'link' and a.get('href') and a.get('rel') != 'canonical': self.loads.append(a['href'])
    pages = {p: Page() for p in site.rglob('*.html')}
    for path, page in pages.items(): page.feed(path.read_text(encoding='utf-8'))
    wrong = []
    for path, page in pages.items():
        for link in page.links + page.loads:
            if re.match(r'(https?:)?//', link):
                if link in page.loads: wrong.append(f'{path.name} loads {link} from another host')
                continue
            if re.match(r'[a-z]+:', link) or link in ('', '#'): continue
            name, _, anchor = link.partition('#')
            target = (path.parent/name.partition('?')[0]).resolve() if name else path
            if target.is_dir(): target = target/'index.html'
            if not target.exists(): wrong.append(f'{path.name} links to {link}, which does not exist')
            elif anchor and target in pages and anchor not in pages[target].ids: wrong.append(f'{path.name} links to {link}, and there is no such place on that page')
    return sorted(set(wrong))


def main(what):
    target = ROOT/'README.md'
    if what == 'readme': target.write_text(readme(), encoding='utf-8')
    elif what == 'check':
        if readme() != target.read_text(encoding='utf-8'): sys.exit('README.md is not what index.ipynb makes; run `make readme`')
    elif what == 'site':
        wrong = site()
        for line in wrong: print(line, file=sys.stderr)
        if wrong: sys.exit(f'{len(wrong)} thing(s) are wrong with the site')
        print(f'the site is _docs/index.html, {len(list((ROOT/"_docs").rglob("*.html")))} pages')
    else: sys.exit(__doc__)


if __name__ == '__main__': main(*sys.argv[1:2] or [''])
