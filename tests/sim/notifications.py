#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a kernel tells of an eswitch while commands run.

usage: notifications.py HANDLE FENCE <STEPS

STEPS are lines "NAME: COMMAND" for the shell. Of each step with a NAME prints "[NAME]" and what devlink told,
and what rtnetlink told, of HANDLE, its ports, their rates and netdevs: two sockets, between which there is
no order. Ports go by what they are (uplink, vf0), since indices and netdevs' names are the driver's. What is
said again at once is printed once.

When both sockets have told of a fence, a parameter of the devlink device FENCE and the alias of lo, the step's
notifications are complete.
"""

import re
import socket
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
from netlink_messages import attributes, text  # noqa: E402

# linux/netlink.h, linux/genetlink.h
NETLINK_ROUTE, NETLINK_GENERIC, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP = 0, 16, 270, 1
NLM_F_REQUEST, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME, CTRL_ATTR_MCAST_GROUPS = 1, 16, 3, 2, 7
CTRL_ATTR_MCAST_GRP_NAME, CTRL_ATTR_MCAST_GRP_ID = 1, 2
# linux/rtnetlink.h, linux/if_link.h
RTNLGRP_LINK, RTM_NEWLINK = 1, 16
IFLA_IFNAME, IFLA_IFALIAS, IFLA_PHYS_PORT_NAME, IFLA_PARENT_DEV_NAME, IFLA_PARENT_DEV_BUS_NAME = 3, 20, 38, 56, 57
# linux/devlink.h
COMMANDS = {3: "dev new", 4: "dev del", 7: "port new", 8: "port del", 76: "rate new", 77: "rate del"}
PARAM_NEW = 40
BUS_NAME, DEV_NAME, PORT_INDEX, PORT_TYPE, NETDEV_IFINDEX, FLAVOUR, VF_NUMBER = 1, 2, 3, 4, 6, 77, 128
TYPES = {0: "notset", 2: "eth"}


def u32(value):
    return struct.unpack("I", value)[0]


def config_group():
    """The number of devlink's multicast group."""
    control = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
    control.bind((0, 0))
    body = struct.pack("BBHHH8s", CTRL_CMD_GETFAMILY, 1, 0, 12, CTRL_ATTR_FAMILY_NAME, b"devlink")
    control.send(struct.pack("IHHII", 16 + len(body), GENL_ID_CTRL, NLM_F_REQUEST, 1, 0) + body)
    groups = attributes(control.recv(65536)[20:])[CTRL_ATTR_MCAST_GROUPS]
    for group in map(attributes, attributes(groups).values()):
        if text(group[CTRL_ATTR_MCAST_GRP_NAME]) == "config":
            return u32(group[CTRL_ATTR_MCAST_GRP_ID])
    raise SystemExit("devlink has no group 'config'")


class Source:
    """A socket with notifications, which its subclass puts into words, or None for those of others."""

    def __init__(self, protocol, group):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind((0, 0))
        self.socket.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)

    def told_until(self, fence):
        """The words up to the fence of that number."""
        told = []
        while True:
            datagram = self.socket.recv(1 << 17)
            while datagram:
                length, kind = struct.unpack_from("IH", datagram)
                message, datagram = datagram[16:length], datagram[(length + 3) & ~3:]
                if self.is_fence(kind, message, fence):
                    return told
                words = self.words(kind, message)
                if words and told[-1:] != [words]:
                    told.append(words)


class Devlink(Source):
    def __init__(self, handle, fence):
        super().__init__(NETLINK_GENERIC, config_group())
        self.handle, self.fence = handle, fence
        self.names = {}  # of ports, by index

    def is_fence(self, _, message, __):
        return message[0] == PARAM_NEW and handle_of(attributes(message[4:])) == self.fence

    def words(self, _, message):
        found = attributes(message[4:])
        if message[0] not in COMMANDS or handle_of(found) != self.handle:
            return None
        words = "devlink: " + COMMANDS[message[0]]
        if PORT_INDEX not in found:
            return words
        index = u32(found[PORT_INDEX])
        if FLAVOUR in found:
            vf = found.get(VF_NUMBER)
            self.names[index] = f"vf{struct.unpack('H', vf)[0]}" if vf else "uplink"
        words += f" {self.names[index]}"
        if PORT_TYPE in found:
            words += f" {TYPES[struct.unpack('H', found[PORT_TYPE])[0]]}"
        return words + (" netdev" if NETDEV_IFINDEX in found else "")


class Links(Source):
    def __init__(self, handle):
        super().__init__(NETLINK_ROUTE, RTNLGRP_LINK)
        self.handle = handle

    def is_fence(self, _, message, number):
        found = attributes(message[16:])
        return text(found[IFLA_IFNAME]) == "lo" and text(found.get(IFLA_IFALIAS, b"")) == f"fence {number}"

    def words(self, kind, message):
        found = attributes(message[16:])
        parent = f"{text(found.get(IFLA_PARENT_DEV_BUS_NAME, b''))}/{text(found.get(IFLA_PARENT_DEV_NAME, b''))}"
        if parent != self.handle or IFLA_PHYS_PORT_NAME not in found:
            return None
        name = re.sub(r"^p\d+$", "uplink", re.sub(r"^pf\d+vf", "vf", text(found[IFLA_PHYS_PORT_NAME])))
        return f"link: {'new' if kind == RTM_NEWLINK else 'del'} {name}"


def handle_of(found):
    return f"{text(found.get(BUS_NAME, b''))}/{text(found.get(DEV_NAME, b''))}"


def put_fence(device, number):
    """A value that was not set before: devlink(8) does not set what is set already."""
    subprocess.run(["devlink", "dev", "param", "set", device, "name", "max_macs", "value", str(16 << number % 2),
                    "cmode", "driverinit"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "alias", f"fence {number}"], check=True)


def main():
    handle, fence_device = sys.argv[1:]
    devlink, links = Devlink(handle, fence_device), Links(handle)
    for number, line in enumerate(sys.stdin):
        name, _, command = line.strip().partition(": ")
        subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        put_fence(fence_device, number)
        told = devlink.told_until(number) + links.told_until(number)
        if name:
            print(f"[{name}]", *told, "", sep="\n", flush=True)


if __name__ == "__main__":
    main()
