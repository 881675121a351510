# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What a real kernel was found to do, in tests/data, and cases that hold against it what is found now. Sourced
# behind tests/lib.sh.
#
# A file has sections, "[NAME]" and lines that begin with a letter or "|", up to an empty one; "#" begins a
# comment. Beside FILE there is FILE-mlx5, with the sections in which mlx5 is known to differ from netdevsim, and
# the reason of each. A script sets what is the driver's:
#
#   device, other    devlink handles; the first has one uplink and VFs, the second is left alone
#   home             the name or pid of their network namespace, for ip(8)
#   set_vfs          command: set_vfs N
#   remove           command: the device goes

# order_steps: for tests/sim/notifications.py. Steps without name are told of elsewhere.
order_steps() {
    local switchdev="devlink dev eswitch set $device mode switchdev" elsewhere=$ESW_TEST_ID-elsewhere
    local netdev="\$(devlink port show | sed -n 's,^$device/.* netdev \\([^ ]*\\) flavour pcivf.* vfnum 0 .*,\\1,p')"
    ip netns add "$elsewhere"
    at_exit ip netns del "$elsewhere"
    cat <<STEPS
VFs in legacy mode: $set_vfs 2
legacy to switchdev mode: $switchdev
switchdev mode once more: $switchdev
switchdev to legacy mode: devlink dev eswitch set $device mode legacy
: $switchdev
no VFs any more in switchdev mode: $set_vfs 0
: $switchdev
VFs in switchdev mode: $set_vfs 2
rename of a representor: ip link set "$netdev" down; ip link set "$netdev" name renamed
a representor leaves the namespace: ip link set renamed netns $elsewhere
a representor comes back to the namespace: ip -n $elsewhere link set renamed netns $home
reload: devlink dev reload $device
: $set_vfs 0; $set_vfs 2; $switchdev
removal in switchdev mode: $remove
STEPS
}

section() { awk -v name="[$1]" '/^$/ { on = 0 } on && /^[a-z|]/ { print } $0 == name { on = 1 }' "$2"; } # NAME FILE
sections() { sed -n 's/^\[\(.*\)\]$/\1/p' "$1"; }

# All sections are there, each once.
test_sections() { # DATA FOUND
    diff <(sections "$1") <(sections "$2")
    expect_equal '' "$(sections "$1" | sort | uniq -d)" "sections that are there twice"
}
test_section() { diff <(section "$1" "$2") <(section "$1" "$3"); } # NAME DATA FOUND

# What is said to differ does, and is a section of the other.
test_differences() { # DATA
    local name
    while read -r name; do
        sections "$1" | grep -xF -- "$name"
        ! test_section "$name" "$1" "$1-mlx5" >/dev/null || fail "$name: no difference"
    done < <(sections "$1-mlx5")
}

# run_recorded DATA FOUND: FOUND is what the real kernel does.
run_recorded() {
    local name
    run_case "all sections of ${1##*/}" test_sections "$1" "$2"
    while read -r name; do
        run_case "$name" test_section "$name" "$1" "$2"
    done < <(sections "$1")
}

# run_recorded_mlx5 DATA FOUND: FOUND is what mlx5 does.
run_recorded_mlx5() {
    local name data
    run_case "all sections of ${1##*/}" test_sections "$1" "$2"
    run_case "mlx5 differs from netdevsim where ${1##*/}-mlx5 says so" test_differences "$1"
    while read -r name; do
        data=$1
        ! sections "$1-mlx5" | grep -qxF -- "$name" || data=$1-mlx5
        run_case "$name" test_section "$name" "$data" "$2"
    done < <(sections "$1")
}
