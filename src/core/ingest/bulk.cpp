#include "bulk.h"

#include <algorithm>
#include <vector>

#include "../interrupt.h"
#include "../keep.h"

namespace profiles {

namespace {

class Planner {
public:
    Planner(std::span<const Request *const> requests, std::span<BulkDevice> devices,
            std::pmr::memory_resource *memory)
        : requests_(requests), devices_(devices), memory_(memory), users_(memory), steps_(memory),
          merged_into_(memory), user_of_(devices.size(), -1, memory)
    {
    }

    BulkPlan run()
    {
        find_known_users();
        std::size_t known = users_.size();
        steps_.reserve(requests_.size());
        for (const Request *request : requests_) {
            check_interrupt();
            steps_.push_back(request ? step(*request) : BulkStep());
        }
        return {keep(users_, memory_), known, keep(steps_, memory_)};
    }

private:
    void find_known_users()
    {
        std::pmr::vector<std::int64_t> uids(memory_);
        for (const BulkDevice &device : devices_)
            if (device.uid)
                uids.push_back(device.uid);
        std::sort(uids.begin(), uids.end());
        uids.erase(std::unique(uids.begin(), uids.end()), uids.end());
        for (std::int64_t uid : uids)
            users_.push_back({uid});
        for (std::size_t index = 0; index < devices_.size(); ++index) {
            auto found = std::lower_bound(uids.begin(), uids.end(), devices_[index].uid);
            if (devices_[index].uid)
                user_of_[index] = static_cast<int>(found - uids.begin());
        }
        merged_into_.assign(users_.size(), -1);
    }

    std::size_t position(std::string_view id) const
    {
        auto found = std::lower_bound(
            devices_.begin(), devices_.end(), id,
            [](const BulkDevice &device, std::string_view wanted) { return device.id < wanted; });
        return static_cast<std::size_t>(found - devices_.begin());
    }

    // Who a device belongs to after the merges so far.
    int user_of(std::string_view id)
    {
        int &user = user_of_[position(id)];
        while (user >= 0 && merged_into_[static_cast<std::size_t>(user)] >= 0)
            user = merged_into_[static_cast<std::size_t>(user)];
        return user;
    }

    void claim(const Request &request, int user)
    {
        std::size_t at = position(request.device_id);
        BulkDevice &device = devices_[at];
        device.is_claimed = true;
        device.user = user;
        device.first_seen = request.time;
        user_of_[at] = user;
    }

    BulkStep step(const Request &request)
    {
        std::string_view former = former_device(request);
        int user = user_of(request.device_id);
        int old = former.empty() ? -1 : user_of(former);
        if (user < 0 && old >= 0) {
            claim(request, old);
            return {BulkStep::Kind::rename, old};
        }
        if (user < 0) {
            user = static_cast<int>(users_.size());
            users_.push_back({});
            merged_into_.push_back(-1);
            claim(request, user);
            return {BulkStep::Kind::create, user};
        }
        if (old < 0 || old == user)
            return {BulkStep::Kind::known, user};
        merged_into_[static_cast<std::size_t>(old)] = user;
        return {BulkStep::Kind::merge, user, old};
    }

    std::span<const Request *const> requests_;
    std::span<BulkDevice> devices_;
    std::pmr::memory_resource *memory_;
    std::pmr::vector<BulkUser> users_;
    std::pmr::vector<BulkStep> steps_;
    std::pmr::vector<int> merged_into_;  // -1 while a user is nobody else
    std::pmr::vector<int> user_of_;      // of each device, before merged_into_
};

}  // namespace

std::string_view former_device(const Request &request)
{
    bool counts =
        request.old_device_id != request.device_id && !is_anonymous_device(request.old_device_id);
    return counts ? request.old_device_id : std::string_view();
}

std::span<BulkDevice> bulk_devices(std::span<const Request *const> requests,
                                   std::pmr::memory_resource *memory)
{
    std::pmr::vector<std::string_view> ids(memory);
    for (const Request *request : requests) {
        if (!request)
            continue;
        ids.push_back(request->device_id);
        if (std::string_view former = former_device(*request); !former.empty())
            ids.push_back(former);
    }
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    std::pmr::vector<BulkDevice> devices(memory);
    devices.reserve(ids.size());
    for (std::string_view id : ids)
        devices.push_back({id});
    return keep(devices, memory);
}

BulkPlan plan_bulk(std::span<const Request *const> requests, std::span<BulkDevice> devices,
                   std::pmr::memory_resource *memory)
{
    return Planner(requests, devices, memory).run();
}

}  // namespace profiles
