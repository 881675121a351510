// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/flow/refusal.h"

namespace {

struct Words {
    const char* name;
    const char* text;
};

constexpr Words kWords[] = {{"none", "is not refused"},
#define ESW_REFUSAL_WORDS(NAME, name, text) {name, text},
                            ESW_REFUSALS(ESW_REFUSAL_WORDS)
#undef ESW_REFUSAL_WORDS
};
static_assert(sizeof kWords / sizeof *kWords == ESW_N_REFUSALS);

const Words& words(esw_refusal reason) {
    const auto index = static_cast<unsigned>(reason);
    return kWords[index < ESW_N_REFUSALS ? index : 0];
}

}  // namespace

const char* esw_refusal_name(esw_refusal reason) {
    return words(reason).name;
}

const char* esw_refusal_text(esw_refusal reason) {
    return words(reason).text;
}
