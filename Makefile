# From a clone to a result: `make demo`, `make test`.
#
#   PYTHON=/path/to/python3.12   the Python to use (3.10 to 3.13)
#   TORCH=cpu                    the build of torch (cpu, cuda), in a new .venv
#   MMCV_OPS=1                   mmcv with its compiled operators
#   PIP_FIND_LINKS=folder        where pip also looks for ready wheels
#   WORKERS=4                    processes of the test suite
WORKERS ?= 2
PY := .venv/bin/python
# One thread a test process: they run beside each other.
PYTEST := OMP_NUM_THREADS=1 $(PY) -m pytest -n $(WORKERS)
CODE := spiga_mmpose configs stand_ins tools tests setup.py

.PHONY: help install demo test test-fast test-pythons lint \
	clean clean-venv

help:
	@echo 'make demo       install, show a photograph and a video with landmarks'
	@echo '                and head pose, then train on synthetic faces'
	@echo 'make test       install, run the whole test suite'
	@echo 'make test-fast  the same without the slow tests'
	@echo 'make install    only make .venv, with everything at pinned versions'
	@echo 'make lint       flake8 and isort'
	@echo 'make test-pythons  the fast tests on Python 3.10, 3.12 and 3.13, where'
	@echo '                they are; environments of up to 7 GB each in .cache'
	@echo 'make clean      remove what runs have written'
	@echo 'make clean-venv remove .venv; the mmcv built here stays in .cache'

install:
	@tools/install.sh

demo: install
	@echo '[demo] a photograph and a video first: under a minute on 2 cores'
	$(PY) tools/run_demo.py

test: install
	@echo '[test] the whole suite: about 18 minutes on 2 cores'
	@# A worker process sometimes ends without a word, and the test that it
	@# was at counts as failed: what failed is run once more, alone.
	$(PYTEST) --durations=10 || OMP_NUM_THREADS=1 $(PY) -m pytest \
		--last-failed --last-failed-no-failures none

test-fast: install
	$(PYTEST) -m 'not slow'

test-pythons: install
	WORKERS=$(WORKERS) tools/test_pythons.sh

lint: install
	$(PY) -m flake8 $(CODE)
	$(PY) -m isort --check-only --diff $(CODE)

clean:
	rm -rf work_dirs .pytest_cache
	rm -rf $(foreach folder,. $(wildcard stand_ins/*), \
		$(addprefix $(folder)/,build dist *.egg-info))
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

clean-venv:
	rm -rf .venv
