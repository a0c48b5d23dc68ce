"What finishes the built pages, on small pieces of them"
import sys
from pathlib import Path
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT/'tools'))
site_pages = pytest.importorskip('site_pages', reason='beautifulsoup4 is not installed')


def table(head, *rows):
    line = lambda cells, tag: ''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)
    body = ''.join(f'<tr><th>{label}</th>{line(cells, "td")}</tr>' for label, *cells in rows)
    page = site_pages.parse(f'''<main><div><style scoped>td {{}}</style><table border="1" class="dataframe">
        <thead><tr>{line(head, "th")}</tr></thead><tbody>{body}</tbody></table></div></main>''')
    site_pages.mend_tables(page)
    return page


def column(page, at): return [row.find_all(['th', 'td'])[at].get_text() for row in page.select('tbody tr')]


@pytest.mark.parametrize('given, shown', [
    (['325.0', '12.0', '7.0'], ['325', '12', '7']),                  # counts
    (['0.4303452', '0.0704061'], ['0.430', '0.070']),                 # what pandas wrote in full
    (['0.1928000', '0.0008860'], ['0.19280', '0.00089']),             # the smallest keeps two digits
    (['0.821', '1497.000'], ['0.821', '1497']),                      # a count among measures
    (['0.47', '1.00'], ['0.47', '1.00']), (['0.0', '1.0'], ['0.0', '1.0']),  # as the notebook set them
    (['3', '0.5'], ['3', '0.5']), (['NaN', '0.25'], ['', '0.25']), (['<NA>'.replace('<', '&lt;'), '2'], ['', '2'])])
def test_numbers_of_a_column(given, shown):
    page = table(['', 'n'], *[(f'row {i}', text) for i, text in enumerate(given)])
    assert column(page, 1) == shown
    assert all('number' in cell['class'] for cell in page.select('td, thead th:last-child'))


def test_text_stands_left():
    page = table(['', 'verdict', 'n'], ('a', 'won', '1'), ('b', '12', '2'))
    assert [('number' in cell.get('class', [])) for cell in page.select('tbody tr:first-child > *')] == [False, False, True]


def test_pandas_leaves_no_trace():
    page = table(['', 'n'], ('a', '1'))
    assert not page.select('style, [border], [style]') and page.table.parent['class'] == ['sd-table']


def test_a_count_of_rows_is_left_out():
    assert column(table(['', 'text', 'n'], ('0', 'a', '1'), ('1', 'b', '2')), 0) == ['a', 'b']
    assert column(table(['', 'text', 'n'], ('0', 'a', '1'), ('400', 'b', '2')), 0) == ['0', '400']


def test_the_name_of_the_labels_is_in_the_corner():
    page = site_pages.parse('''<main><table><thead><tr><th></th><th>n</th></tr><tr><th>word</th><th></th></tr></thead>
        <tbody><tr><th>a</th><td>1</td></tr></tbody></table></main>''')
    site_pages.mend_tables(page)
    assert [cell.get_text() for cell in page.select('thead th')] == ['word', 'n']


def test_cards_name_their_columns():
    page = table(['', 'low', 'high', 'verdict'], ('a', '1', '2', 'won'))
    assert 'cards' in page.table['class'] and [cell['data-label'] for cell in page.select('td')] == ['low', 'high', 'verdict']
    for narrow in (['', 'low'], ('a', '1')), (['', '😀', '😡', 'n'], ('a', '1', '2', '3')):
        assert 'cards' not in table(*narrow).table['class']


def test_source_is_folded_and_constants_are_not():
    fold = '<details class="code-fold" open=""><summary>Exported source</summary><div><pre>{}</pre></div></details>'
    page = site_pages.parse(fold.format('def f(x): return x') + fold.format('MOST = 3'))
    site_pages.fold_source(page)
    [closed] = page.find_all('details')
    assert 'open' not in closed.attrs and closed.summary.string == 'Source of f' and page.find_all('pre')[1].get_text() == 'MOST = 3'


@pytest.mark.parametrize('code, is_chart', [('ax.plot(losses)', True), ('ax.imshow(mosaic(art))', False), ('art[0]', False)])
def test_charts_are_told_from_pictures_of_emojis(code, is_chart):
    page = site_pages.parse(f'<main><div class="cell"><pre class="cell-code">{code}</pre><div class="cell-output"><img src="a.png"></div></div></main>')
    site_pages.mark_charts(page)
    assert ('chart' in page.img.get('class', [])) == is_chart


def test_emojis_are_drawn_and_can_be_copied_from_code(tmp_path):
    page = site_pages.parse('<main><p>a ✈️ and ©</p><pre>✈</pre></main>')
    site_pages.draw_emojis(page, tmp_path, '../')
    drawn, in_code = page.find_all('img')
    assert drawn['alt'] == '✈️' and '<svg' in (tmp_path/Path(drawn['src']).name).read_text(encoding='utf-8') and '©' in page.p.get_text()
    assert page.pre.get_text() == '✈' and in_code['alt'] == '' and 'drawn' in in_code.parent['class']


def test_links_left_as_text_are_found():
    assert site_pages.visible_links(site_pages.parse('<main><p>by [<code>f</code>](tables.html)</p></main>'))
    assert not site_pages.visible_links(site_pages.parse('<main><p>by <a href="tables.html">f</a>, x[1] (two)</p></main>'))


def test_signatures_say_what_can_be_said():
    build_docs = pytest.importorskip('build_docs')
    assert build_docs.plain_signature('f(n:Annotated=5, m:Annotated=None)') == 'f(n=5, m=None)'
    assert build_docs.plain_signature("{'by': <function glove_table at 0x7f92fc59eca0>}") == "{'by': glove_table}"


def test_the_citation_is_of_this_version():
    facts = pytest.importorskip('build_docs').about()
    assert f'Version {facts["version"]}.' in facts['citation'] and '://' in facts['citation']
    assert '://' not in (ROOT/'CITATION.cff').read_text(encoding='utf-8')  # settings.ini alone says where we are
