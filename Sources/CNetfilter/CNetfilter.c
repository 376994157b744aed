// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE
#include "CNetfilter.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>

const char *ftctl_errno_name(int number)
{
    return strerrorname_np(number);
}

int ftctl_enter_network_namespace(int descriptor)
{
    return setns(descriptor, CLONE_NEWNET);
}

int ftctl_set_receive_buffer(int descriptor, int octets)
{
    if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets) == 0)
        return 0;
    return setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
}

int ftctl_receive_buffer(int descriptor)
{
    int octets = 0;
    socklen_t length = sizeof octets;

    return getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &octets, &length) == 0 ? octets : 0;
}

int ftctl_set_send_buffer(int descriptor, int octets)
{
    if (setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &octets, sizeof octets) == 0)
        return 0;
    return setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &octets, sizeof octets);
}

int ftctl_signal_descriptor(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
        return -1;
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static volatile sig_atomic_t interruption;

static void note_interruption(int signal)
{
    interruption = signal;
}

void ftctl_note_interruption(void)
{
    static const int signals[] = { SIGINT, SIGTERM };
    struct sigaction noted = { .sa_handler = note_interruption, .sa_flags = SA_RESETHAND };
    struct sigaction before;

    for (int i = 0; i < 2; i++)
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(signals[i], &noted, NULL);
}

int ftctl_interruption(void)
{
    return interruption;
}

int ftctl_terminal_size(int descriptor, int *rows, int *columns)
{
    struct winsize size;

    if (ioctl(descriptor, TIOCGWINSZ, &size) < 0)
        return -1;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return 0;
}
