// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mlx5/fdb_actions.h"

#include <endian.h>

#include <algorithm>
#include <cstring>

#include "esw-manager/mlx5/fdb_hash.h"
#include "esw-manager/mlx5/fdb_port.h"

namespace esw::mlx5 {

namespace {

/// First byte of the names of parts.
enum class Kind : char { kDrop, kDecapsulate, kPopVlan, kRewrite, kPushVlan, kReformat, kSeveral };

std::string name_of(Kind kind, const void* bytes = nullptr, size_t size = 0) {
    std::string name(1, static_cast<char>(kind));
    return name.append(static_cast<const char*>(bytes), size);
}

void append(FdbSharedActions& to, FdbPartPtr part) {
    to.list[to.count++] = part->action.get();
    to.parts.push_back(std::move(part));
}

/// Adds the part, if there is one.
Status append(FdbSharedActions& to, Result<FdbPartPtr> part) {
    if (!part) {
        return fail(std::move(part.error()));
    }
    append(to, *std::move(part));
    return {};
}

}  // namespace

size_t FdbActionCache::Hash::operator()(const FdbActions& actions) const {
    FdbHash hash;
    hash.add(uint64_t{actions.pop_vlans} << 1 | actions.decapsulate);
    hash.add(actions.rewrite.size());
    for (const uint64_t word : actions.rewrite) {
        hash.add(word);
    }
    for (const uint32_t tag : actions.push_vlans) {
        hash.add(tag);
    }
    for (const FdbOutput& output : actions.outputs) {
        hash.add(output.port).add(output.encapsulation);
    }
    return hash.value();
}

Result<FdbActionCache::Use> FdbActionCache::get(const FdbActions& actions) {
    if (const auto known = sets_.find(actions); known != sets_.end()) {
        return Use(*this, *known);
    }
    FdbSharedActions made;
    if (const Status composed = compose(actions, made); !composed) {
        return fail(composed.error());
    }
    return Use(*this, *sets_.emplace(actions, std::move(made)).first);
}

void FdbActionCache::release(Sets::value_type& set) {
    if (--set.second.uses == 0) {
        sets_.erase(sets_.find(set.first));
    }
}

/// What happens to a packet that is dropped does not matter; and libmlx5 takes drop alone.
Status FdbActionCache::compose(const FdbActions& actions, FdbSharedActions& to) {
    if (actions.pop_vlans > 2 || actions.push_vlans.size() > 2) {
        return fail(EINVAL, domain_.device(), "make actions", "more than two VLAN tags");
    }
    if (actions.outputs.empty()) {
        return append(to, part(name_of(Kind::kDrop), "drop", {}, mlx5dv_dr_action_create_drop));
    }
    if (const Status found = find_outputs(actions, to); !found) {
        return found;
    }
    if (const Status added = add_rewrites(actions, to); !added) {
        return added;
    }
    return add_destination(actions, to);
}

Status FdbActionCache::find_outputs(const FdbActions& actions, FdbSharedActions& to) const {
    for (const FdbOutput& output : actions.outputs) {
        FdbPort* port = find_port_(output.port);
        if (!port) {
            return fail(ENOENT, domain_.device(), "make actions", "an output that is not there");
        }
        to.to_wire = to.to_wire || port->is_wire();
        if (std::find(to.outputs.begin(), to.outputs.end(), port) == to.outputs.end()) {
            to.outputs.push_back(port);
        }
    }
    return {};
}

/// The order is that of dr_action.c of rdma-core, next_action_state[].
Status FdbActionCache::add_rewrites(const FdbActions& actions, FdbSharedActions& to) {
    Status done;
    if (actions.decapsulate) {
        done = append(to, part(name_of(Kind::kDecapsulate), "decapsulate", {}, [&] {
                          return mlx5dv_dr_action_create_packet_reformat(
                              domain_.get(), 0,
                              MLX5DV_FLOW_ACTION_PACKET_REFORMAT_TYPE_L2_TUNNEL_TO_L2, 0, nullptr);
                      }));
    }
    for (unsigned i = 0; done && i < actions.pop_vlans; i++) {
        done = append(
            to, part(name_of(Kind::kPopVlan), "pop VLAN", {}, mlx5dv_dr_action_create_pop_vlan));
    }
    if (done && !actions.rewrite.empty()) {
        done = append(to, rewrite(actions.rewrite));
    }
    for (size_t i = 0; done && i < actions.push_vlans.size(); i++) {
        done = append(to, push_vlan(actions.push_vlans[i]));
    }
    return done;
}

Status FdbActionCache::add_destination(const FdbActions& actions, FdbSharedActions& to) {
    if (actions.outputs.size() > 1) {
        return append(to, several(actions.outputs));
    }
    const FdbOutput& output = actions.outputs.front();
    if (!output.encapsulation.empty()) {
        if (const Status done = append(to, reformat(output.encapsulation)); !done) {
            return done;
        }
    }
    return append(to, destination(output.port));
}

Result<FdbPartPtr> FdbActionCache::rewrite(const std::vector<uint64_t>& words) {
    const size_t size = words.size() * sizeof(uint64_t);
    return part(name_of(Kind::kRewrite, words.data(), size), "rewrite headers", {}, [&] {
        std::vector<uint64_t> copy = words;
        return mlx5dv_dr_action_create_modify_header(domain_.get(), 0, size,
                                                     reinterpret_cast<__be64*>(copy.data()));
    });
}

Result<FdbPartPtr> FdbActionCache::push_vlan(uint32_t tag) {
    return part(name_of(Kind::kPushVlan, &tag, sizeof tag), "push VLAN", {},
                [&] { return mlx5dv_dr_action_create_push_vlan(domain_.get(), htobe32(tag)); });
}

Result<FdbPartPtr> FdbActionCache::reformat(const std::string& header) {
    return part(name_of(Kind::kReformat, header.data(), header.size()), "encapsulate", {}, [&] {
        std::string copy = header;
        return mlx5dv_dr_action_create_packet_reformat(
            domain_.get(), 0, MLX5DV_FLOW_ACTION_PACKET_REFORMAT_TYPE_L2_TO_L2_TUNNEL, copy.size(),
            copy.data());
    });
}

Result<FdbPartPtr> FdbActionCache::destination(uint32_t port) {
    return find_port_(port)->destination();
}

Result<FdbPartPtr> FdbActionCache::several(const std::vector<FdbOutput>& outputs) {
    std::string name = name_of(Kind::kSeveral);
    std::vector<FdbPartPtr> uses;
    std::vector<mlx5dv_dr_action_dest_reformat> reformats(outputs.size());
    std::vector<mlx5dv_dr_action_dest_attr> attributes(outputs.size());
    std::vector<mlx5dv_dr_action_dest_attr*> list;
    for (size_t i = 0; i < outputs.size(); i++) {
        const auto& [port, header] = outputs[i];
        const uint64_t length = header.size();
        name.append(reinterpret_cast<const char*>(&port), sizeof port);
        name.append(reinterpret_cast<const char*>(&length), sizeof length).append(header);
        auto to = destination(port);
        if (!to) {
            return to;
        }
        uses.push_back(*to);
        attributes[i].type = MLX5DV_DR_ACTION_DEST;
        attributes[i].dest = (*to)->action.get();
        if (!header.empty()) {
            auto with = reformat(header);
            if (!with) {
                return with;
            }
            uses.push_back(*with);
            reformats[i] = {(*with)->action.get(), (*to)->action.get()};
            attributes[i].type = MLX5DV_DR_ACTION_DEST_REFORMAT;
            attributes[i].dest_reformat = &reformats[i];
        }
        list.push_back(&attributes[i]);
    }
    return part(std::move(name), "output to several", std::move(uses), [&] {
        return mlx5dv_dr_action_create_dest_array(domain_.get(), list.size(), list.data());
    });
}

template <class Create>
Result<FdbPartPtr> FdbActionCache::part(std::string name, const char* stage,
                                        std::vector<FdbPartPtr> uses, const Create& create) {
    if (const auto known = parts_.find(name); known != parts_.end()) {
        return known->second.lock();
    }
    auto action = domain_.make<DrAction>(stage, create);
    if (!action) {
        return fail(std::move(action.error()));
    }
    const auto entry = parts_.emplace(std::move(name), std::weak_ptr<const FdbPart>()).first;
    const FdbPartPtr made(new FdbPart{std::move(uses), *std::move(action)},
                          [this, &key = entry->first](const FdbPart* part) {
                              parts_.erase(parts_.find(key));
                              delete part;
                          });
    entry->second = made;
    return made;
}

}  // namespace esw::mlx5
