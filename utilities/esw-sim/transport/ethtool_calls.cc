// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/ethtool_calls.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>

namespace esw::sim {

namespace {

int ethtool(int fd, const char* name, void* command) {
    ifreq request{};
    std::string_view(name).copy(request.ifr_name, sizeof request.ifr_name - 1);
    request.ifr_data = static_cast<char*>(command);
    return ::ioctl(fd, SIOCETHTOOL, &request);
}

template <class T>
void put(Bytes& to, size_t at, T value) {
    std::memcpy(to.data() + at, &value, sizeof value);
}

EthtoolCalls::FeatureNumbers read_feature_numbers() {
    const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    // The structures end in arrays without a length, so they are laid out by hand.
    Bytes sizes(sizeof(ethtool_sset_info) + sizeof(uint32_t));
    put(sizes, offsetof(ethtool_sset_info, cmd), uint32_t{ETHTOOL_GSSET_INFO});
    put(sizes, offsetof(ethtool_sset_info, sset_mask), uint64_t{1} << ETH_SS_FEATURES);
    if (!fd || ethtool(fd.get(), "lo", sizes.data()) != 0) {
        return {};
    }
    const auto count =
        read_front<uint32_t>(ByteSpan(sizes).subspan(sizeof(ethtool_sset_info))).value_or(0);
    Bytes buffer(sizeof(ethtool_gstrings) + size_t{std::min(count, 4096U)} * ETH_GSTRING_LEN);
    put(buffer, offsetof(ethtool_gstrings, cmd), uint32_t{ETHTOOL_GSTRINGS});
    put(buffer, offsetof(ethtool_gstrings, string_set), uint32_t{ETH_SS_FEATURES});
    put(buffer, offsetof(ethtool_gstrings, len), count);
    if (count > 4096 || ethtool(fd.get(), "lo", buffer.data()) != 0) {
        return {};
    }
    const char* names = reinterpret_cast<const char*>(buffer.data()) + sizeof(ethtool_gstrings);
    for (uint32_t i = 0; i < count; i++, names += ETH_GSTRING_LEN) {
        if (std::string_view(names, strnlen(names, ETH_GSTRING_LEN)) == "hw-tc-offload") {
            return {count, i};
        }
    }
    return {};
}

void copy_text(char* to, size_t room, const std::string& text) {
    std::memset(to, 0, room);
    text.copy(to, room - 1);
}

void show_driver(Bytes& command, const NetdevFace& face, size_t counters) {
    ethtool_drvinfo info;
    if (command.size() < sizeof info) {
        return;
    }
    std::memcpy(&info, command.data(), sizeof info);
    copy_text(info.driver, sizeof info.driver, face.driver);
    copy_text(info.version, sizeof info.version, face.driver_version);
    copy_text(info.fw_version, sizeof info.fw_version, face.firmware_version);
    copy_text(info.bus_info, sizeof info.bus_info, face.bus_info);
    info.n_stats = static_cast<uint32_t>(counters);
    std::memcpy(command.data(), &info, sizeof info);
}

/// A structure with a head and a list without a length, of which the program has room for `room`
/// entries.
template <class Head, class Value, class Entry>
Bytes make_list(const Head& head, const std::vector<Value>& values, size_t room,
                const Entry& entry) {
    Bytes list;
    append_bytes(list, std::as_bytes(std::span(&head, 1)));
    for (size_t i = 0; i < std::min(values.size(), room); i++) {
        const auto bytes = entry(values[i]);
        append_bytes(list, std::as_bytes(std::span(bytes)));
    }
    return list;
}

// ethtool_get_sset_info(), ethtool_get_strings() and ethtool_get_stats() of net/ethtool/ioctl.c.
// Those write all that there is; here no more than there was room for.
Bytes counter_count(size_t count) {
    ethtool_sset_info head{};
    head.cmd = ETHTOOL_GSSET_INFO;
    head.sset_mask = uint64_t{1} << ETH_SS_STATS;
    return make_list(head, std::vector{count}, 1,
                     [](size_t value) { return std::array{static_cast<uint32_t>(value)}; });
}

Bytes counter_names(const std::vector<NetdevCounter>& counters, size_t room) {
    ethtool_gstrings head{};
    head.cmd = ETHTOOL_GSTRINGS;
    head.string_set = ETH_SS_STATS;
    head.len = static_cast<uint32_t>(counters.size());
    return make_list(head, counters, room, [](const NetdevCounter& counter) {
        std::array<char, ETH_GSTRING_LEN> name{};
        copy_text(name.data(), name.size(), counter.name);
        return name;
    });
}

Bytes counter_values(const std::vector<NetdevCounter>& counters, size_t room) {
    ethtool_stats head{};
    head.cmd = ETHTOOL_GSTATS;
    head.n_stats = static_cast<uint32_t>(counters.size());
    return make_list(head, counters, room,
                     [](const NetdevCounter& counter) { return std::array{counter.value}; });
}

/// Where the block with feature `bit` is in a structure with such blocks; none when it is cut.
template <class Head, class Block>
std::byte* feature_block(Bytes& command, uint32_t bit) {
    const size_t at = sizeof(Head) + size_t{bit / 32} * sizeof(Block);
    return command.size() >= at + sizeof(Block) ? command.data() + at : nullptr;
}

void show_tc_offload(Bytes& command, uint32_t bit, bool on) {
    using Block = ethtool_get_features_block;
    std::byte* at = feature_block<ethtool_gfeatures, Block>(command, bit);
    if (!at) {
        return;
    }
    Block block;
    std::memcpy(&block, at, sizeof block);
    const uint32_t mask = 1U << bit % 32;
    block.available |= mask;
    block.never_changed &= ~mask;
    block.requested = on ? block.requested | mask : block.requested & ~mask;
    block.active = on ? block.active | mask : block.active & ~mask;
    std::memcpy(at, &block, sizeof block);
}

/// What the program wants of the feature, which is taken out of `command`.
std::optional<bool> take_tc_offload(Bytes& command, uint32_t bit) {
    using Block = ethtool_set_features_block;
    std::byte* at = feature_block<ethtool_sfeatures, Block>(command, bit);
    if (!at) {
        return std::nullopt;
    }
    Block block;
    std::memcpy(&block, at, sizeof block);
    const uint32_t mask = 1U << bit % 32;
    if ((block.valid & mask) == 0) {
        return std::nullopt;
    }
    block.valid &= ~mask;
    std::memcpy(at, &block, sizeof block);
    return (block.requested & mask) != 0;
}

bool is_link_query(uint32_t command) {
    return command == ETHTOOL_GLINKSETTINGS || command == ETHTOOL_GSET;
}

}  // namespace

EthtoolCalls::EthtoolCalls(NetdevDirectory& netdevs)
    : netdevs_(netdevs), features_(read_feature_numbers()) {}

EthtoolCalls::Target EthtoolCalls::find_target(const Call& call) const {
    const auto what = read_front<wire::EthtoolCall>(call.payload());
    const int socket = call.passed();
    if (!what || socket < 0) {
        return {};
    }
    const NetworkView view{socket_network_namespace(socket, call.caller()), socket};
    const uint32_t ifindex = view.ifindex_of({what->name, strnlen(what->name, sizeof what->name)});
    return {view, ifindex, netdevs_.find(view.network, ifindex)};
}

const NetdevFace* EthtoolCalls::netdev_of(const Call& call) const {
    return find_target(call).face;
}

void EthtoolCalls::answer(Call& call) {
    const auto what = read_front<wire::EthtoolCall>(call.payload());
    const auto [view, ifindex, face] = find_target(call);
    if (!face) {
        call.answer(ENODEV);
        return;
    }
    const ByteSpan given = call.payload().subspan(sizeof *what);
    Bytes command(given.begin(), given.end());
    const auto counters = netdevs_.counters(view.network, ifindex);
    const auto word = [&](size_t i) {
        return read_front<uint32_t>(given.subspan(std::min(i * sizeof(uint32_t), given.size())))
            .value_or(0);
    };
    if (what->command == ETHTOOL_GDRVINFO) {
        show_driver(command, *face, counters.size());
    } else if (what->command == ETHTOOL_GSSET_INFO) {
        command = counter_count(counters.size());
    } else if (what->command == ETHTOOL_GSTRINGS) {
        command = counter_names(counters, word(2));
    } else if (what->command == ETHTOOL_GSTATS) {
        command = counter_values(counters, word(1));
    } else if (is_link_query(what->command) && face->link_speed_mbps == 0) {
        call.answer(EOPNOTSUPP);
        return;
    } else if (what->command == ETHTOOL_GFEATURES && features_.tc_offload) {
        show_tc_offload(command, *features_.tc_offload, face->hw_tc_offload);
    } else if (what->command == ETHTOOL_SFEATURES && features_.tc_offload) {
        if (const auto on = take_tc_offload(command, *features_.tc_offload)) {
            if (!has_net_admin(call.caller())) {
                call.answer(EPERM);
                return;
            }
            netdevs_.set_hw_tc_offload(view.network, ifindex, *on);
        }
    }
    call.answer(0, 0, command);
}

}  // namespace esw::sim
