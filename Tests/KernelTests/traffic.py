# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP and UDP flows through the router: each exchanges a few messages and then rests, open. SIGUSR1 makes the client
exchange one more on every flow."""

import signal
import socket
import sys
import threading
import time

role, tcp, udp = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
SERVER = "10.0.2.2"


def echo_stream(connection):
    while data := connection.recv(4096):
        connection.sendall(data)


def echo_datagrams(endpoint):
    while True:
        data, peer = endpoint.recvfrom(4096)
        endpoint.sendto(data, peer)


if role == "server":
    endpoint = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    endpoint.bind((SERVER, 5000))
    threading.Thread(target=echo_datagrams, args=(endpoint,), daemon=True).start()
    listener = socket.create_server((SERVER, 5001))
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=echo_stream, args=(connection,), daemon=True).start()

flows = []
for _ in range(tcp):
    for attempt in range(100):
        try:
            flows.append(socket.create_connection((SERVER, 5001), timeout=10))
            break
        except OSError:
            time.sleep(0.3)
for _ in range(udp):
    endpoint = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    endpoint.connect((SERVER, 5000))
    endpoint.settimeout(10)
    flows.append(endpoint)


def exchange(length):
    for flow in flows:
        flow.send(b"x" * length)
        flow.recv(4096)


def exchange_again(*_):
    exchange(99)
    print("again", flush=True)


for turn in range(12):
    exchange(100 + turn)
    time.sleep(0.3)
signal.signal(signal.SIGUSR1, exchange_again)
print("ready", flush=True)
while True:
    signal.pause()
