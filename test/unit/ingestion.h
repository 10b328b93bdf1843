// What the tests of ingestion share: requests out of JSON text, profiles as JSON text.
#pragma once

#include <random>
#include <string>

#include "../../src/core/ingest/ingest.h"
#include "../../src/core/ingest/session.h"
#include "../../src/core/profile/json_reader.h"
#include "../../src/core/profile/json_writer.h"

namespace profiles::test {

inline constexpr Time kNow = 1700000000000;  // 2023-11-14 22:13:20 UTC

// The same numbers for the same seed, on every machine.
class Dice {
public:
    explicit Dice(unsigned seed) : engine_(seed) {}
    int operator()() { return static_cast<int>(engine_() & 0x7fffffff); }

private:
    std::mt19937 engine_;
};

// Everything lives until the end of the test case.
struct World {
    std::pmr::monotonic_buffer_resource memory;
    Settings settings;
    Time now = kNow;

    Request request(std::string_view json)
    {
        Node parameters = read_json(json, &memory, "request");
        return read_request(parameters, now, settings.limits, &memory);
    }

    std::string_view profile(std::string_view json)
    {
        Node node = read_json(json, &memory, "profile");
        seal(node);
        return pack(node, &memory);
    }

    User user(std::int64_t uid = 1)
    {
        User made;
        made.uid = uid;
        made.device_id = "d";
        made.profile = profile("{}");
        return made;
    }

    static Day day_of(Time time, const void *) { return static_cast<Day>(time / 86400000); }

    Outcome ingest(const User &before, const Request &of_request, std::string_view then = {})
    {
        return profiles::ingest(before, of_request,
                                {settings, now, {day_of, nullptr}, nullptr, nullptr, then},
                                &memory);
    }

    Outcome ingest(const User &before, std::string_view json)
    {
        return ingest(before, request(json));
    }

    std::string text(std::string_view container, Type type = Type::object)
    {
        TextBuffer out(&memory);
        write_json({type, container}, out);
        return out.c_string();
    }

    std::string events(const Batch &batch) { return text(batch.events, Type::array); }

    static std::string reasons(std::span<const Skip> skips)
    {
        std::string all;
        for (const Skip &skip : skips)
            all.append(all.empty() ? "" : "; ").append(skip.key).append(": ").append(skip.reason);
        return all;
    }
};

}  // namespace profiles::test
