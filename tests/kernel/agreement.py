#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Do esw/show and esw/rep-show say what devlink(8) and /sys say?

Prints each difference; exit status 1 when there is one. Else "HANDLE MODE" for each eswitch. Both sides must
be at rest: esw/wait before.
"""

import json
import subprocess
import sys


def run(*command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


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
    modes = {handle: run("devlink", "-j", "dev", "eswitch", "show", handle)["dev"][handle]["mode"]
             for handle in run("devlink", "-j", "dev", "show").get("dev", {})}
    reps = {}
    for name, port in run("devlink", "-j", "port", "show").get("port", {}).items():
        handle, _, index = name.rpartition("/")
        netdev = port.get("netdev")
        reps[f"{handle}/{rep_name(port)}"] = (int(index), netdev, netdev and ifindex(netdev))
    return modes, reps


def of_switch():
    modes = {handle: row["mode"] for handle, row in run("ovs-appctl", "esw/show", "--json").items()}
    reps = {name: (row["devlink_port"], row["netdev"], row["ifindex"])
            for name, row in run("ovs-appctl", "esw/rep-show", "-m", "--json").items()}
    return modes, reps


def main():
    differences = []
    kernel, switch = of_kernel(), of_switch()
    for here, there in zip(kernel, switch):
        differences += [f"{name}: kernel: {here.get(name)}, switch: {there.get(name)}"
                        for name in sorted({*here, *there}) if here.get(name) != there.get(name)]
    modes, _ = kernel
    print("\n".join(differences or [f"{handle} {mode}" for handle, mode in sorted(modes.items())]))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
