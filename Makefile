# make demo: the main job, offline. make test: everything CI checks. make quick: the same without the tests that take long.
# All make .venv first, once.
# make gpu: on a machine with a GPU, its tests and then its figures, under eight minutes together.
# make survival: runs killed and files damaged as often as the figures of docs/promises.md say; MINUTES is how long each of its parts may take.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test quick docs gpu survival format clean

demo: .venv/installed
	$(BIN)/python recipes/topic_classification.py --run runs/demo --overwrite
	$(BIN)/seqtext predict runs/demo "Oslo → Lima · 3 hours" "€4.00 – €9.00 (Peru)" --top_k 2

test quick: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict seqtext & types=$$!; \
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder $(if $(filter quick,$@),-m "not slow"); tests=$$?; \
	wait $$types && exit $$tests

# The site, in site/: strict, so that a dead link ends it.
docs: .venv/docs-installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# Figures are worth having though a test fails; it then ends with the tests' code.
gpu: .venv/installed
	$(BIN)/pytest tests/test_gpu.py; tests=$$?; \
	$(BIN)/python benchmarks/gpu.py && exit $$tests

MINUTES ?= 600
survival: .venv/installed
	$(BIN)/python -m tests.survival all --full --minutes $(MINUTES)

format: .venv/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv site .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,audio]'
	touch $@

.venv/docs-installed: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	touch $@
