#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""uevents.py LAST: prints the kernel's uevents, one a line without their number, until one that
has LAST in it."""

import socket
import sys

NETLINK_KOBJECT_UEVENT = 15


def main():
    uevents = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_KOBJECT_UEVENT)
    uevents.bind((0, 1))
    print("listening", flush=True)
    while True:
        datagram, sender = uevents.recvfrom(65536)
        assert sender == (0, 1), sender
        assert datagram.endswith(b"\0"), datagram
        words = datagram[:-1].decode().split("\0")
        print(*(word for word in words if not word.startswith("SEQNUM=")), flush=True)
        if sys.argv[1] in words[0]:
            return


main()
