/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SHIM_RANDOM_FLOWS_H
#define TESTS_UNIT_SHIM_RANDOM_FLOWS_H 1

#include "openvswitch/match.h"

#include "esw-manager/flow/megaflow.h"

/* Random matches that packets can have, of every kind that has a place in
 * struct esw_flow_match.  'expected' is the same without what packets have by
 * nature, and with the one form of what has several. */
struct random_flow {
    struct match match, expected;
};

void random_flow_make(uint32_t seed, struct random_flow*);

/* Adds something that is to be refused, with that name. */
enum esw_refusal random_flow_spoil(struct random_flow*, const char** name);

void random_flow_convert_back(const struct esw_flow_match*, struct match*);

/* Whether they match on different things; says which in 'text'. */
bool random_flow_differ(const struct match*, const struct match*, char* text, size_t size);

#endif /* tests/unit/shim/random_flows.h */
