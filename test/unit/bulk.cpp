// Who the requests of a bulk are for: against a plain map of devices that is changed by one request after
// the other.
#include "../../src/core/ingest/bulk.h"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "ingestion.h"

using namespace profiles;
using namespace profiles::test;

namespace {

Request request_of(std::string_view device, std::string_view old = {}, Time time = 1)
{
    Request request;
    request.device_id = device;
    request.old_device_id = old;
    request.time = time;
    return request;
}

struct Planned {
    std::span<BulkDevice> devices;
    BulkPlan plan;
};

Planned plan(std::span<const Request *const> requests, const std::map<std::string, int> &known,
             std::pmr::memory_resource *memory)
{
    Planned planned;
    planned.devices = bulk_devices(requests, memory);
    for (BulkDevice &device : planned.devices)
        if (auto found = known.find(std::string(device.id)); found != known.end())
            device.uid = found->second;
    planned.plan = plan_bulk(requests, planned.devices, memory);
    return planned;
}

}  // namespace

TEST_CASE("bulk: new, known, renamed and merged devices")
{
    World world;
    Request a = request_of("a", {}, 5), b = request_of("b", "a", 6), c = request_of("c"),
            merge = request_of("c", "b"), again = request_of("c", "b"), zero = request_of("z");
    const Request *requests[] = {&a, &b, &c, nullptr, &merge, &again, &zero};
    auto [devices, made] = plan(requests, {{"c", 7}, {"z", 3}}, &world.memory);

    REQUIRE(devices.size() == 4);
    CHECK(devices[0].id == "a");
    CHECK((devices[0].is_claimed && devices[0].first_seen == 5));
    CHECK((devices[1].is_claimed && devices[1].first_seen == 6));
    CHECK_FALSE(devices[2].is_claimed);

    REQUIRE(made.users.size() == 3);
    CHECK(made.known == 2);
    CHECK(made.users[0].uid == 3);
    CHECK(made.users[1].uid == 7);
    CHECK(made.users[2].uid == 0);

    using Kind = BulkStep::Kind;
    Kind kinds[] = {Kind::create, Kind::rename, Kind::known, Kind::turned_away,
                    Kind::merge,  Kind::known,  Kind::known};
    int users[] = {2, 2, 1, -1, 1, 1, 0};
    for (std::size_t index = 0; index < std::size(kinds); ++index) {
        CAPTURE(index);
        CHECK(made.steps[index].kind == kinds[index]);
        CHECK(made.steps[index].user == users[index]);
    }
    CHECK(made.steps[4].from == 2);
}

TEST_CASE("bulk: ids that stand for nobody are no former devices")
{
    CHECK(former_device(request_of("a", "a")).empty());
    CHECK(former_device(request_of("a", "CLYTemporaryDeviceID")).empty());
    CHECK(former_device(request_of("a", "00000000-0000-0000-0000-000000000000")).empty());
    CHECK(former_device(request_of("a", "b")) == "b");
}

TEST_CASE("bulk: random requests are planned as a map would have them")
{
    Dice dice(4711);
    static const std::string kNames[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    for (int round = 0; round < 300; ++round) {
        World world;
        std::map<std::string, int> known;
        for (const std::string &name : kNames)
            if (dice() % 3 == 0)
                known[name] = 1 + dice() % 4;
        std::vector<Request> requests;
        for (int count = dice() % 30; count >= 0; --count)
            requests.push_back(request_of(kNames[dice() % 8],
                                          dice() % 3 ? std::string_view() : kNames[dice() % 8]));
        std::vector<const Request *> list;
        for (const Request &request : requests)
            list.push_back(&request);
        auto [devices, made] = plan(list, known, &world.memory);

        // Users by their position in the plan; new ones get the next.
        std::map<std::string, int> owner;
        for (auto &[name, uid] : known)
            for (std::size_t user = 0; user < made.known; ++user)
                if (made.users[user].uid == uid)
                    owner[name] = static_cast<int>(user);
        int next = static_cast<int>(made.known);
        for (std::size_t index = 0; index < list.size(); ++index) {
            std::string device(list[index]->device_id), old(former_device(*list[index]));
            if (!owner.count(device))
                owner[device] = !old.empty() && owner.count(old) ? owner[old] : next++;
            else if (!old.empty() && owner.count(old) && owner[old] != owner[device])
                for (int from = owner[old]; auto &each : owner)
                    each.second = each.second == from ? owner[device] : each.second;
            CHECK(made.steps[index].user == owner[device]);
        }
        CHECK(made.users.size() == static_cast<std::size_t>(next));
        for (const BulkDevice &device : devices)
            CHECK(device.is_claimed ==
                  (!known.count(std::string(device.id)) && owner.count(std::string(device.id))));
    }
}
