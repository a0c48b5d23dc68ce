#!/usr/bin/env python
"""What `make bench` runs: the shipped weights beside other ways, into figures/benchmark.json and figures/benchmark_items.csv."""
import json, platform
from pathlib import Path
from emoji_sqam.evaluation import benchmark, benchmark_table

numbers, items = benchmark()
numbers['machine'] = f'{platform.machine()}, Python {platform.python_version()}'
Path('figures/benchmark.json').write_text(json.dumps(numbers, indent=1, ensure_ascii=False) + '\n')
items.to_csv('figures/benchmark_items.csv', lineterminator='\n')
print(benchmark_table(numbers).to_string())
