PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed

.PHONY: demo test check bench docs wheel clean

# Install, then explain 32 handwritten fours; the report's path is printed last.
demo: $(INSTALLED)
	$(BIN)/diffeo demo --out demo --overwrite

# Install, then run all checks and all tests.
test: check
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist loadfile \
		--no-loadscope-reorder

# Measure speed and memory as ratios, also against other libraries.
bench: $(INSTALLED)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python -m benchmarks

# Build the documentation; open site/index.html (its search wants a server, such as
# `python -m http.server --directory site`).
docs: $(INSTALLED)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

# Build the wheel, and run the demo from it in an environment of its own.
wheel:
	rm -rf build
	$(PYTHON) -m venv build/venv
	build/venv/bin/pip wheel --quiet --no-deps --wheel-dir build .
	build/venv/bin/pip install --quiet --constraint constraints.txt torch==2.13.0
	build/venv/bin/pip install --quiet --constraint constraints.txt \
		"$$(echo build/*.whl)[report]"
	cd build && venv/bin/diffeo demo --out demo

# Format, lint, types, direction of imports.
check: $(INSTALLED)
	$(BIN)/ruff format --check src tests benchmarks reproduction docs examples
	$(BIN)/ruff check src tests benchmarks reproduction docs examples
	$(BIN)/mypy
	$(BIN)/lint-imports

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt torch==2.13.0
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	$(BIN)/pip install --quiet --constraint constraints.txt --no-deps nflows  # without TensorBoard
	touch $(INSTALLED)

clean:
	rm -rf .venv build demo site
