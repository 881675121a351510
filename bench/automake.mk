# SPDX-License-Identifier: Apache-2.0
# What things cost, with Google Benchmark; doc/performance.md has results. "make bench" builds and runs
# them.
ESW_BENCHMARKS = bench/bench-flow-compiler bench/bench-manager bench/bench-waiting
EXTRA_PROGRAMS += $(ESW_BENCHMARKS)
CLEANFILES += $(ESW_BENCHMARKS)
ESW_BENCH_CPPFLAGS = $(AM_CPPFLAGS) $(BENCHMARK_CFLAGS)
# The fakes are made of what gtest's programs are made of.
ESW_BENCH_LIBS = tests/fakes/libesw-fakes.a $(ESW_MANAGER_LIBS) $(BENCHMARK_LIBS)

bench_bench_flow_compiler_SOURCES = bench/flow_compiler_bench.cc
bench_bench_flow_compiler_CPPFLAGS = $(ESW_BENCH_CPPFLAGS)
bench_bench_flow_compiler_LDADD = $(ESW_BENCH_LIBS)
bench_bench_manager_SOURCES = bench/manager_bench.cc
bench_bench_manager_CPPFLAGS = $(ESW_BENCH_CPPFLAGS)
bench_bench_manager_LDADD = $(ESW_BENCH_LIBS)
bench_bench_waiting_SOURCES = bench/waiting_bench.cc
bench_bench_waiting_CPPFLAGS = $(ESW_BENCH_CPPFLAGS)
bench_bench_waiting_LDADD = $(ESW_BENCH_LIBS)

.PHONY: bench
bench: $(ESW_BENCHMARKS)
	$(AM_V_at)for program in $(ESW_BENCHMARKS); do $$program $(BENCH_FLAGS) || exit; done
