#!/usr/bin/env python
"""What `make bench` runs: the figures of the shipped weights, into figures/benchmark.json."""
import json, platform
from pathlib import Path
from emoji_sqam.evaluation import evaluate

numbers = evaluate()
numbers['machine'] = f'{platform.machine()}, Python {platform.python_version()}'
Path('figures/benchmark.json').write_text(json.dumps(numbers, indent=1, ensure_ascii=False) + '\n')
print(json.dumps(numbers, indent=1, ensure_ascii=False))
