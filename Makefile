# `make demo` and `make test` are all that most people need; `make help` lists the rest.
# Every path below is relative, so a checkout may lie in a folder with spaces in its name.

PYTHON ?= python3
VENV_PYTHON := .venv/bin/python

# `make OFFLINE=1 demo` fetches no hand model; the packages must be installed already.
OFFLINE_OPTION := $(if $(OFFLINE),--offline)

# A display of its own for the window tests where there is none.
XVFB := $(if $(DISPLAY)$(WAYLAND_DISPLAY),,$(if $(shell command -v xvfb-run),xvfb-run -a -s "-screen 0 1600x1000x24"))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-all lint audit fuzz format results pairs ablations flat bench soak screenshot clean distclean system-libraries hand-model \
	checkpoint tensorrt

help:  ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20

demo: hand-model checkpoint  ## Run the main job on the bundled clip, in a window where there is a display
	@if [ "$$(uname)" = Darwin ] || [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then \
		$(VENV_PYTHON) main.py --loop $(OFFLINE_OPTION); \
	else \
		echo "No display here, so the demo runs without a window."; \
		$(VENV_PYTHON) main.py --headless --export out/demo --record out/demo.mp4 $(OFFLINE_OPTION) && \
		echo "Look at out/demo.mp4; the poses and futures are in out/demo."; \
	fi

test: .venv/.dev hand-model  ## Run the tests
	$(XVFB) $(VENV_PYTHON) -m pytest

test-all: .venv/.dev hand-model  ## Run the slow tests too
	$(XVFB) $(VENV_PYTHON) -m pytest -m "not gpu and not camera"

# Rendered clips with exact truth, for the refinement: the filters are tuned on some, all are measured on the others. They are
# made once (minutes); RENDERED=DIR takes others, made the same way.
RENDERED ?= out/results/rendered
TUNING_SEEDS := 9101 9102 9103
HELD_OUT_SEEDS := 9201 9202 9203 9204

results: .venv/.train hand-model checkpoint $(RENDERED)/validation.txt  ## Measure the checkpoint into docs/results.md (DATA="PATH ..." adds data sets, ALSO="FILE ..." rows)
	rm -rf out/results/demo
	$(VENV_PYTHON) main.py --headless --export out/results/demo
	$(VENV_PYTHON) -m ghtt_core.evaluate --checkpoint assets/ghtt_small.safetensors --also assets/ghtt_signs.safetensors $(ALSO) \
		--data $(DATA) $(RENDERED) --recording out/results/demo \
		--markdown docs/results.md --csv docs/results/results.csv

out/results/rendered/validation.txt: $(patsubst %,out/results/rendered/clip_%/recording.json,$(TUNING_SEEDS) $(HELD_OUT_SEEDS))
	printf 'clip_%s\n' $(HELD_OUT_SEEDS) > $@

# More of the same to train refinement on: the estimator's answers beside the truth. The first two validate.
PAIR_SEEDS := $(shell seq 9111 9140)

pairs: $(PAIR_SEEDS:%=out/pairs/rendered/clip_%/recording.json)  ## Render hands to train refinement on, for `--data out/pairs/rendered` (half an hour)
	printf 'clip_%s\n' $(wordlist 1,2,$(PAIR_SEEDS)) > out/pairs/rendered/validation.txt

out/results/rendered/%: CLIP_SECONDS := 8
out/pairs/rendered/%: CLIP_SECONDS := 6

.PRECIOUS: out/%.mp4
out/%/recording.json: out/%.mp4 | .venv/.runtime hand-model
	$(VENV_PYTHON) -m estimators.extract $< --intrinsics $(<:.mp4=_intrinsics.json) --out $(<D)

out/%.mp4: | .venv/.train
	@mkdir -p $(@D)
	$(VENV_PYTHON) -m ghtt_core.synthetic render --seconds $(CLIP_SECONDS) --seed $(lastword $(subst _, ,$*)) --size 320x320 --out $@

# The same encoders trained for recognition alone: on the signs and on first-person clips, three seeds each.
ABLATION_SEEDS := 0 1 2
ABLATIONS := $(foreach seed,$(ABLATION_SEEDS),out/ablations/signs_$(seed).safetensors out/ablations/ego_$(seed).safetensors)

ablations: $(ABLATIONS)  ## Train what the results set G-HTT beside (SIGNS=FILE EGO=DIR); then ALSO="out/ablations/*.safetensors" for `make results`

out/ablations/%.safetensors: | .venv/.train
	$(VENV_PYTHON) -m ghtt_core.train recogniser --pose assets/ghtt_small.safetensors --steps 600 --epoch 200 --batch 48 --threads 1 \
		--data $(if $(filter signs%,$*),$(SIGNS) --classes all,$(EGO)) --seed $(lastword $(subst _, ,$*)) --out out/ablations/$*
	cp out/ablations/$*/best.safetensors $@

# The model without a mid-level, two seeds, each for an hour on one thread; both blocks of the checkpoint had one and a half.
FLAT_SEEDS := 0 1

flat: $(FLAT_SEEDS:%=out/ablations/flat_%.safetensors)  ## Train the flat model, two seeds of an hour (MOTION="PATH[@SHARE] ..."), for ALSO

out/ablations/flat_%.safetensors: | .venv/.train
	$(VENV_PYTHON) -m ghtt_core.train flat --data $(MOTION) --steps 100000 --minutes 62 --epoch 1000 --batch 64 --threads 1 --seed $* \
		--out out/ablations/flat_$*
	cp out/ablations/flat_$*/best.safetensors $@

bench: hand-model checkpoint  ## Time every stage on this machine
	$(VENV_PYTHON) -m app.bench

soak: hand-model checkpoint  ## An hour live and two hours of export: memory, leaks, frame age (SOAK="--minutes 20 --frames 9000")
	$(VENV_PYTHON) -m app.bench.soak $(SOAK)

screenshot: hand-model checkpoint  ## Take the README's picture and animation of the window
	$(XVFB) $(VENV_PYTHON) -m app.gui.screenshot --out docs/images/window.png --animation docs/images/window.gif

lint: .venv/.dev  ## Check style, formatting and types
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .
	$(VENV_PYTHON) -m mypy

audit: .venv/.dev  ## Look for unsafe code, and for packages with known vulnerabilities
	$(VENV_PYTHON) .ci/audit.py

fuzz: .venv/.fuzz hand-model  ## Feed damaged files to every parser (SECONDS=60 for each)
	$(VENV_PYTHON) -m tests.fuzz --seconds $(or $(SECONDS),60)

format: .venv/.dev  ## Put style and formatting right
	$(VENV_PYTHON) -m ruff check --fix .
	$(VENV_PYTHON) -m ruff format .

clean:  ## Remove results, builds and caches (not the environment, not training runs)
	rm -rf out build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name .venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

distclean: clean  ## Remove the environment too
	rm -rf .venv

# What the estimator and the model need before the first frame; both are kept in the user's cache folder.
hand-model: .venv/.runtime system-libraries
	@$(VENV_PYTHON) -m estimators.model_bundle $(OFFLINE_OPTION)

checkpoint: .venv/.runtime system-libraries
	@$(VENV_PYTHON) -c 'from trt_engines.select import load_runtime; print("G-HTT runs on", load_runtime(progress=print).description)'

system-libraries: .venv/.created
	@$(VENV_PYTHON) app/doctor/system_libraries.py --install

# The stamps make a second call instant, and a call after an interrupted one take up where it stopped.
.venv/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, but $(PYTHON) is '$$($(PYTHON) --version 2>&1)'; name another: make PYTHON=python3.12 demo" >&2; \
		exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.runtime: requirements.txt | .venv/.created
	@echo "Installing the packages of requirements.txt into .venv; this can take some minutes."
	@$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

# Engines are built without a card, so its tests run wherever the package installs.
tensorrt: .venv/.tensorrt  ## Install TensorRT for RTX cards (on a machine without one, to build and test engines for others)

.venv/.tensorrt: requirements-gpu.txt .venv/.runtime
	@echo "Installing the packages of requirements-gpu.txt into .venv; this can take some minutes."
	@$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements-gpu.txt
	@touch $@

.venv/.train: requirements-train.txt .venv/.runtime
	@echo "Installing the packages of requirements-train.txt into .venv; this can take some minutes."
	@$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements-train.txt
	@touch $@

.venv/.dev: requirements-dev.txt .venv/.train
	@echo "Installing the packages of requirements-dev.txt into .venv; this can take some minutes."
	@$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

.venv/.fuzz: requirements-fuzz.txt .venv/.dev
	@$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements-fuzz.txt
	@touch $@
