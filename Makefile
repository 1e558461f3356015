# The two commands of README.md, and what a developer needs beside them.
.PHONY: all build deps demo test test-asan unit system bench fuzz format lint clean install
all: build
deps: ; @tools/install-deps
build: deps ; @tools/build build
demo: build ; @tools/demo $(if $(KEEP),--keep)
test: deps ; @tools/test
test-asan: deps ; @tools/test --asan
unit: deps ; @tools/test --unit
bench: build ; @tools/bench $(BENCH)
fuzz: deps ; @tools/fuzz $(FUZZ)
format: ; @git ls-files '*.c' '*.h' | xargs clang-format -i
lint: ; @tools/lint
install: build ; @meson install -C build
clean: ; @rm -rf build build-asan build-fuzz
