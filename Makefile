# make repro: install, then the pipeline to reports/index.html. make test: install, then the tests.
PYTHON ?= python3.11
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
.DEFAULT_GOAL := help
.PHONY: help install whole_locks repro test check report mlflow

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## a virtual environment with the pinned versions

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@git rev-parse --verify --quiet HEAD >/dev/null 2>&1 || dvc config --local core.no_scm true
	@touch $@

# A kill can cut DVC's own files, which DVC then refuses to read.
whole_locks: install
	@python scripts/whole_locks.py

repro: whole_locks ## the whole pipeline, from params.yaml to reports/index.html
	dvc repro
	@echo "The report: $(CURDIR)/reports/index.html"

test: install ## the tests, a process for each core
	OMP_NUM_THREADS=1 pytest

check: install ## format, lint and types
	ruff format --check .
	ruff check .
	mypy

report: whole_locks ## the report alone, and what it needs
	dvc repro render_report

mlflow: install ## MLflow's UI, on http://127.0.0.1:5000
	@case "$$MLFLOW_TRACKING_URI" in http*) echo "The runs are at $$MLFLOW_TRACKING_URI";; \
	*) MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false mlflow ui --workers 1 \
	  --backend-store-uri "$${MLFLOW_TRACKING_URI:-sqlite:///$(CURDIR)/mlflow.db}";; esac
