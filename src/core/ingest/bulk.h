// Who many requests are for, decided for all of them before a row is locked: so that devices and users
// can be claimed and locked in one order, and no two bulks wait for each other.
#pragma once

#include <memory_resource>
#include <span>

#include "request.h"

namespace profiles {

struct BulkDevice {
    std::string_view id;
    std::int64_t uid = 0;  // 0: nobody knows it yet
    int user = -1;         // who it is claimed for, when it was not known
    Time first_seen = 0;   // then: the time of the request that claims it
    bool is_claimed = false;
};

struct BulkUser {
    std::int64_t uid = 0;  // 0: one that has to be made
};

// What one request means for the identity of its user.
struct BulkStep {
    enum class Kind { turned_away, known, create, rename, merge } kind = Kind::turned_away;
    int user = -1;  // in BulkPlan::users: whose request it is, the survivor of a merge
    int from = -1;  // of a merge: who goes
};

struct BulkPlan {
    std::span<BulkUser> users;  // the known ones first, in the order of their uids
    std::size_t known = 0;
    std::span<BulkStep> steps;  // one a request
};

// The distinct device ids, in the order of their bytes. A request that is null was turned away before.
std::span<BulkDevice> bulk_devices(std::span<const Request *const> requests,
                                   std::pmr::memory_resource *memory);

// What requests one after the other would do: a new device is a new user, or another name of the user
// of old_device_id; two known devices are merged. `devices` have the uids that are known.
BulkPlan plan_bulk(std::span<const Request *const> requests, std::span<BulkDevice> devices,
                   std::pmr::memory_resource *memory);

// The device that a request says it was before; empty when it says nothing that counts.
std::string_view former_device(const Request &request);

}  // namespace profiles
