# The short way in. CMake does the building, the scripts in tools/ do the rest.
# SPDX-License-Identifier: MIT

MAKEFLAGS += --no-print-directory
JOBS ?= $(shell nproc)
DURATION ?= 60
SEED ?= 1
ONLY ?=
MODULES = $(or $(ONLY),text vector pool map intern)
export JOBS

.PHONY: lib demo test soak static model spin orders faults fuzz mutation coverage ports verify proof bench bench-quick bench-core bench-modules instructions format clean


lib: ## build/libbitena.a and build/libbitena.so
	@tools/setup demo
	@cmake -S . -B build -DBITENA_TESTS=OFF
	@cmake --build build --parallel $(JOBS) --target bitena_static bitena_shared

demo: ## the quick start of the README, then the word counter (FILES="..." for your own texts)
	@tools/setup demo
	@tools/demo

test: ## everything; ONLY="gcc clang asan tsan msan valgrind" takes a part
	@tools/setup test
	@tools/test $(ONLY)

soak: ## threads, families and all verbs for DURATION seconds in all, SEED=n; results in build/soak/log.csv
	@tools/setup soak
	@tools/soak $(DURATION) $(SEED)

static: ## what can be said of src/ without running it: analyzers, stack, locked instructions, exported names
	@tools/setup static
	@python3 tests/static/selftest.py
	@tools/static

model: ## interleavings of the shipped sources, one by one, to the widest bounds; and planted bugs; minutes
	@tools/setup model
	@python3 tests/explore/run.py build/explore --long

orders: ## each memory order weakened by a step: found, or justified in docs/MEMORY_ORDER.md; minutes
	@tools/setup orders
	@python3 tests/weak/orders.py build/weak

spin: ## SPIN models of the index and the recycled stacks: safety, livelock, planted bugs; and are they the source's; minutes
	@tools/setup spin
	@python3 tests/spin/agree.py
	@python3 tests/spin/agree.py --self-test
	@python3 tests/spin/run.py build/spin --long

faults: ## every call to the system failed, in turn and at random; signals; planted faults; minutes
	@tools/setup faults
	@tools/faults

fuzz: ## libFuzzer and AFL++ for DURATION seconds; what they find, and how much they ran, is kept in build/fuzz
	@tools/setup fuzz
	@tools/fuzz $(DURATION)

mutation: ## every mutant of the core is killed or justified (ONLY=src/lease.c, SHARD=1/4); goes on where it ended; long
	@tools/setup mutation
	@python3 tests/mutation/selftest.py build/mutation/selftest
	@tools/mutation $(foreach file,$(ONLY),--only $(file)) $(if $(SHARD),--shard $(SHARD))

coverage: ## lines, branches and conditions of src/ and the header that the tests reach; pages in build/coverage/html
	@tools/setup coverage
	@python3 tests/coverage/selftest.py build/coverage/selftest
	@tools/coverage

verify: ## the short form of every check, with what each took; under half an hour
	@tools/verify $(ONLY)

ports: ## the tests on other machines (emulated), 32 bits and musl; minutes
	@tools/setup ports
	@tools/ports
	@tools/ports --self-test

bench-modules: ## each module beside its rivals, with the goals; some minutes (ONLY="text pool" takes a part)
	@tools/setup bench
	@cmake -S . -B build -DBITENA_TESTS=OFF -DBITENA_PROGRAMS=ON -DBITENA_RIVALS=ON >/dev/null
	@cmake --build build --parallel $(JOBS) --target $(foreach module,$(MODULES),bench_$(module)) >build/bench.log
	@for module in $(MODULES); do build/bench_$$module || exit 1; done

bench-core: ## the speeds of the core
	@tools/setup bench
	@cmake -S . -B build -DBITENA_TESTS=OFF -DBITENA_PROGRAMS=ON
	@cmake --build build --parallel $(JOBS) --target bench_core
	@build/bench_core

bench: ## every workload beside every rival, under 30 minutes; results in build/bench, pictures in docs/bench
	@tools/setup plots
	@tools/bench-build
	@tools/bench --plots

bench-quick: ## a part of it, under 50 seconds once it is built
	@tools/setup bench
	@tools/bench-build
	@tools/bench --quick

instructions: ## of every verb, by callgrind, beside those recorded
	@tools/setup test
	@cmake -S . -B build -DBITENA_PROGRAMS=ON
	@cmake --build build --parallel $(JOBS) --target bench_verbs
	@tools/instructions build/bench_verbs

proof: ## the arithmetic of placing, for all 64-bit words (Frama-C, z3), and every small case
	@tools/setup proof
	@tools/proof
	@tools/proof --self-test
	@python3 tests/proof/exhaustive.py build/proof 7
	@python3 tests/proof/exhaustive.py build/proof --self-test

format: ## clang-format decides
	@find src include tests examples bench \( -name '*.[ch]' -o -name '*.cc' \) -exec clang-format -i {} +

clean:
	@rm -rf build
