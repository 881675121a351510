#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rdma-monitor.py COUNT: prints COUNT notifications of RDMA netlink, one a line.

Numbers are from linux/rdma/rdma_netlink.h of Linux 6.12, which Debian 12 does not have.
"""

import socket
import struct
import sys

sys.dont_write_bytecode = True
from netlink_messages import attributes, text  # noqa: E402

NETLINK_RDMA = 20
SOL_NETLINK = 270
NETLINK_ADD_MEMBERSHIP = 1
RDMA_NL_GROUP_NOTIFY = 4
EVENTS = ("registered", "unregistered", "attached", "detached")  # enum rdma_nl_notify_event_type
DEV_NAME, PORT_INDEX, NDEV_NAME = 2, 3, 51
EVENT_TYPE = 102


def main():
    monitor = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_RDMA)
    monitor.bind((0, 0))
    monitor.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, RDMA_NL_GROUP_NOTIFY)
    print("listening", flush=True)
    for _ in range(int(sys.argv[1])):
        told = attributes(monitor.recv(65536)[16:])
        line = f"{EVENTS[told[EVENT_TYPE][0]]} {text(told[DEV_NAME])}"
        if PORT_INDEX in told:
            line += f"/{struct.unpack('I', told[PORT_INDEX])[0]}"
        if NDEV_NAME in told:
            line += f" {text(told[NDEV_NAME])}"
        print(line, flush=True)


main()
