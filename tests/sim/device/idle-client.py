#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: idle-client.py DEVICE

Inserts a rule into a table of DEVICE's FDB through libmlx5, says "ready", and keeps it until its
input ends. Debian's own Python, since pyverbs is a package of it.
"""

import sys

from pyverbs.providers.mlx5.dr_action import DrActionDrop
from pyverbs.providers.mlx5.dr_domain import DrDomain
from pyverbs.providers.mlx5.dr_matcher import DrMatcher
from pyverbs.providers.mlx5.dr_rule import DrRule
from pyverbs.providers.mlx5.dr_table import DrTable
from pyverbs.providers.mlx5.mlx5dv import Mlx5Context, Mlx5DVContextAttr
from pyverbs.providers.mlx5.mlx5dv_flow import Mlx5FlowMatchParameters
from pyverbs.providers.mlx5.mlx5_enums import MLX5DV_CONTEXT_FLAGS_DEVX, MLX5DV_DR_DOMAIN_TYPE_FDB

MATCH_OUTER = 1
SIZE = 64  # of fte_match_set_lyr_2_4
DMAC_AT = 8


def match(dmac):
    return Mlx5FlowMatchParameters(SIZE, (bytes(DMAC_AT) + dmac).ljust(SIZE, b"\0"))


with Mlx5Context(Mlx5DVContextAttr(MLX5DV_CONTEXT_FLAGS_DEVX), sys.argv[1]) as context:
    domain = DrDomain(context, MLX5DV_DR_DOMAIN_TYPE_FDB)
    table = DrTable(domain, 1)
    matcher = DrMatcher(table, 0, MATCH_OUTER, match(b"\xff" * 6))
    rule = DrRule(matcher, match(b"\2esw-0"), [DrActionDrop()])
    print("ready", flush=True)
    sys.stdin.read()
