# SPDX-License-Identifier: Apache-2.0
"""Netlink messages, for scripts that read them by number."""

import struct


def attributes(payload):
    found = {}
    while len(payload) >= 4:
        length, kind = struct.unpack_from("HH", payload)
        found[kind & 0x3fff] = payload[4:length]
        payload = payload[(length + 3) & ~3:]
    return found


def text(value):
    return value.rstrip(b"\0").decode()
