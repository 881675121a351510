// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mlx5/fdb_domain.h"

#include <cstddef>

#include "esw-manager/mlx5/prm.h"
#include "esw-manager/mlx5/prm_match.h"

namespace esw::mlx5 {

static_assert(offsetof(MatchBuffer, words) == offsetof(mlx5dv_flow_match_parameters, match_buf));

namespace {

/// Among the 16 of the FDB's root (MLX5_IB_NUM_FDB_BYPASS_PRIOS of Linux is 16). Lower ones come
/// first: there is room on both sides.
constexpr uint16_t kRootPriority = 8;

constexpr unsigned kSectionWords = 16;

}  // namespace

FdbSource::FdbSource(const RdmaRep& rep) {
    uint32_t masks[DEVX_ST_SZ_DW(fte_match_param)] = {};
    uint32_t values[DEVX_ST_SZ_DW(fte_match_param)] = {};
    if (rep.metadata) {
        word = DEVX_BYTE_OFF(fte_match_param, misc_parameters_2.metadata_reg_c_0) / 4;
        DEVX_SET(fte_match_param, masks, misc_parameters_2.metadata_reg_c_0, rep.metadata->mask);
        DEVX_SET(fte_match_param, values, misc_parameters_2.metadata_reg_c_0, rep.metadata->value);
    } else {
        word = DEVX_BYTE_OFF(fte_match_param, misc_parameters.source_port) / 4;
        DEVX_SET(fte_match_param, masks, misc_parameters.source_port, 0xffff);
        DEVX_SET(fte_match_param, values, misc_parameters.source_port, rep.vport);
        if (rep.owner_vhca_id) {
            DEVX_SET(fte_match_param, masks, misc_parameters.source_eswitch_owner_vhca_id, 0xffff);
            DEVX_SET(fte_match_param, values, misc_parameters.source_eswitch_owner_vhca_id,
                     *rep.owner_vhca_id);
        }
    }
    mask = masks[word];
    value = values[word];
}

uint8_t criteria_of(const std::bitset<FdbMatch::kWords>& present) {
    unsigned bits = 0;
    for (unsigned word = 0; word < FdbMatch::kWords; word++) {
        bits |= static_cast<unsigned>(present[word]) << word / kSectionWords;
    }
    return static_cast<uint8_t>(bits);
}

Result<std::unique_ptr<FdbDomain>> FdbDomain::open(std::shared_ptr<IbDevice> device) {
    std::unique_ptr<FdbDomain> result(new FdbDomain(std::move(device)));
    auto watch = DeviceWatch::start(result->device_);
    if (!watch) {
        return fail(std::move(watch.error()));
    }
    result->watch_ = *std::move(watch);
    auto domain = result->make<DrDomain>("make FDB domain", [&] {
        return mlx5dv_dr_domain_create(result->context(), MLX5DV_DR_DOMAIN_TYPE_FDB);
    });
    if (!domain) {
        return fail(std::move(domain.error()));
    }
    result->domain_ = *std::move(domain);
    auto root = result->make<DrTable>("open root table",
                                      [&] { return mlx5dv_dr_table_create(result->get(), 0); });
    if (!root) {
        return fail(std::move(root.error()));
    }
    result->root_ = *std::move(root);
    return result;
}

Error FdbDomain::explain(int code, std::string stage) const {
    if (device_->gone()) {
        code = EIO;
    } else if (code == 0 || code == EIO) {
        code = EREMOTEIO;  // EIO is the firmware's MLX5_CMD_STAT_INT_ERR, too
    }
    return {code, device(), std::move(stage), {}};
}

Result<mlx5dv_dr_matcher*> FdbDomain::root_matcher(const FdbSource& source) {
    for (const RootMatcher& known : root_matchers_) {
        if (known.word == source.word && known.mask == source.mask) {
            return known.matcher.get();
        }
    }
    MatchBuffer mask;
    mask.words[source.word] = source.mask;
    std::bitset<FdbMatch::kWords> present;
    present.set(source.word);
    auto matcher = make<DrMatcher>("make root matcher", [&] {
        return mlx5dv_dr_matcher_create(root_.get(), kRootPriority, criteria_of(present),
                                        mask.parameters());
    });
    if (!matcher) {
        return fail(std::move(matcher.error()));
    }
    root_matchers_.push_back({source.word, source.mask, *std::move(matcher)});
    return root_matchers_.back().matcher.get();
}

}  // namespace esw::mlx5
