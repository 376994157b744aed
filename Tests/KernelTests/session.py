# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a PPPoE session without a daemon and keeps it: session.py DEVICE SESSION REMOTE.

Prints the name of the PPP device that it made; ends when its input does."""
import ctypes
import fcntl
import os
import struct
import sys

AF_PPPOX, SOCK_STREAM, PX_PROTO_OE = 24, 1, 0
# linux/ppp-ioctl.h
PPPIOCGCHAN, PPPIOCATTCHAN, PPPIOCCONNECT, PPPIOCNEWUNIT = 0x80047437, 0x40047438, 0x4004743A, 0xC004743E

device, session, remote = sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.argv[3].replace(":", ""))
libc = ctypes.CDLL(None, use_errno=True)
# struct sockaddr_pppox: family, protocol, session, remote address, device; packed.
address = struct.pack("<HI", AF_PPPOX, PX_PROTO_OE) + struct.pack(">H", session) + remote + device.encode().ljust(16, b"\0")
carrier = libc.socket(AF_PPPOX, SOCK_STREAM, PX_PROTO_OE)
if carrier < 0 or libc.connect(carrier, address, len(address)) < 0:
    sys.exit(os.strerror(ctypes.get_errno()))
channel = struct.unpack("i", fcntl.ioctl(carrier, PPPIOCGCHAN, struct.pack("i", 0)))[0]
attached = os.open("/dev/ppp", os.O_RDWR)
fcntl.ioctl(attached, PPPIOCATTCHAN, struct.pack("i", channel))
interface = os.open("/dev/ppp", os.O_RDWR)
unit = struct.unpack("i", fcntl.ioctl(interface, PPPIOCNEWUNIT, struct.pack("i", -1)))[0]
fcntl.ioctl(attached, PPPIOCCONNECT, struct.pack("i", unit))
print(f"ppp{unit}", flush=True)
sys.stdin.read()
