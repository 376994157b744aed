// SPDX-License-Identifier: GPL-3.0-or-later
#ifndef FLOW_MEMORY_H
#define FLOW_MEMORY_H

#include <stddef.h>

// The two things about memory that Swift has no words for: cache lines that are fetched ahead, and large tables that
// are zero without having been written and lie in large pages, so that a look into them costs one miss and not two.

/// Fetches the cache line at `address`, to be read. Any address will do.
static inline void flow_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

/// Fetches the cache line at `address`, to be written. Any address will do.
static inline void flow_prefetch_for_writing(const void *address) { __builtin_prefetch(address, 1, 3); }

/// Fetches the cache line at `address` into the second level of the cache, so that nothing is driven out of the first: for
/// what is needed later. Any address will do.
static inline void flow_prefetch_for_later(const void *address) { __builtin_prefetch(address, 0, 2); }

/// Memory of `octets` octets, all zero, aligned to a cache line at least; does not return when there is none.
void *flow_memory_allocate(size_t octets);

/// Gives back what `flow_memory_allocate` gave for the same number of octets.
void flow_memory_free(void *memory, size_t octets);

#endif
