#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sends or receives 802.1Q frames, where the kernel may have no VLAN devices.

usage: tagged-frames.py send NETDEV VID COUNT
       tagged-frames.py receive NETDEV VID COUNT

"receive" prints "ready" when it listens, and ends when COUNT frames with that VID have come.
"""

import socket
import struct
import sys

ETH_P_ALL = 3
TEST_ETHERTYPE = 0x88B5  # IEEE 802: local experimental
SOL_PACKET, PACKET_AUXDATA = 263, 8
TP_STATUS_VLAN_VALID = 1 << 4


def main():
    verb, netdev, vid, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    packet = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    packet.bind((netdev, 0))
    if verb == "send":
        frame = b"\xff" * 6 + packet.getsockname()[4]
        frame += struct.pack("!HHH", 0x8100, vid, TEST_ETHERTYPE) + bytes(64)
        for _ in range(count):
            packet.send(frame)
        return
    packet.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    packet.settimeout(20)
    print("ready", flush=True)
    while count:
        data, ancillary, _, _ = packet.recvmsg(2048, 256)
        tci = None
        if data[12:14] == b"\x81\x00":
            tci, = struct.unpack("!H", data[14:16])
        for level, kind, aux in ancillary:
            if level == SOL_PACKET and kind == PACKET_AUXDATA:
                status, _, _, _, _, aux_tci, _ = struct.unpack("IIIHHHH", aux[:20])
                if status & TP_STATUS_VLAN_VALID:
                    tci = aux_tci
        if tci is not None and tci & 0xFFF == vid:
            count -= 1


main()
