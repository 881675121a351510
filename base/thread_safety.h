// SPDX-License-Identifier: Apache-2.0
#pragma once

// Clang's thread-safety annotations, empty for other compilers.
// https://clang.llvm.org/docs/ThreadSafetyAnalysis.html

#if defined(__clang__)
#define ESW_ANNOTATE(x) __attribute__((x))
#else
#define ESW_ANNOTATE(x)
#endif

#define ESW_CAPABILITY(name) ESW_ANNOTATE(capability(name))
#define ESW_SCOPED_CAPABILITY ESW_ANNOTATE(scoped_lockable)
#define ESW_GUARDED_BY(mutex) ESW_ANNOTATE(guarded_by(mutex))
#define ESW_REQUIRES(...) ESW_ANNOTATE(requires_capability(__VA_ARGS__))
#define ESW_EXCLUDES(...) ESW_ANNOTATE(locks_excluded(__VA_ARGS__))
#define ESW_ACQUIRE(...) ESW_ANNOTATE(acquire_capability(__VA_ARGS__))
#define ESW_RELEASE(...) ESW_ANNOTATE(release_capability(__VA_ARGS__))
#define ESW_NO_ANALYSIS ESW_ANNOTATE(no_thread_safety_analysis)
