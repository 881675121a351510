// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace esw {

/// The order in which mutexes may be taken: a thread that holds one may take only mutexes of a
/// higher rank. This is the one table of all ranks; doc/threads.md says what each protects.
enum class LockRank : int {
    kPlugin = 5,        ///< the plugin: ports of Open vSwitch, their claims and bindings
    kRecord = 7,        ///< where the work of an eswitch can be listed
    kManager = 10,      ///< the manager's front: ports claimed, eswitches known
    kExecutor = 15,     ///< one adapter's operations that wait
    kFlows = 17,        ///< all flows and the ports that they name
    kFlowWorker = 18,   ///< what one eswitch's flows wait for
    kEswitch = 20,      ///< one eswitch's representors and states
    kWorkQueue = 30,    ///< one eswitch's queue of work
    kControlLock = 35,  ///< one eswitch's control lock: its holder and generation
    kRepBlock = 36,     ///< one eswitch's block: its owner and who waits for it
    kSnapshot = 40,     ///< the pointer to the published snapshot
    kNetdev = 50,       ///< network devices; in tests, all of the in-memory kernel
    kMailbox = 60,      ///< any mailbox
    kEventLoop = 70,    ///< an event loop's list of posted functions
    kLeaf = 100,        ///< nothing else is taken under it
};

}  // namespace esw
