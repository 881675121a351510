// SPDX-License-Identifier: Apache-2.0
// The part of ClientSocket that answers setsockopt() and getsockopt(), after netlink_setsockopt()
// and netlink_getsockopt() in net/netlink/af_netlink.c and sk_setsockopt() in net/core/sock.c.
#include <linux/filter.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "utilities/esw-sim/transport/client_socket.h"

namespace esw::sim {

namespace {

/// At least this much of what the daemon sends is taken by the connection itself.
constexpr int kMinConnectionBytes = 1 << 20;
/// net.core.rmem_max of a kernel that was not tuned; for sockets with no kernel socket behind.
constexpr int kMaxBuffer = 212992;

int put_number(int number, size_t room, Bytes& value, int& length) {
    length = static_cast<int>(std::min(room, sizeof number));
    const auto bytes = std::as_bytes(std::span(&number, 1)).first(static_cast<size_t>(length));
    value.assign(bytes.begin(), bytes.end());
    return 0;
}

}  // namespace

int ClientSocket::set_option(int level, int name, ByteSpan value, pid_t caller) {
    if (level == SOL_NETLINK) {
        return set_netlink_option(name, value);
    }
    return level == SOL_SOCKET ? set_socket_option(name, value, caller) : ENOPROTOOPT;
}

int ClientSocket::get_option(int level, int name, size_t room, Bytes& value, int& length) {
    if (level == SOL_NETLINK) {
        return get_netlink_option(name, room, value, length);
    }
    return level == SOL_SOCKET ? get_socket_option(name, room, value, length) : ENOPROTOOPT;
}

int ClientSocket::forward_option(int level, int name, ByteSpan value) {
    const auto length = static_cast<socklen_t>(value.size());
    const bool ok = !kernel_ || ::setsockopt(kernel_.get(), level, name, value.data(), length) == 0;
    return ok ? 0 : errno;
}

int ClientSocket::join(uint32_t group, bool member) {
    if (!owner_.is_simulated_group(identity_.protocol, group)) {
        if (!kernel_) {
            return EINVAL;
        }
        const int name = member ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP;
        const int error = forward_option(SOL_NETLINK, name, std::as_bytes(std::span(&group, 1)));
        if (error != 0) {
            return error;
        }
    }
    if (member) {
        groups_.insert(group);
    } else {
        groups_.erase(group);
    }
    return 0;
}

int ClientSocket::set_netlink_option(int name, ByteSpan value) {
    const int number = read_front<int>(value).value_or(0);
    bool* flag = nullptr;
    switch (name) {
        case NETLINK_ADD_MEMBERSHIP:
        case NETLINK_DROP_MEMBERSHIP:
            return number <= 0
                       ? EINVAL
                       : join(static_cast<uint32_t>(number), name == NETLINK_ADD_MEMBERSHIP);
        case NETLINK_PKTINFO:
            pktinfo_ = number != 0;
            return 0;  // the daemon needs it on at the kernel's socket
        case NETLINK_EXT_ACK:
            flag = &ack_options_.extended;
            break;
        case NETLINK_CAP_ACK:
            flag = &ack_options_.capped;
            break;
        case NETLINK_NO_ENOBUFS:
            flag = &no_enobufs_;
            break;
        case NETLINK_LISTEN_ALL_NSID:
            flag = &all_nsid_;
            break;
        case NETLINK_BROADCAST_ERROR:
            flag = &broadcast_error_;
            break;
        case NETLINK_GET_STRICT_CHK:
            flag = &strict_check_;
            break;
        default:
            return kernel_ ? forward_option(SOL_NETLINK, name, value) : ENOPROTOOPT;
    }
    const int error = forward_option(SOL_NETLINK, name, value);
    if (error == 0) {
        *flag = number != 0;
    }
    return error;
}

int ClientSocket::get_netlink_option(int name, size_t room, Bytes& value, int& length) const {
    bool on = false;
    switch (name) {
        case NETLINK_LIST_MEMBERSHIPS:
            return get_memberships(room, value, length);
        case NETLINK_PKTINFO:
            on = pktinfo_;
            break;
        case NETLINK_EXT_ACK:
            on = ack_options_.extended;
            break;
        case NETLINK_CAP_ACK:
            on = ack_options_.capped;
            break;
        case NETLINK_NO_ENOBUFS:
            on = no_enobufs_;
            break;
        case NETLINK_BROADCAST_ERROR:
            on = broadcast_error_;
            break;
        case NETLINK_GET_STRICT_CHK:
            on = strict_check_;
            break;
        default:
            return ENOPROTOOPT;
    }
    return room < sizeof(int) ? EINVAL : put_number(on, room, value, length);
}

int ClientSocket::get_memberships(size_t room, Bytes& value, int& length) const {
    const size_t words = (owner_.group_count(identity_.protocol) + 31) / 32;
    std::vector<uint32_t> mask(words);
    for (const uint32_t group : groups_) {
        if ((group - 1) / 32 < words) {
            mask[(group - 1) / 32] |= 1U << ((group - 1) % 32);
        }
    }
    const auto bytes = std::as_bytes(std::span(mask));
    const auto fitting = bytes.first(std::min(room & ~size_t{3}, bytes.size()));
    value.assign(fitting.begin(), fitting.end());
    length = static_cast<int>(bytes.size());
    return 0;
}

int ClientSocket::set_socket_option(int name, ByteSpan value, pid_t caller) {
    if (name == SO_ATTACH_FILTER) {
        return attach_filter(value);
    }
    const auto number = read_front<int>(value);
    if (!number) {
        return EINVAL;
    }
    switch (name) {
        case SO_PASSCRED:
            credentials_ = *number != 0;
            return 0;
        case SO_RCVBUFFORCE:
        case SO_SNDBUFFORCE:
            if (!has_net_admin(caller)) {
                return EPERM;
            }
            break;
        case SO_RCVBUF:
        case SO_SNDBUF:
        case SO_DETACH_FILTER:
            break;
        default:
            return ENOPROTOOPT;
    }
    const int error = forward_option(SOL_SOCKET, name, value);
    if (error == 0 && (name == SO_RCVBUF || name == SO_RCVBUFFORCE)) {
        // sk_setsockopt(): twice the value, which was cut to the system's maximum before.
        const int wanted = name == SO_RCVBUF ? std::min(*number, kMaxBuffer) : *number;
        receive_buffer_ = static_cast<size_t>(std::max(std::min(wanted, INT_MAX / 2) * 2, 2304));
        size_connection();
    }
    return error;
}

/// `program` is an array of sock_filter. Only the kernel's messages go through it.
int ClientSocket::attach_filter(ByteSpan program) {
    std::vector<sock_filter> instructions(program.size() / sizeof(sock_filter));
    if (instructions.empty() || instructions.size() > BPF_MAXINSNS || !kernel_) {
        return EINVAL;
    }
    std::memcpy(instructions.data(), program.data(), instructions.size() * sizeof(sock_filter));
    const sock_fprog filter{static_cast<unsigned short>(instructions.size()), instructions.data()};
    return forward_option(SOL_SOCKET, SO_ATTACH_FILTER, std::as_bytes(std::span(&filter, 1)));
}

/// Makes the connection take at least a full receive buffer, and reads what that is.
void ClientSocket::size_connection() {
    int buffer = 0;
    socklen_t length = sizeof buffer;
    if (kernel_ && ::getsockopt(kernel_.get(), SOL_SOCKET, SO_RCVBUF, &buffer, &length) == 0) {
        receive_buffer_ = static_cast<size_t>(buffer);
    }
    const size_t wanted = std::min<size_t>(receive_buffer_ * 2, INT_MAX / 2);
    buffer = std::max(static_cast<int>(wanted), kMinConnectionBytes);
    if (::setsockopt(connection_.get(), SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer) != 0) {
        ::setsockopt(connection_.get(), SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    }
}

int ClientSocket::get_socket_option(int name, size_t room, Bytes& value, int& length) const {
    int number = 0;
    socklen_t number_length = sizeof number;
    switch (name) {
        case SO_DOMAIN:
            return put_number(AF_NETLINK, room, value, length);
        case SO_PROTOCOL:
            return put_number(identity_.protocol, room, value, length);
        case SO_TYPE:
            return put_number(identity_.type, room, value, length);
        case SO_ERROR:
            return put_number(0, room, value, length);
        case SO_PASSCRED:
            return put_number(credentials_, room, value, length);
        case SO_RCVBUF:
            return put_number(static_cast<int>(receive_buffer_), room, value, length);
        case SO_SNDBUF:
            if (!kernel_ ||
                ::getsockopt(kernel_.get(), SOL_SOCKET, SO_SNDBUF, &number, &number_length) != 0) {
                number = kMaxBuffer;
            }
            return put_number(number, room, value, length);
        default:
            return ENOPROTOOPT;
    }
}

}  // namespace esw::sim
