// SPDX-License-Identifier: GPL-3.0-or-later
// What the programs that make traffic share.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/// Seconds on a clock that never goes back.
static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/// Ends the program: `what` failed, for the reason in errno.
static void fail(const char *what)
{
    perror(what);
    exit(1);
}
