# Two commands: `make demo` and `make test`. Both start from nothing but Python >= 3.11.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
UV := uv==0.13.9
export UV_COMPILE_BYTECODE := 1
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX := $(PIP_INDEX_URL)
endif

.PHONY: demo test checks figures benchmark lock clean

demo: $(READY)  ## the main job on the synthetic world, from tables to the review page
	$(BIN)/valuemodel demo --settings valuemodel.toml

test: checks  ## everything that CI runs
	$(BIN)/python -m pytest -n 2 --dist loadfile --cov --cov-report=term

checks: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

figures: $(READY)  ## the table of the README: four real books, judged out of time
	$(BIN)/valuemodel compare --settings pipelines/cdnow.toml --settings pipelines/online_retail.toml \
	  --settings pipelines/iowa_liquor.toml --settings pipelines/adventureworks.toml --markdown output/figures.md

benchmark: $(READY)  ## ratios at full size, a few minutes
	VALUEMODEL_BENCHMARK=full $(BIN)/python -m pytest tests/benchmarks --benchmark-enable --benchmark-only -p no:xdist -s

lock:  ## pin versions and hashes anew; names no registry
	$(BIN)/uv pip compile --universal --python-version 3.11 --quiet pyproject.toml --extra dev \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header --output-file requirements.lock

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c "import sys; sys.exit('valuemodel needs Python 3.11 or newer') if sys.version_info < (3, 11) else 0"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $(READY)

clean:
	rm -rf $(VENV) data/demo* output mlflow.db mlflow.db.lock mlartifacts
