#!/usr/bin/env python
"""Count what makes code and notebooks hard to read, and hold the counts against goals.

    count_style.py [--all]     a table; exit status 1 where a goal is missed. --all names every place

Package code is counted per 1,000 lines that are not blank; notebooks by their cells."""
import argparse, ast, json, re, statistics, sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GOALS = {  # the most that is allowed; what starts with "at least" is a lower bound
    'lines over 120 characters': 9, 'named lambdas': 1, 'nested comprehensions': 3, 'patches': 7,
    'lambdas of three arguments or more': 0, 'walruses inside a call or a yield': 0, 'tuples of calls as statements': 0,
    'lines of the longest module': 325, 'cells of the longest notebook': 64,
    'at least, % of definitions that the next cell shows': 65, 'tests in hidden cells, %': 20}
MOST_PLACES = 8
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def modules():
    "The exported modules"
    return sorted(p for p in (ROOT/'emoji_sqam').glob('*.py') if p.name not in ('_modidx.py', '__init__.py'))


def notebooks():
    "All notebooks with their code cells: (source, hidden, exported)"
    for path in sorted((ROOT/'nbs').rglob('*.ipynb')):
        if '.ipynb_checkpoints' in path.parts: continue
        yield path, json.loads(path.read_text(encoding='utf-8'))['cells']


def is_call_tuple(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Tuple) and any(isinstance(e, ast.Call) for e in node.value.elts)


def faults(tree):
    "Pairs of what is counted and the line it is on"
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            for value in values:
                if isinstance(value, ast.Lambda): yield 'named lambdas', value.lineno
        if isinstance(node, ast.Lambda) and len(node.args.args) > 2: yield 'lambdas of three arguments or more', node.lineno
        if isinstance(node, COMPREHENSIONS):
            inside = [n for n in ast.walk(node) if isinstance(n, COMPREHENSIONS) and n is not node]
            if inside or len(node.generators) > 1: yield 'nested comprehensions', node.lineno
        if isinstance(node, ast.FunctionDef) and any('patch' in ast.dump(d) for d in node.decorator_list):
            yield 'patches', node.lineno
        if isinstance(node, (ast.Call, ast.Yield)):
            if any(isinstance(n, ast.NamedExpr) for n in ast.walk(node)): yield 'walruses inside a call or a yield', node.lineno
        if is_call_tuple(node): yield 'tuples of calls as statements', node.lineno


def count_code():
    "What is counted → places in the package, the number of lines, and the lengths of functions"
    places, lines, functions = {}, 0, []
    for path in modules():
        text = path.read_text(encoding='utf-8')
        rows = text.splitlines()
        lines += sum(bool(row.strip()) for row in rows)
        for number, row in enumerate(rows, 1):
            if len(row) > 120: places.setdefault('lines over 120 characters', []).append(f'{path.name}:{number}')
        tree = ast.parse(text)
        for what, number in faults(tree): places.setdefault(what, []).append(f'{path.name}:{number}')
        functions += [n.end_lineno-n.lineno+1 for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    return places, lines, functions


def names_defined(source):
    "Public functions and classes that a cell defines"
    body = '\n'.join('' if line.startswith(('%', '!')) else line for line in source.split('\n'))
    return [n.name for n in ast.parse(body).body if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and not n.name.startswith('_')]


def count_cells():
    "Shares of definitions that the next open cell uses, and of tests that stand in hidden cells, with the places that miss"
    shown = defined = hidden = tests = 0
    unseen, longest = [], (0, '')
    for path, cells in notebooks():
        longest = max(longest, (len(cells), path.name))
        code = [''.join(c['source']) for c in cells if c['cell_type'] == 'code' and ''.join(c['source']).strip()]
        for i, source in enumerate(code):
            is_hidden = bool(re.search(r'^#\|\s*(hide|include: *false)', source, re.M))
            found = len(re.findall(r'\b(?:test_\w+\(|assert\b|expect_fail\()', source))
            tests, hidden = tests + found, hidden + found*is_hidden
            if not re.search(r'^#\|\s*exports?\b', source, re.M): continue
            open_cells = [s for s in code[i+1:] if not re.search(r'^#\|\s*(exports?|hide|include: *false)\b', s, re.M)]
            for name in names_defined(source):
                defined += 1
                if open_cells and re.search(rf'\b{name}\b', open_cells[0]): shown += 1
                else: unseen.append(f'{path.name}:{name}')
    return 100*shown/max(1, defined), 100*hidden/max(1, tests), unseen, longest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--all', action='store_true', help='name every place')
    everything = parser.parse_args().all
    places, lines, functions = count_code()
    seen, hidden, unseen, longest = count_cells()
    module = max((len(p.read_text(encoding='utf-8').splitlines()), p.name) for p in modules())
    zero = [what for what, goal in GOALS.items() if goal == 0]
    counts = {what: 1000*len(places.get(what, []))/lines for what in list(GOALS)[:4]}
    counts |= {what: len(places.get(what, [])) for what in zero}
    counts |= {'lines of the longest module': module[0], 'cells of the longest notebook': longest[0],
               'at least, % of definitions that the next cell shows': seen, 'tests in hidden cells, %': hidden}
    places |= {'lines of the longest module': [module[1]], 'cells of the longest notebook': [longest[1]],
               'at least, % of definitions that the next cell shows': unseen}
    missed = 0
    for what, count in counts.items():
        bad = count < GOALS[what] if what.startswith('at least') else count > GOALS[what]
        missed += bad
        where = places.get(what, []) if bad or everything else []
        more = f' and {len(where)-MOST_PLACES} more' if len(where) > MOST_PLACES and not everything else ''
        some = where if everything else where[:MOST_PLACES]
        print(f'{"MISSED" if bad else "ok    "} {what:<52} {count:7.1f}   goal {GOALS[what]:>3}   {" ".join(some)}{more}')
    spread = sorted(functions)
    print(f'       {lines:,} lines; functions: median {statistics.median(spread):.0f}, '
          f'90 % under {spread[int(.9*len(spread))]}, longest {spread[-1]} lines')
    sys.exit(missed > 0)


if __name__ == '__main__': main()
