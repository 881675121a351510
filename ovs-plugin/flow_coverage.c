/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs-plugin/shim.h"

#include "coverage.h"
#include "ovs-thread.h"

/* A coverage counter for each reason why a flow stays in software, with the
 * name that esw/flow-show has for it: "esw_refused_match-arp".  As
 * COVERAGE_DEFINE() makes them, which has only names that are identifiers. */

/* Not yet in the counters' totals. */
struct pending {
    unsigned int counts[ESW_N_REFUSALS];
};
DEFINE_STATIC_PER_THREAD_DATA(struct pending, pending, { { 0 } });

static unsigned int
take(enum esw_refusal refusal)
{
    unsigned int *pending = &pending_get()->counts[refusal];
    unsigned int n = *pending;

    *pending = 0;
    return n;
}

#define DEFINE_COUNTER(NAME, name_, text)                       \
    static unsigned int                                         \
    take_##NAME(void)                                           \
    {                                                           \
        return take(ESW_REFUSAL_##NAME);                        \
    }                                                           \
    static struct coverage_counter counter_##NAME = {           \
        .name = "esw_refused_" name_, .count = take_##NAME,     \
    };
ESW_REFUSALS(DEFINE_COUNTER)
#undef DEFINE_COUNTER

OVS_CONSTRUCTOR(register_refusals)
{
#define REGISTER_COUNTER(NAME, name, text)              \
    coverage_counter_register(&counter_##NAME);
    ESW_REFUSALS(REGISTER_COUNTER)
#undef REGISTER_COUNTER
}

void
shim_count_refusals(const uint64_t counts[])
{
    struct pending *pending = pending_get();

    for (size_t i = 0; i < ESW_N_REFUSALS; i++) {
        pending->counts[i] += counts[i];
    }
}
