// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "esw-manager/mlx5/prm.h"
#include "tests/sim/device/frames.h"
#include "tests/sim/device/header_fields.h"

namespace device {

// Objects of libmlx5 that end with their owner, in the order that the library wants: rules before
// matchers, matchers before tables, and these and the actions before the domain.
template <auto end>
struct EndWith {
    template <typename T>
    void operator()(T* object) const {
        end(object);
    }
};
using Device = std::unique_ptr<ibv_context, EndWith<ibv_close_device>>;
using Domain = std::unique_ptr<mlx5dv_dr_domain, EndWith<mlx5dv_dr_domain_destroy>>;
using Table = std::unique_ptr<mlx5dv_dr_table, EndWith<mlx5dv_dr_table_destroy>>;
using Matcher = std::unique_ptr<mlx5dv_dr_matcher, EndWith<mlx5dv_dr_matcher_destroy>>;
using Rule = std::unique_ptr<mlx5dv_dr_rule, EndWith<mlx5dv_dr_rule_destroy>>;
using Action = std::unique_ptr<mlx5dv_dr_action, EndWith<mlx5dv_dr_action_destroy>>;
using DevxObject = std::unique_ptr<mlx5dv_devx_obj, EndWith<mlx5dv_devx_obj_destroy>>;

constexpr uint16_t kWireVport = 0xffff;

/// Throws std::system_error with errno when there is no object.
[[noreturn]] void throw_errno(const char* what);
template <typename T>
T* check(T* object, const char* what) {
    if (!object) {
        throw_errno(what);
    }
    return object;
}

/// A field of fte_match_param.
struct Field {
    const char* name;
    unsigned offset;  ///< in bits
    unsigned width;   ///< in bits
    constexpr uint64_t ones() const { return (uint64_t{1} << width) - 1; }
};
#define FIELD(path)                                                  \
    ::device::Field {                                                \
#path, offsetof(struct mlx5_ifc_fte_match_param_bits, path), \
            sizeof(((struct mlx5_ifc_fte_match_param_bits*)0)->path) \
    }

/// The GRE key, which libmlx5 takes as NVGRE's network and flow.
constexpr Field kGreKeyHigh = {"gre_key.nvgre.hi", FIELD(misc_parameters.gre_key).offset, 24};
constexpr Field kGreKeyLow = {"gre_key.nvgre.lo", FIELD(misc_parameters.gre_key).offset + 24, 8};

/// A mask and a value, as matchers and rules take them.
class Match {
public:
    Match& set(const Field& field, uint64_t value, uint64_t mask = ~uint64_t{0});
    uint8_t criteria() const;  ///< match_criteria_enable
    mlx5dv_flow_match_parameters* mask() { return mask_.parameters(); }
    mlx5dv_flow_match_parameters* value() { return value_.parameters(); }

    /// The part of fte_match_param that libmlx5 knows (dr_match_param in its mlx5_ifc.h).
    static constexpr size_t kSize = 448;

private:
    struct Parameters {
        std::vector<uint64_t> words = make();
        static std::vector<uint64_t> make();
        mlx5dv_flow_match_parameters* parameters() {
            return reinterpret_cast<mlx5dv_flow_match_parameters*>(words.data());
        }
        uint8_t* bytes() { return reinterpret_cast<uint8_t*>(parameters()->match_buf); }
        const uint8_t* bytes() const { return const_cast<Parameters*>(this)->bytes(); }
    };
    Parameters mask_;
    Parameters value_;
};

/// A list of header rewrites, as mlx5dv_dr_action_create_modify_header() takes them.
class Rewrite {
public:
    /// `length` 0: 32 bits.
    Rewrite& set(uint16_t field, uint32_t value, unsigned length, unsigned offset = 0);
    Rewrite& add(uint16_t field, uint32_t value);
    Rewrite& copy(uint16_t to, uint16_t from, unsigned length, unsigned to_offset = 0,
                  unsigned from_offset = 0);
    std::vector<uint64_t> words = {};
};

/// The device of a PF, by its PCI address; nothing when it is not there.
ibv_device* find_device(ibv_device** list, const std::string& pci);
/// Opens it for steering. Throws.
Device open_device(const std::string& pci);

/// A program that steers the packets of a PF's eswitch: its device, the domain, and for each vport
/// that it takes over a root rule that sends the packets to a table of their own.
class Steering {
public:
    explicit Steering(const std::string& pci);
    Steering(const Steering&) = delete;

    ibv_context* context() const { return device_.get(); }
    mlx5dv_dr_domain* domain() const { return domain_.get(); }
    mlx5dv_dr_table* root() const { return root_.get(); }
    const mlx5dv_port& port(uint16_t vport) const { return ports_.at(vport); }
    const std::map<uint16_t, mlx5dv_port>& ports() const { return ports_; }

    /// The table of level 1 to which a root rule sends the vport's packets from now on.
    mlx5dv_dr_table* take_over(uint16_t vport);
    void give_back(uint16_t vport) { sources_.erase(vport); }

    /// A match of the packets of the vport, by their metadata.
    Match from(uint16_t vport) const;

    Table table(unsigned level) const;
    Matcher matcher(mlx5dv_dr_table* table, uint16_t priority, Match& match) const;
    static Rule rule(const Matcher& matcher, Match& match, std::vector<mlx5dv_dr_action*> actions);

    Action to_vport(uint16_t vport) const;
    Action to_table(const Table& table) const;
    Action rewrite(Rewrite rewrite) const;
    Action encapsulate(Bytes header) const;
    Action decapsulate() const;
    Action push_vlan(uint16_t tpid, uint16_t tci) const;

private:
    struct Source {
        Table table;
        Action jump;
        Rule rule;
    };

    Device device_;
    Domain domain_;
    Table root_;
    std::map<uint16_t, mlx5dv_port> ports_;  ///< by vport
    Matcher root_matcher_;
    std::map<uint16_t, Source> sources_;
};

/// Flow counters, several with one object.
class Counters {
public:
    /// 128 times `bulk` of them; 0: one.
    Counters(ibv_context* context, uint8_t bulk);

    struct Value {
        uint64_t packets = 0;
        uint64_t bytes = 0;
        bool operator==(const Value&) const = default;
    };
    std::vector<Value> read() const;
    Action action(unsigned index) const;

private:
    DevxObject object_;
    uint32_t id_ = 0;
    uint16_t count_ = 0;
};

}  // namespace device
