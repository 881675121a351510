// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace esw::sim {

/// How many objects of each kind one PF has, as powers of two where the capabilities tell them so.
/// Those of queues and protection domains are what ibv_devinfo -v prints for a ConnectX-6 Dx; what
/// steering has is chosen, of a card's magnitude.
struct FirmwareLimits {
    uint8_t log_user_contexts = 12;
    uint8_t log_umems = 20;
    uint8_t log_pds = 23;
    uint8_t log_transport_domains = 16;
    uint8_t log_cqs = 24;
    uint8_t log_qps = 17;
    uint8_t log_mkeys = 24;
    uint8_t log_flow_tables = 16;  ///< not over IcmAddress::kMaxNumber
    uint8_t log_flows = 24;        ///< entries of one table
    uint8_t log_reformats = 18;
    uint8_t log_modify_headers = 18;
    uint8_t log_flow_counters = 24;
    uint8_t log_meters = 15;
    uint8_t geneve_options = 1;
    uint8_t log_qp_size = 15;           ///< WQEs of 64 bytes
    uint8_t log_counters_queried = 15;  ///< by one QUERY_FLOW_COUNTER
    uint16_t reformat_bytes = 128;
    uint8_t modify_header_actions = 32;
    uint8_t table_level = 64;
};

}  // namespace esw::sim
