#!/usr/bin/env python
"""What `make test` runs. Each step passes or fails as a whole; the last line counts them, `N passed, N failed`.

The notebooks run as tests in a temporary folder, on small budgets; nothing in the checkout changes."""
import os, re, subprocess, sys, time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SNAPSHOT = ['nbs', 'emoji_sqam', 'README.md', 'pyproject.toml']


def contents(*names):
    "Every file below some folders with its bytes"
    files = [f for n in names for f in ([ROOT/n] if (ROOT/n).is_file() else (ROOT/n).rglob('*'))]
    return {f: f.read_bytes() for f in files if f.is_file() and '__pycache__' not in f.parts and '.ipynb_checkpoints' not in f.parts}


def run(*command): return subprocess.run(command, cwd=ROOT, env={**os.environ, 'IN_TEST': '1'}).returncode == 0


def unchanged_by(*command):
    "Whether a command leaves notebooks and package as they are; what it changed is put back"
    before = contents(*SNAPSHOT)
    done = subprocess.run(command, cwd=ROOT, env={k: v for k, v in os.environ.items() if k != 'IN_TEST'}).returncode == 0
    after = contents(*SNAPSHOT)
    changed = [f for f in before.keys() | after.keys() if before.get(f) != after.get(f)]
    for f in changed:
        print(f'  {f.relative_to(ROOT)} is not what {" ".join(command)} makes', flush=True)
        f.write_bytes(before[f]) if f in before else f.unlink()
    return done and not changed


def pytest():
    "Run tests/ in two processes, which fit two cores; its own count of skipped tests goes into ours"
    done = subprocess.run([sys.executable, '-m', 'pytest', '-q', 'tests', '-n', '2', '-rs', '--durations=15', '-p', 'no:cacheprovider'],
                          cwd=ROOT, env={**os.environ, 'IN_TEST': '1'}, stdout=subprocess.PIPE, text=True)
    print(done.stdout, flush=True)
    last = (done.stdout.strip().splitlines() or [''])[-1]
    found = {word: int(n) for n, word in re.findall(r'(\d+) (passed|failed|skipped|error)', last)}
    crashed = done.returncode != 0 and not found
    return found.get('passed', 0), found.get('failed', 0) + found.get('error', 0) + crashed, found.get('skipped', 0)


STEPS = {
    'the notebooks are clean': lambda: unchanged_by('nbdev_clean'),
    'the package is what the notebooks export': lambda: unchanged_by('nbdev_export'),
    'code and notebooks are readable, by count': lambda: run(sys.executable, 'tools/count_style.py'),
    'README.md is what index.ipynb makes': lambda: run(sys.executable, 'tools/build_docs.py', 'check'),
    'the docs site builds without a broken link': lambda: run(sys.executable, 'tools/build_docs.py', 'site'),
}


def notebooks():
    "Run every notebook as a test, as a user does; how many passed and failed"
    names = {p.name for p in (ROOT/'nbs').rglob('*.ipynb') if '.ipynb_checkpoints' not in p.parts}
    done = subprocess.run(['nbdev_test', '--do_print', '--timing'], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    print(done.stderr, flush=True)
    named = done.stderr.rpartition('nbdev Tests Failed On The Following Notebooks')[2].split()
    failed = names.intersection(named) if done.returncode else set()
    if done.returncode and not failed: failed = names  # it did not come to its end
    for name in sorted(names): print(f'{"FAIL" if name in failed else "ok  "} {name} runs as a test', flush=True)
    return len(names-failed), len(failed)


def main():
    passed = failed = 0
    for name, step in STEPS.items():
        start = time.time()
        print(f'… {name}', flush=True)
        good = step()
        passed, failed = passed + good, failed + (not good)
        print(f'{"ok  " if good else "FAIL"} {name} ({time.time()-start:.0f} s)', flush=True)
    print('… the notebooks run as tests', flush=True)
    run_well, broke = notebooks()
    print('… tests/', flush=True)
    more = pytest()
    passed, failed, skipped = passed + run_well + more[0], failed + broke + more[1], more[2]
    print(f'{passed} passed, {failed} failed' + (f', {skipped} skipped' if skipped else ''))
    sys.exit(failed > 0)


if __name__ == '__main__': main()
