#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

#include "../../src/core/error.h"
#include "../../src/core/index/explain.h"
#include "../../src/core/index/pick.h"
#include "../../src/core/planner/estimate.h"
#include "../../src/core/planner/sample.h"
#include "../../src/core/profile/assembly.h"
#include "../../src/core/profile/document.h"
#include "../../src/core/profile/json_reader.h"
#include "../../src/core/segment/evaluate.h"

using namespace profiles;

namespace {

std::string packed_json(const std::string &json)
{
    std::pmr::monotonic_buffer_resource memory;
    Node node = read_json(json, &memory, "test");
    normalise_profile(node);
    return std::string(pack(node, &memory));
}

// Profiles, and the statistics of a sample of them: every `step`-th.
class Table {
public:
    Table(std::vector<std::string> rows, std::size_t step) : rows_(std::move(rows))
    {
        ProfileSample sample(100);
        for (std::size_t row = 0; row < rows_.size(); row += step)
            sample.count(View(rows_[row]));
        sample.choose(static_cast<double>(rows_.size()));
        for (std::size_t row = 0; row < rows_.size(); row += step)
            sample.observe(View(rows_[row]));
        made_ = sample.finish();
        items_.assign(made_.items.begin(), made_.items.end());
        properties_.assign(made_.properties.begin(), made_.properties.end());
        numeric_.assign(made_.numeric.begin(), made_.numeric.end());
        view_ = {items_,   made_.frequencies.data(), properties_,       made_.figures.data(),
                 numeric_, made_.bounds.data(),      made_.bounds_each, made_.pairs};
    }

    const Statistics &made() const { return made_; }
    const StatisticsView &view() const { return view_; }

    double frequency(std::string_view item) const
    {
        for (std::size_t at = 0; at < items_.size(); ++at)
            if (items_[at] == item)
                return made_.frequencies[at];
        return -1;
    }

    // By how much the estimate misses, where three rows are as good as one.
    double factor(std::string_view json) const
    {
        std::pmr::monotonic_buffer_resource memory;
        Filter filter(read_json(json, &memory, "test"));
        double truth = 0;
        for (const std::string &row : rows_) {
            View view(row);
            Subject subject;
            subject.profile = &view;
            truth += Evaluation(filter, 0).matches(subject);
        }
        double estimate = Estimate(view_).filter(filter, 0) * static_cast<double>(rows_.size());
        CHECK(estimate >= 0);
        double more = std::max(estimate, 3.0), fewer = std::max(truth, 3.0);
        INFO(json << ": estimated " << estimate << ", in truth " << truth);
        CHECK(std::max(more / fewer, fewer / more) <= 3);
        return std::max(more / fewer, fewer / more);
    }

private:
    std::vector<std::string> rows_;
    Statistics made_;
    std::vector<std::string_view> items_, properties_, numeric_;
    StatisticsView view_;
};

Table skewed_table()
{
    std::mt19937_64 random(5);
    auto share = [&] { return static_cast<double>(random() >> 11) / 9007199254740992.0; };
    std::vector<std::string> rows;
    for (int row = 0; row < 40'000; ++row) {
        auto country = static_cast<int>(std::pow(share(), 3) * 40);
        auto language = share() < 0.8 ? country / 4 : 99;
        bool pays = share() < 0.1;
        std::string json = "{\"country\":\"c" + std::to_string(country) + "\",\"language\":\"l" +
                           std::to_string(language) + "\",\"email\":\"user" + std::to_string(row) +
                           "\"";
        if (share() < 0.7)
            json += ",\"age\":" + std::to_string(18 + static_cast<int>(share() * share() * 60));
        json += ",\"custom\":{\"seen\":" +
                std::to_string(1'700'000'000'000 + static_cast<std::int64_t>(share() * 1e10));
        if (pays)
            json += ",\"plan\":\"pro\",\"paid\":" + std::to_string(10 + share() * 90);
        if (share() < 0.2)
            json += ",\"tags\":[\"t" + std::to_string(static_cast<int>(share() * share() * 10)) +
                    "\",\"u\"]";
        rows.push_back(packed_json(json + "}}"));
    }
    return Table(rows, 4);
}

}  // namespace

TEST_CASE("items: what is set, values, elements of arrays, buckets")
{
    std::vector<std::string> rows;
    for (int row = 0; row < 200; ++row)
        rows.push_back(packed_json(
            "{\"country\":\"" + std::string(row % 4 ? "DE" : "FR") +
            "\",\"custom\":{\"tags\":[\"a\",\"a\",1],\"n\":" + std::to_string(row) + "}}"));
    Table table(rows, 1);
    CHECK(table.frequency("country") == 1);
    CHECK(table.frequency("country=\"DE\"") == 0.75f);
    CHECK(table.frequency("custom.tags=\"a\"") == 1);
    CHECK(table.frequency("custom.tags=1") == 1);
    CHECK(table.frequency("custom.n=7") == -1);
    CHECK(table.frequency("custom.n [0, 20]") == 0.1f);
    CHECK(std::is_sorted(table.made().items.begin(), table.made().items.end()));
}

TEST_CASE("estimates are within a factor of three on skewed data")
{
    Table table = skewed_table();
    for (const char *json :
         {R"({})", R"({"country":"c0"})", R"({"country":"c30"})", R"({"country":"nowhere"})",
          R"({"email":"user77"})", R"({"country":{"$in":["c1","c2","c3"]}})",
          R"({"country":{"$ne":"c0"}})", R"({"age":{"$gt":60}})", R"({"age":{"$gte":20,"$lt":23}})",
          R"({"age":{"$exists":false}})", R"({"custom.paid":{"$gt":90}})",
          R"({"custom.seen":{"$gt":1705000000000,"$lt":1705100000000}})", R"({"custom.tags":"t0"})",
          R"({"custom.tags":{"$all":["t9","u"]}})", R"({"custom.tags":{"$all":["t9","t8"]}})",
          R"({"country":{"rgxbw":"c3"}})",
          R"({"$or":[{"country":"c0"},{"country":"c1"},{"age":20}]})"})
        table.factor(json);
    for (const char *json :
         {R"({"country":"c0","language":"l0"})", R"({"country":"c0","language":"l5"})",
          R"({"country":"c20","language":"l5"})", R"({"country":"c20","language":{"$ne":"l5"}})",
          R"({"country":{"$ne":"c20"},"language":{"$ne":"l99"}})",
          R"({"country":"c2","age":{"$gt":50}})",
          R"({"custom.plan":"pro","custom.paid":{"$exists":true}})",
          R"({"custom.plan":"pro","custom.paid":{"$gt":50}})",
          R"({"country":{"$in":["c20","c21"]},"language":"l5"})",
          R"({"custom.plan":"pro","country":"c3"})"})
        table.factor(json);
}

TEST_CASE("estimates of containment and of what is set")
{
    Table table = skewed_table();
    Estimate estimate(table.view());
    std::string part = packed_json(R"({"country":"c20","language":"l5"})");
    double both = estimate.containment(View(part));
    CHECK(both > 0.3 * table.frequency("country=\"c20\""));
    CHECK(both <= table.frequency("country=\"c20\""));
    CHECK(estimate.containment(View(packed_json("{}"))) == 1);
    std::string_view names[] = {"custom.plan", "custom.paid", "nothing", "event.price"};
    CHECK(std::abs(estimate.properties({names, 2}, true) - 0.1) < 0.02);
    CHECK(estimate.properties({names, 3}, true) == 0);
    CHECK(estimate.properties({names + 2, 2}, false) == 0);
    CHECK(estimate.properties({}, true) == 1);
    CHECK(estimate.properties({}, false) == 0);
}

TEST_CASE("no statistics, broken statistics: an estimate all the same")
{
    std::pmr::monotonic_buffer_resource memory;
    Filter filter(
        read_json(R"({"a":{"$gt":1},"b":{"$ne":"x"},"c":{"$in":[1,2]}})", &memory, "test"));
    StatisticsView nothing;
    CHECK(Estimate(nothing).filter(filter, 0) == 0);

    std::string_view items[] = {"a=1", "a=2"};
    float frequencies[] = {7.0f, -3.0f};
    StatisticsView broken{.items = items,
                          .frequencies = frequencies,
                          .properties = {},
                          .figures = nullptr,
                          .numeric = {},
                          .bounds = nullptr,
                          .bounds_each = 0,
                          .pairs = {}};
    double share = Estimate(broken).filter(filter, 0);
    CHECK((share >= 0 && share <= 1));
}

TEST_CASE("a sample of nothing and a sample of too much")
{
    CHECK(ProfileSample(100).finish().items.empty());
    std::string json = "{\"custom\":{\"p0\":0";
    for (int name = 1; name < 12'000; ++name)
        json += ",\"p" + std::to_string(name) + "\":" + std::to_string(name);
    std::vector<std::string> rows(3, packed_json(json + ",\"" + std::string(1000, 'n') + "\":1}}"));
    Table table(rows, 1);
    CHECK(table.made().items.size() <= 2000);
    CHECK(table.made().properties.size() <= 2000);
}

TEST_CASE("pick_properties: the declared ones alone")
{
    std::pmr::monotonic_buffer_resource memory;
    Bytes packed = read_declared(std::string_view(" country ,custom.address.zip"), &memory);
    std::string profile =
        packed_json(R"({"country":"DE","city":"B","custom":{"n":1,"address":{"zip":"1","no":2}}})");
    Node picked = pick_properties(View(profile), DeclaredProperties(packed), &memory);
    CHECK(pack(picked, &memory) ==
          packed_json(R"({"country":"DE","custom":{"address":{"zip":"1"}}})"));
    CHECK_THROWS_AS(read_declared(std::string_view(" "), &memory), Error);
    CHECK_THROWS_AS(read_declared(std::string_view("a,,b"), &memory), Error);
    CHECK_THROWS_AS(read_declared(std::string_view("event.price"), &memory), Error);
}

TEST_CASE("explain_query: how the index serves each condition")
{
    auto explained = [](std::string_view json) {
        std::pmr::monotonic_buffer_resource memory;
        Filter filter(read_json(json, &memory, "test"));
        TextBuffer out(&memory);
        explain_query(filter, nullptr, out);
        return std::string(out.view());
    };
    CHECK(explained(R"({"a":1})") ==
          "an index finds the rows that match\n  {\"a\": 1}: index, by value\n");
    CHECK(explained(R"({"a":{"$ne":1}})") ==
          "no index helps: every row is looked at\n  {\"a\": {\"$ne\": 1}}: row\n");
    CHECK(explained(R"({"a":{"$gt":1,"$lt":2},"b":{"$exists":true}})") ==
          "an index finds the rows that may match\n  all of\n"
          "    {\"a\": {\"$gt\": 1}}: index, by range\n    {\"a\": {\"$lt\": 2}}: index, by range\n"
          "    {\"b\": {\"$exists\": true}}: row, as the index finds fewer by the rest\n");
}
