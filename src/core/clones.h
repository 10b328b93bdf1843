// For the innermost loops: the compiler makes their code twice, for every processor and for those with AVX2 and
// bit counting, and the dynamic linker picks when the library is loaded.
#pragma once

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define PROFILES_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define PROFILES_CLONES
#endif
