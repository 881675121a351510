#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What the adapter counts is the switch's count, to the packet, also when flows leave the adapter.

. "$ESW_SRC/tests/lib.sh"
. "$ESW_SRC/tests/ovs/lib-ovs.sh"
. "$ESW_SRC/tests/ovs/lib-sim.sh"

hardware_packets() {
    esw-sim ctl stats --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["packets"]["hardware"])'
}

# send_datagrams COUNT: from vf0 to vf1, of 100 bytes each; no more at a time than a socket holds. The other
# end answers each, so that none is lost for want of room.
send_datagrams() {
    ip netns exec "$ESW_TEST_ID-vf1" python3 - "$1" <<'PYTHON' &
import socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("10.0.0.2", 5000))
server.settimeout(60)
for _ in range(int(sys.argv[1]) + 1):
    data, peer = server.recvfrom(2000)
    server.sendto(b"", peer)
PYTHON
    local server=$!
    ip netns exec "$ESW_TEST_ID-vf0" python3 - "$1" <<'PYTHON'
import socket, sys
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.connect(("10.0.0.2", 5000))
client.settimeout(60)
# The first one says when the server is there; refusals before it are not datagrams that were lost.
while True:
    try:
        client.send(bytes(58))
        client.recv(1)
        break
    except ConnectionRefusedError:
        print("again")
for _ in range(int(sys.argv[1])):
    client.send(bytes(58))
    client.recv(1)
PYTHON
    wait "$server"
}

# of_flow KEY: n_packets or n_bytes of the OpenFlow flow of the datagrams, as the switch has it when it has
# looked at all flows.
of_flow() {
    settle
    ovs-appctl revalidator/wait
    ovs-appctl revalidator/wait
    ovs-ofctl dump-flows br0 "udp,in_port=pf0vf0,tp_dst=5000" | sed -n "s/.*$1=\([0-9]*\).*/\1/p"
}

test_start() {
    start_sim
    start_sim_switch
    for port in p0 pf0vf0 pf0vf1; do
        add_esw_port $port $pf0
    done
    set_mode $pf0 switchdev
    ovs-vsctl set open_vswitch . other_config:hw-offload=true
    settle
    make_host vf0 $pf0/pf0vf0 10.0.0.1/24
    make_host vf1 $pf0/pf0vf1 10.0.0.2/24
    expect_ping vf0 10.0.0.2
    ovs-ofctl add-flow br0 "priority=10,udp,in_port=pf0vf0,tp_dst=5000,actions=output:pf0vf1"
}

# Counts of one round: what is sent, then an end of the flow's time in the adapter.
count_round() { # COUNT COMMAND...
    local before hardware again
    before=$(of_flow n_packets)
    hardware=$(hardware_packets)
    again=$(send_datagrams "$1" | grep -c again) || true
    [ $(($(hardware_packets) - hardware)) -ge "$1" ] ||
        fail "of $1 datagrams and answers $(($(hardware_packets) - hardware)) through the adapter"
    "${@:2}"
    expect_equal $((before + $1 + 1 + again)) "$(of_flow n_packets)" "packets of the flow"
    expect_equal $(((before + $1 + 1 + again) * 100)) "$(of_flow n_bytes)" "bytes of the flow"
}

off_and_on() {
    ovs-vsctl set open_vswitch . other_config:hw-offload=false
    settle
    ovs-vsctl set open_vswitch . other_config:hw-offload=true
}
flip() {
    expect_equal 'done' "$(esw set-mode $pf0 legacy)"
    expect_equal 'done' "$(esw set-mode $pf0 switchdev)"
}

test_off() { count_round 300 off_and_on; }
test_flip() { count_round 300 flip; }

run_case "a switch with flows in the adapter" test_start
run_case "nothing is lost from the count when hw-offload goes off" test_off
run_case "nothing is lost from the count when the mode changes" test_flip
end_cases
