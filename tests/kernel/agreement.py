#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Do esw/show and esw/rep-show say what devlink(8) and /sys say? Usage: agreement.py SOCKET

SOCKET is the one for ovs-appctl. Waits until the switch is at rest (esw/wait) and prints each difference; exit
status 1 when there is one. Else "HANDLE MODE" for each eswitch.
"""

import json
import socket
import subprocess
import sys


def devlink(*commands):
    """The answers of `devlink -j COMMAND`. In one go, since programs start slowly in there."""
    text = subprocess.run(["devlink", "-j", "-b", "-"], check=True, stdout=subprocess.PIPE, text=True,
                          input="".join(command + "\n" for command in commands)).stdout
    return json.loads(f"[{text}]")


class Switch:
    """The daemon, asked as ovs-appctl asks it."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)

    def ask(self, command, *arguments):
        request = {"id": 0, "method": command, "params": arguments}
        self.socket.sendall(json.dumps(request).encode())
        text = b""
        while True:
            received = self.socket.recv(1 << 16)
            text += received
            try:
                answer = json.loads(text)
                break
            except ValueError:  # not all of it
                assert received, "the switch is gone"
        assert answer["error"] is None, answer["error"]
        return answer["result"]


def rep_name(port):
    """The representor's id, from a port as `devlink -j port show` has it."""
    if port["flavour"] == "physical":
        return f"p{port['port']}"
    return f"pf{port['pfnum']}vf{port['vfnum']}"


def ifindex(netdev):
    with open(f"/sys/class/net/{netdev}/ifindex", encoding="ascii") as file:
        return int(file.read())


def of_kernel():
    """What there is: {handle: mode}, {handle/rep: (port index, netdev, ifindex)}."""
    devices, ports = devlink("dev show", "port show")
    handles = list(devices.get("dev", {}))
    eswitches = devlink(*(f"dev eswitch show {handle}" for handle in handles)) if handles else []
    modes = {handle: eswitch["dev"][handle]["mode"] for handle, eswitch in zip(handles, eswitches)}
    reps = {}
    for name, port in ports.get("port", {}).items():
        handle, _, index = name.rpartition("/")
        netdev = port.get("netdev")
        reps[f"{handle}/{rep_name(port)}"] = (int(index), netdev, netdev and ifindex(netdev))
    return modes, reps


def of_switch(switch):
    eswitches = json.loads(switch.ask("esw/show", "--json"))
    reps = json.loads(switch.ask("esw/rep-show", "-m", "--json"))
    return ({handle: row["mode"] for handle, row in eswitches.items()},
            {name: (row["devlink_port"], row["netdev"], row["ifindex"]) for name, row in reps.items()})


def main():
    switch = Switch(sys.argv[1])
    switch.ask("esw/wait", "--timeout=30")
    differences = []
    modes, reps = of_kernel()
    for here, there in zip((modes, reps), of_switch(switch)):
        differences += [f"{name}: kernel: {here.get(name)}, switch: {there.get(name)}"
                        for name in sorted({*here, *there}) if here.get(name) != there.get(name)]
    print("\n".join(differences or [f"{handle} {mode}" for handle, mode in sorted(modes.items())]))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
