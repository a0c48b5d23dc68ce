"The rooms of the package: imports run one way, private names stay at home, and Keras is silenced in one place"
import ast
from pathlib import Path
import pytest

PACKAGE = Path(__file__).parents[1]/'emoji_sqam'
ORDER = '''core checks recipes weights sources images plotting emoji_set data lexicons metrics tokens formats fitting teacher vae
    outlines elements shapes layout drawing generation sqam
    emoji_embeddings token_embeddings image_encoder targets text_encoder export care prediction judge tables bulk widgets baselines speed evaluation cross_validation benchmark
    training cli'''.split()  # a module imports only what stands before it
WITHOUT_KERAS = '''core checks recipes weights sources images plotting emoji_set data lexicons metrics tokens formats outlines elements shapes layout
    drawing care prediction tables bulk cli'''.split()
TREES = {name: ast.parse((PACKAGE/f'{name}.py').read_text(encoding='utf-8')) for name in ORDER}


def imports(name):
    "Pairs of a module of ours and a name that another one imports from it, wherever in the file"
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or '').startswith('emoji_sqam')):
            module = (node.module or '').removeprefix('emoji_sqam').removeprefix('.')
            yield from ((module or alias.name, alias.name) for alias in node.names)


def test_each_module_has_a_place():
    assert {p.stem for p in PACKAGE.glob('*.py')} - {'__init__', '_modidx'} == set(ORDER)


@pytest.mark.parametrize('name', ORDER)
def test_imports_run_one_way(name):
    above = {module for module, _ in imports(name) if ORDER.index(module) >= ORDER.index(name)}
    assert above == set()


@pytest.mark.parametrize('name', ORDER)
def test_private_names_stay_at_home(name):
    assert [f'{module}.{what}' for module, what in imports(name) if what.startswith('_')] == []


@pytest.mark.parametrize('name', WITHOUT_KERAS)
def test_answers_do_not_import_keras(name):
    top = [node for node in TREES[name].body if isinstance(node, (ast.Import, ast.ImportFrom))]
    modules = {alias.name.split('.')[0] for node in top if isinstance(node, ast.Import) for alias in node.names}
    ours = {module for node in top if isinstance(node, ast.ImportFrom) for module in [(node.module or '').removeprefix('emoji_sqam.')]}
    assert modules.isdisjoint({'keras', 'tensorflow'})
    assert ours.isdisjoint(set(ORDER) - set(WITHOUT_KERAS))


def test_keras_is_imported_as_keras():
    odd = [f'{name}: {ast.unparse(node)}' for name, tree in TREES.items() for node in ast.walk(tree)
           if isinstance(node, ast.Import) and any(a.name == 'keras' and a.asname for a in node.names)
           or isinstance(node, ast.ImportFrom) and any(a.name == 'keras' for a in node.names)]
    assert odd == []
