// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE
#include "flow_memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LINE = 64, LARGE_PAGE = 2 << 20 };

static size_t rounded(size_t octets, size_t unit) { return (octets + unit - 1) / unit * unit; }

void *flow_memory_allocate(size_t octets)
{
    if (octets < LARGE_PAGE) {
        void *memory = aligned_alloc(LINE, rounded(octets, LINE));
        if (!memory)
            abort();
        return memset(memory, 0, octets);
    }
    /* Large pages need their alignment: what lies before and behind it is given back at once. */
    size_t length = rounded(octets, LARGE_PAGE);
    char *space = mmap(NULL, length + LARGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (space == MAP_FAILED)
        abort();
    size_t before = rounded((uintptr_t)space, LARGE_PAGE) - (uintptr_t)space;
    if (before > 0)
        munmap(space, before);
    if (before < LARGE_PAGE)
        munmap(space + before + length, LARGE_PAGE - before);
    madvise(space + before, length, MADV_HUGEPAGE);
    return space + before;
}

void flow_memory_free(void *memory, size_t octets)
{
    if (octets < LARGE_PAGE)
        free(memory);
    else
        munmap(memory, rounded(octets, LARGE_PAGE));
}
