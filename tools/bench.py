#!/usr/bin/env python
"""What `make bench` runs: the shipped weights beside other ways, into figures/benchmark.json; what was said of each item, into
figures/benchmark_items.csv (test tweets), benchmark_emojis.csv and benchmark_ranks.csv (tweets that hold an emoji).

    bench.py [weights] [peers] [refits] [ablations]     without a name all of them, about an hour"""
import json, platform, sys
from pathlib import Path
from emoji_sqam.evaluation import benchmark, benchmark_table

kept = Path('figures/benchmark.json')
numbers, items = benchmark(parts=sys.argv[1:] or None)
numbers = (json.loads(kept.read_text()) if sys.argv[1:] and kept.exists() else {}) | numbers
numbers['machine'] = f'{platform.machine()}, Python {platform.python_version()}'
kept.write_text(json.dumps(numbers, indent=1, ensure_ascii=False) + '\n')
for name, table in items.items(): table.to_csv(f'figures/benchmark_{name}.csv', lineterminator='\n')
if not sys.argv[1:]: print(benchmark_table(numbers).to_string())
