"Nothing leaves this machine, and nothing from elsewhere runs on it: measured from outside, not by asking Python"
import ast, os, re, shutil, subprocess, sys
from pathlib import Path
import pytest
from emoji_sqam.core import NO_TELEMETRY

PACKAGE = Path(__file__).parents[1]/'emoji_sqam'
TREES = {path.name: ast.parse(path.read_text(encoding='utf-8')) for path in PACKAGE.glob('*.py')}
COMMANDS = {'answer': ['answer', 'hi', '--made-up'], 'generate': ['generate', '--sample', '4'],
            'files': ['answer', '--input', 'texts.csv', '--output', 'answers.csv']}


def run(command, home, before=()):
    "Run our command line as a user with an empty home does; what it left there, without what it was asked to write"
    work = home/'work'
    work.mkdir(parents=True)
    (work/'texts.csv').write_text('text\nthank you\n')
    ours = {'PYTHONPATH': str(PACKAGE.parent), 'PATH': os.environ['PATH'], 'HOME': str(home), 'PYTHONDONTWRITEBYTECODE': '1'}
    program = [sys.executable, '-c', 'from emoji_sqam.cli import app; app()']
    done = subprocess.run([*before, *program, *COMMANDS[command]], cwd=work, env=ours, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stdout, done.stderr
    return sorted(str(path.relative_to(home)) for path in home.rglob('*') if path.is_file() and path.parent != work)


@pytest.mark.parametrize('command', COMMANDS)
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


def can_unshare(): return bool(shutil.which('unshare')) and not subprocess.run(['unshare', '-rn', 'true'], capture_output=True).returncode


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
        code = f'import sys, emoji_sqam.{name.removesuffix(".py")}\nassert "onnxruntime" not in sys.modules\nimport os\nprint(*[os.environ[n] for n in {list(NO_TELEMETRY)}])'
        done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True,
                              env={k: v for k, v in os.environ.items() if k not in NO_TELEMETRY})
        assert done.stdout.split() == list(NO_TELEMETRY.values()), done.stderr
