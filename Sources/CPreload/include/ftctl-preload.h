// SPDX-License-Identifier: GPL-3.0-or-later
// The library has no interface of its own: it stands before functions of the C library.
