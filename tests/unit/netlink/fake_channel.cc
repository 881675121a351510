// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/netlink/fake_channel.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace esw::netlink {

class FakeSockets::FakeChannel final : public Channel {
public:
    FakeChannel(FakeSockets& sockets, std::shared_ptr<FakePeer> peer)
        : sockets_(sockets), peer_(std::move(peer)) {}
    ~FakeChannel() override { peer_->closed = true; }

    Status send(ByteView message) override {
        peer_->requests.emplace_back(message.begin(), message.end());
        sockets_.on_request(*peer_, peer_->requests.back());
        return {};
    }

    Result<std::optional<Datagram>> receive() override {
        if (peer_->answers.empty()) {
            return std::optional<Datagram>{};
        }
        FakeAnswer next = std::move(peer_->answers.front());
        peer_->answers.pop_front();
        uint64_t one;
        (void)!::read(peer_->readable.get(), &one, sizeof one);
        if (const auto* error = std::get_if<Error>(&next)) {
            return fail(*error);
        }
        current_ = std::get<FakeDatagram>(std::move(next));
        return std::optional(Datagram{current_.bytes, current_.sender});
    }

    Result<bool> wait(TimePoint deadline) override {
        if (!peer_->answers.empty()) {
            return true;
        }
        sockets_.clock_.advance(deadline - sockets_.clock_.now());
        return false;
    }

    Status join(uint32_t group) override {
        peer_->groups.push_back(group);
        return {};
    }

    int fd() const override { return peer_->readable.get(); }

private:
    FakeSockets& sockets_;
    const std::shared_ptr<FakePeer> peer_;
    FakeDatagram current_;
};

Result<std::unique_ptr<Channel>> FakeSockets::open(int protocol, ChannelUse use) {
    auto peer = std::make_shared<FakePeer>();
    peer->protocol = protocol;
    peer->use = use;
    if (auto opened = on_open(*peer); !opened) {
        return fail(opened.error());
    }
    peers.push_back(peer);
    return std::make_unique<FakeChannel>(*this, std::move(peer));
}

FakePeer& FakeSockets::member_of(int protocol, uint32_t group) {
    const auto found = std::find_if(peers.rbegin(), peers.rend(), [&](const auto& peer) {
        return peer->protocol == protocol &&
               std::find(peer->groups.begin(), peer->groups.end(), group) != peer->groups.end();
    });
    if (found == peers.rend()) {
        throw std::logic_error("nobody has joined this group");
    }
    return **found;
}

}  // namespace esw::netlink
