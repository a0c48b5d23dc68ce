"Nothing leaves this machine, and nothing from elsewhere runs on it: measured from outside, not by asking Python"
import ast, io, os, random, re, shutil, subprocess, sys, tarfile, zipfile, zlib
from pathlib import Path
import numpy as np, pytest
from PIL import Image
from emoji_sqam.core import CHECKSUMS, NO_TELEMETRY, check_archive
from emoji_sqam.images import open_png, rasterise
from emoji_sqam.weights import PRETRAINED, check_weights, find_weights, load_keras, onnx_session, weight_files

PACKAGE = Path(__file__).parents[1]/'emoji_sqam'
TREES = {path.name: ast.parse(path.read_text(encoding='utf-8')) for path in PACKAGE.glob('*.py')}
COMMANDS = {'answer': ['answer', 'hi', '--made-up'], 'generate': ['generate', '--sample', '4'],
            'files': ['answer', '--input', 'texts.csv', '--output', 'answers.csv']}
WORKERS = {'workers': [*COMMANDS['files'], '--workers', '1']}  # of Dask, which talk to each other


def run(command, home, before=()):
    "Run our command line as a user with an empty home does; what it left there, without what it was asked to write"
    work = home/'work'
    work.mkdir(parents=True)
    (work/'texts.csv').write_text('text\nthank you\n')
    ours = {'PYTHONPATH': str(PACKAGE.parent), 'PATH': os.environ['PATH'], 'HOME': str(home),
            'PYTHONDONTWRITEBYTECODE': '1'}
    program = [sys.executable, '-c', 'from emoji_sqam.cli import app; app()']
    done = subprocess.run([*before, *program, *(COMMANDS | WORKERS)[command]], cwd=work, env=ours, capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0 and done.stdout, done.stderr
    return sorted(str(path.relative_to(home)) for path in home.rglob('*') if path.is_file() and path.parent != work)


@pytest.mark.parametrize('command', COMMANDS | WORKERS)
def test_nothing_is_left_under_home(tmp_path, command):
    assert run(command, tmp_path/'home') == []


@pytest.mark.skipif(not shutil.which('strace'), reason='strace is not on this machine')
@pytest.mark.parametrize('command', COMMANDS)
def test_no_system_call_opens_the_network(tmp_path, command):
    log = tmp_path/'calls'
    run(command, tmp_path/'home', ['strace', '-f', '-qq', '-e', 'trace=%network,execve', '-o', str(log)])
    calls = log.read_text()
    assert 'execve(' in calls  # it did watch
    assert re.findall(r'.*(?:AF_INET|sendmsg|sendto).*', calls) == []


def can_unshare():
    if not shutil.which('unshare'): return False
    return subprocess.run(['unshare', '-rn', 'true'], capture_output=True).returncode == 0


@pytest.mark.skipif(not can_unshare(), reason='this machine gives no process a network of its own')
def test_answers_without_any_network(tmp_path): run('answer', tmp_path/'home', ['unshare', '-rn'])


def modules_that_import(library):
    "Modules of ours that import a library, wherever in the file"
    found = set()
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else \
                    [node.module or ''] if isinstance(node, ast.ImportFrom) and not node.level else []
            if any(n.split('.')[0] == library for n in names): found.add(name)
    return found


def test_the_runtime_is_loaded_where_its_reports_are_off():
    for name in modules_that_import('onnxruntime'):  # by whatever way it is imported, core comes first
        code = (f'import os, sys, emoji_sqam.{name.removesuffix(".py")}\nassert "onnxruntime" not in sys.modules\n'
                f'print(*[os.environ[n] for n in {list(NO_TELEMETRY)}])')
        done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True,
                              env={k: v for k, v in os.environ.items() if k not in NO_TELEMETRY})
        assert done.stdout.split() == list(NO_TELEMETRY.values()), done.stderr


# ---- drawings and pictures from elsewhere

def svg(inside, head='', size='viewBox="0 0 36 36"'):
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'{head}<svg {spaces} {size}>{inside}</svg>'


def chain(count, width, inside='<use href="#{}"/>', around='<g id="{}">{}</g>'):
    "Parts that each draw the next several times"
    return ''.join(around.format(f'p{i}', width*inside.format(f'p{i+1}')) for i in range(count)) + '<use href="#p0"/>'


OUTSIDE = ['<image xlink:href="{}" width="36" height="36"/>', '<image href="{}" width="36" height="36"/>',
           '<use href="{}#a"/>', '<use xlink:href="file://{}"/>',
           '<rect fill="url({}#a)" width="36" height="36"/>', '<rect style="fill:url({})" width="36" height="36"/>',
           '<style>@import url({});</style>',
           '<style>rect {{ mask: url({}) }}</style>',
           '<filter id="f"><feImage href="{}"/></filter><rect filter="url(#f)" width="36" height="36"/>',
           '<pattern id="p"><image href="{}"/></pattern><rect fill="url(#p)" width="36" height="36"/>',
           '<linearGradient id="a" href="{}#b"/>',
           '<foreignObject><iframe src="{}"/></foreignObject>', '<script href="{}"/>',
           '<image href="data:image/svg+xml;utf8,{}" width="36" height="36"/>',
           '<g xmlns:s="http://www.w3.org/2000/svg"><s:image href="{}" width="36" height="36"/></g>',
           '<mask id="m"><image href="{}"/></mask><rect mask="url(#m)"/>']
HEAVY = {'100,000 nested groups': svg('<g>'*100_000 + '</g>'*100_000),
         '500 nested groups': svg('<g opacity=".9">'*500 + '</g>'*500),
         'nested in a style': svg('<defs>'*60 + '</defs>'*60), 'no end': svg('<g>'*40_000),
         'a blur': svg('<filter id="f" x="-1e5" y="-1e5" width="1e6" height="1e6">'
                       '<feGaussianBlur stdDeviation="100000"/></filter><rect filter="url(#f)"/>'),
         'a blur in a style': svg('<rect style="fill:red;filter:blur(1e9px)" width="36" height="36"/>'),
         'a blur in a sheet': svg('<style>rect{filter:blur(1e9px)}</style><rect/>'),
         'uses': svg(chain(9, 10)),
         'clips': svg(chain(12, 4, '<rect clip-path="url(#{})"/>', '<clipPath id="{}">{}</clipPath>')),
         'itself': svg('<g id="a"><use href="#a"/></g>'),
         'masks': svg(chain(12, 4, '<rect mask="url(#{})" width="9" height="9"/>', '<mask id="{}">{}</mask>')),
         'a long chain': svg(chain(200, 1)),
         'dashes': svg('<path d="M0 0L36 36" stroke="red" stroke-linecap="round" stroke-dasharray=".00002 .0001"/>'),
         'dashes in a style': svg('<path d="M0 0L36 36" style="stroke:red; stroke-dasharray : .00001"/>'),
         'a huge circle': svg('<circle r="1e15" stroke="red"/>'),
         'a huge root': svg('<rect/>', size='width="1e9" height="1e9"'),
         'a path of a megabyte': svg(f'<path d="M0 0{"t9 9t-9-9"*110_000}" stroke="red"/>'),
         '20,000 circles': svg('<circle r="18" opacity=".5"/>'*20_000), '501 circles': svg('<circle r="18"/>'*501),
         'a pattern': svg('<pattern id="p" width="1e-6" height="1e-6"/><rect fill="url(#p)"/>'),
         'markers': svg('<marker id="m"><path d="M0 0L9 9"/></marker><path style="marker:url(#m)" d="M0 0L9 9"/>'),
         'text': svg('<text>hi</text>'),
         'entities': svg('<desc>&j;</desc>', '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">'
                         + ''.join(f'<!ENTITY {chr(98+i)} "{10*f"&{chr(97+i)};"}">' for i in range(9)) + ']>'),
         'an outside entity': svg('<desc>&a;</desc>', '<!DOCTYPE svg [<!ENTITY a SYSTEM "/etc/passwd">]>'),
         'nothing': '', 'no drawing': 'emoji', 'a web page': '<html/>', 'half': svg('<g>')[:-9]}


@pytest.fixture(scope='module')
def red_square(tmp_path_factory):
    path = tmp_path_factory.mktemp('private')/'red.png'
    Image.new('RGB', (36, 36), 'red').save(path)
    return path


@pytest.mark.parametrize('inside', OUTSIDE)
def test_no_drawing_reads_a_file(inside, red_square):
    with pytest.raises(ValueError, match='^svg '): rasterise(svg(inside.format(red_square)))


@pytest.mark.parametrize('name', HEAVY)
def test_what_would_take_long_is_not_drawn(name):
    with pytest.raises(ValueError, match='^svg '): rasterise(HEAVY[name])


def test_a_large_drawing_of_many_parts_is_not_drawn():
    layers = svg('<circle r="18" opacity=".5"/>'*90)
    assert rasterise(layers, 72).shape == (72, 72, 4)
    with pytest.raises(ValueError, match='takes long at 1024 pixels'): rasterise(layers, 1024)
    with pytest.raises(ValueError, match='^svg draws more than 0 elements'): rasterise(svg('<rect/>'), 10**6)


def test_what_drawings_hold_besides_shapes_is_ignored():
    notes = ('<metadata><rdf:RDF xmlns:rdf="r:"><rdf:li resource="http://x.example/"/></rdf:RDF></metadata>'
             '<title>t</title><desc>d</desc>')
    head = ('<?xml version="1.0" encoding="utf-16"?>\n'
            '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd"><!-- c -->')
    sheet = '<style>.a{fill:#0000ff;filter:none}</style>'
    shape = '<rect class="a" id="x1e99" width="36" height="36" style="fill:#00f;stroke-dasharray:none"/>'
    assert rasterise(svg(f'{notes}{sheet}<a href="http://x.example/">{shape}</a>', head))[9, 9].tolist() == [0, 0, 255,
                                                                                                             255]


def test_a_name_with_half_a_character():
    with pytest.raises(ValueError, match='^svg '): rasterise(svg('<title>\ud83d</title>'))
    with pytest.raises(TypeError, match='svg is a bytes'): rasterise(svg('<rect/>').encode())


@pytest.mark.parametrize('form', ['gif', 'jpeg', 'bmp', 'webp', 'tiff', 'ico', 'ppm'])
def test_png_is_the_only_raster_format(form, tmp_path):
    Image.new('RGB', (36, 36), 'red').save(tmp_path/'x.png', form)
    with pytest.raises(ValueError, match='x.png is not a PNG'): open_png(tmp_path/'x.png')


def test_a_damaged_png_is_named_or_still_a_picture():
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (36, 36, 4), 'uint8')).save(file, 'png')
    whole, draw = file.getvalue(), random.Random(0)
    for cut in [*range(0, 120, 7), *range(120, len(whole), 400)]:
        with pytest.raises(ValueError, match='x.png is not a PNG'): open_png(io.BytesIO(whole[:cut]), 'x.png')
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        try: assert open_png(io.BytesIO(damaged), 'x.png').mode == 'RGBA'
        except ValueError as error: assert 'x.png' in str(error)


@pytest.mark.filterwarnings('ignore::PIL.Image.DecompressionBombWarning')
@pytest.mark.parametrize('side', [5000, 12_000, 30_000])
def test_a_huge_png_is_refused_before_it_is_unpacked(side, tmp_path):
    picture = io.BytesIO()
    Image.new('1', (8, 8)).save(picture, 'png')
    bomb = bytearray(picture.getvalue())
    bomb[16:24] = side.to_bytes(4) + side.to_bytes(4)  # the size that it claims, in its first chunk …
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4)  # … and the checksum of that
    with pytest.raises(ValueError, match='x.png'): open_png(io.BytesIO(bomb), 'x.png')


# ---- archives and weights

def bombs(folder):
    "Small files that would unpack to 100 MB, each in another way"
    zeros = bytes(100_000_000)
    for name in ('b.zip', 'b.keras', 'b.npz', 'b.whl'):
        with zipfile.ZipFile(folder/name, 'w', zipfile.ZIP_DEFLATED) as archive: archive.writestr('config.json', zeros)
        yield folder/name
    with tarfile.open(folder/'b.tgz', 'w:gz') as archive:
        member = tarfile.TarInfo('zeros'); member.size = len(zeros)
        archive.addfile(member, io.BytesIO(zeros))
    yield folder/'b.tgz'


def test_bombs_are_refused_before_they_are_unpacked(tmp_path):
    for path in bombs(tmp_path):
        assert path.stat().st_size < 1e6
        check_archive(path)
        with pytest.raises(ValueError, match=f'{path.name} would unpack to more than 10 MB'):
            check_archive(path, most=10_000_000)


@pytest.mark.parametrize('content',
                         [b'', b'PK', b'PK\x05\x06' + bytes(17), b'\x1f\x8b', b'\x1f\x8b\x08' + bytes(40), b'text'])
def test_what_is_no_archive_is_named(tmp_path, content):
    (tmp_path/'x.tgz').write_bytes(content)
    with pytest.raises(ValueError, match='x.tgz is no archive'): check_archive(tmp_path/'x.tgz')


def test_each_changed_byte_of_weights_is_named(tmp_path):
    folder, draw = tmp_path/'mine', random.Random(0)
    shutil.copytree(PRETRAINED, folder)
    for own, names in {folder: weight_files('answer', 'train'),
                       folder/'airline': weight_files('answer', 'train', tuned=True)}.items():
        for name in [*names, CHECKSUMS]:
            path, whole = own/name, (own/name).read_bytes()
            for _ in range(3):
                changed = bytearray(whole)
                changed[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
                path.write_bytes(changed)
                listed = '' if name == CHECKSUMS else re.escape(name)  # a checksum that differs is found at its file
                with pytest.raises(ValueError, match=listed
                                   + '.*Install the package again, or train these weights again'):
                    check_weights(own)
            path.write_bytes(whole)
    check_weights(folder), check_weights(folder/'airline', 'answer', 'train')


def test_a_changed_file_is_refused_wherever_it_is_read(tmp_path):
    from emoji_sqam.prediction import Answerer
    shutil.copytree(PRETRAINED, tmp_path/'mine')
    path = tmp_path/'mine'/'text_encoder.onnx'
    path.write_bytes(path.read_bytes()[:-1] + b'x')
    with pytest.raises(ValueError, match='text_encoder.onnx is not the file that SHA256SUMS lists'):
        Answerer.from_pretrained(tmp_path/'mine')
    (tmp_path/'mine'/'vae.keras').write_bytes(b'PK')
    with pytest.raises(ValueError, match='vae.keras is not the file'): load_keras(tmp_path/'mine'/'vae.keras')


def test_a_config_shares_files_with_the_folder_above_only(tmp_path):
    (tmp_path/'config.json').write_text('{"shares_with": "/etc"}')
    assert find_weights(tmp_path, 'passwd') == tmp_path/'passwd'


UNSAFE_ATTRIBUTES = {'read_pickle', 'to_pickle', 'Lambda', 'enable_unsafe_deserialization'}
UNSAFE_CALLS = {'eval', 'exec', 'compile', '__import__'}
SAFE_OPTIONS = {'safe_mode': 'True', 'allow_pickle': 'False'}
RUNS_CODE = {'pickle', 'cPickle', 'dill', 'cloudpickle', 'joblib', 'shelve', 'marshal', 'yaml', 'torch'}


@pytest.mark.parametrize('name', TREES)
def test_no_file_is_read_that_could_run_code(name):
    wrong = []
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import): wrong += [a.name for a in node.names if a.name.split('.')[0] in RUNS_CODE]
        if isinstance(node, ast.ImportFrom) and not node.level and (node.module or '').split('.')[0] in RUNS_CODE:
            wrong.append(node.module)
        if isinstance(node, ast.Attribute) and node.attr in UNSAFE_ATTRIBUTES: wrong.append(node.attr)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in UNSAFE_CALLS:
            wrong.append(node.func.id)
        if isinstance(node, ast.keyword) and node.arg in SAFE_OPTIONS:
            if ast.unparse(node.value) != SAFE_OPTIONS[node.arg]: wrong.append(node.arg)
        if isinstance(node, ast.keyword) and node.arg == 'shell': wrong.append('shell')
    assert wrong == []


def test_models_are_loaded_in_one_place_in_safe_mode():
    def count(tree): return sum(isinstance(n, ast.Attribute) and n.attr == 'load_model' for n in ast.walk(tree))
    loads = {name: count(tree) for name, tree in TREES.items()}
    assert {name for name, count in loads.items() if count} == {'weights.py'}


def test_a_model_that_would_run_code_is_refused(tmp_path):
    import keras
    from keras import layers
    inputs = layers.Input((2,))
    keras.Model(inputs, layers.Lambda(lambda x: x + 1)(inputs)).save(tmp_path/'x.keras')
    with pytest.raises(ValueError, match='[Ll]ambda'): load_keras(tmp_path/'x.keras')
    (tmp_path/'x.h5').write_bytes(b'\x89HDF')
    with pytest.raises(ValueError, match='x.h5 is no .keras file'): load_keras(tmp_path/'x.h5')


def test_arrays_with_objects_are_refused(tmp_path):
    np.savez(tmp_path/'x.npz', slugs=np.array([{}], object))
    with pytest.raises(ValueError, match='allow_pickle'), np.load(tmp_path/'x.npz') as arrays: arrays['slugs']


@pytest.mark.parametrize('place', ['../secret', '{folder}/secret'])
def test_a_network_reads_no_other_file(tmp_path, place):
    onnx = pytest.importorskip('onnx')
    (tmp_path/'weights').mkdir()
    (tmp_path/'secret').write_bytes(bytes(16))
    tensor = onnx.TensorProto(name='x', data_type=onnx.TensorProto.FLOAT, dims=[4],
                              data_location=onnx.TensorProto.EXTERNAL)
    tensor.external_data.add(key='location', value=place.format(folder=tmp_path))
    graph = onnx.helper.make_graph([onnx.helper.make_node('Identity', ['x'], ['y'])], 'g', [],
                                   [onnx.helper.make_tensor_value_info('y', onnx.TensorProto.FLOAT, [4])], [tensor])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid('', 18)], ir_version=9)
    (tmp_path/'weights'/'x.onnx').write_bytes(model.SerializeToString())
    with pytest.raises(ValueError, match='x.onnx holds no network'): onnx_session(tmp_path/'weights'/'x.onnx')
