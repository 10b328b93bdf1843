#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>

#include "../../src/core/error.h"
#include "../../src/core/index/index_query.h"
#include "../../src/core/profile/assembly.h"
#include "../../src/core/profile/compare.h"
#include "../../src/core/profile/document.h"
#include "../../src/core/profile/json_reader.h"
#include "../../src/core/segment/evaluate.h"
#include "random_filter.h"

using namespace profiles;
using profiles::test::Generator;
using profiles::test::look_up;

namespace {

std::pmr::monotonic_buffer_resource &memory()
{
    static std::pmr::monotonic_buffer_resource arena;
    return arena;
}

std::string_view packed_profile(std::string_view json)
{
    Node node = read_json(json, &memory(), "test");
    normalise_profile(node);
    return pack(node, &memory());
}

std::string number_key(std::string_view text)
{
    Bytes key;
    append_number_key(Number::parse(text), key);
    return std::string(key);
}

// Zero bytes and what follows them as \n, the rest as it is.
std::string readable(std::string_view term)
{
    std::string text;
    for (std::size_t at = 0; at < term.size(); ++at)
        if (at == 0 && term[at] < ' ')
            text += "#" + std::to_string(static_cast<unsigned char>(term[at]));
        else if (term[at] == '\0' && at + 1 < term.size())
            text += "\\" + std::to_string(static_cast<unsigned char>(term[++at]));
        else
            text += term[at];
    return text;
}

std::vector<std::string> terms_of(std::string_view json, std::string_view declared = {})
{
    Bytes packed;
    for (std::size_t at = 0; at < declared.size();) {
        std::size_t end = std::min(declared.find(',', at), declared.size());
        CHECK(DeclaredProperties::add(declared.substr(at, end - at), packed));
        at = end + 1;
    }
    DeclaredProperties properties(packed);
    std::vector<std::string> terms;
    for (std::string_view term : profile_terms(View(packed_profile(json)),
                                               declared.empty() ? nullptr : &properties, &memory()))
        terms.emplace_back(term);
    return terms;
}

std::vector<std::string> readable_terms(std::string_view json, std::string_view declared = {})
{
    std::vector<std::string> terms = terms_of(json, declared);
    for (std::string &term : terms)
        term = readable(term);
    return terms;
}

Certainty index_answer(std::string_view profile, std::string_view filter_json)
{
    Filter filter(read_json(filter_json, &memory(), "test"));
    IndexQuery query = IndexQuery::of_filter(filter, nullptr);
    return query.answer(look_up(query, terms_of(profile)).data());
}

}  // namespace

TEST_CASE("number keys: the order of the bytes is the order of the numbers")
{
    std::vector<std::string> texts = {"-9e6144",
                                      "-1e100",
                                      "-9223372036854775809",
                                      "-9223372036854775808",
                                      "-1000",
                                      "-100.5",
                                      "-100",
                                      "-1.0001",
                                      "-1.000000000000000000000000000000001",
                                      "-1",
                                      "-0.5",
                                      "-1e-40",
                                      "-1e-41",
                                      "-1e-6143",
                                      "0",
                                      "1e-6143",
                                      "1e-50",
                                      "1e-42",
                                      "1e-41",
                                      "1e-40",
                                      "0.001",
                                      "0.0010001",
                                      "0.1",
                                      "0.11",
                                      "0.9",
                                      "1",
                                      "1.05",
                                      "1.5",
                                      "2",
                                      "9",
                                      "10",
                                      "10.01",
                                      "11",
                                      "99",
                                      "100",
                                      "101",
                                      "1000",
                                      "1700000000000",
                                      "9223372036854775807",
                                      "9223372036854775808",
                                      "1e83",
                                      "1e84",
                                      "1e85",
                                      "1e100",
                                      "9.999999999999999999999999999999999e6144"};
    for (std::size_t left = 0; left < texts.size(); ++left)
        for (std::size_t right = 0; right < texts.size(); ++right) {
            CAPTURE(texts[left]);
            CAPTURE(texts[right]);
            CHECK((number_key(texts[left]) < number_key(texts[right])) == (left < right));
        }
    CHECK(number_key("1.0") == number_key("1"));
    CHECK(number_key("1e3") == number_key("1000"));
    CHECK(number_key("-0") == number_key("0"));
    CHECK(number_key("30").size() == 2);
    CHECK(number_key("1700000000123").size() == 8);
}

TEST_CASE("number keys: random numbers compare as numbers do")
{
    std::mt19937_64 random(20240501);
    auto any = [&] {
        std::int64_t integer = static_cast<std::int64_t>(random()) >> (random() % 64);
        auto exponent = static_cast<std::int16_t>(static_cast<int>(random() % 60) - 45);
        auto magnitude = static_cast<std::uint64_t>(integer < 0 ? -(integer + 1) : integer);
        return random() % 2 ? Number(integer) : Number::of({magnitude, exponent, integer < 0});
    };
    for (int round = 0; round < 200'000; ++round) {
        Number left = any(), right = any();
        Bytes left_key, right_key;
        append_number_key(left, left_key);
        append_number_key(right, right_key);
        int order = left_key.compare(right_key);
        bool same = (compare(left, right) < 0) == (order < 0) && (left == right) == (order == 0);
        REQUIRE_MESSAGE(same, to_text(left).view() << " and " << to_text(right).view());
    }
}

TEST_CASE("terms: one for each property and value, elements each")
{
    using Terms = std::vector<std::string>;
    CHECK(readable_terms("{}") == Terms{});
    CHECK(readable_terms(R"({"country":"DE","vip":true,"x":false})") ==
          Terms{"#11\\7DE", "vip\\5", "x\\4"});
    CHECK(readable_terms(R"({"custom":{"tags":["b","a","b",null,["c"]],"none":[],"void":{}}})") ==
          Terms{"#1\\3none\\8", "#1\\3tags\\7a", "#1\\3tags\\7b", "#1\\3tags\\8", "#1\\3void\\2"});
    CHECK(readable_terms(R"({"custom":{"at":{"zip":null,"a.b":"c"}}})") ==
          Terms{"#1\\3at\\3a.b\\7c", "#1\\3at\\3zip\\1"});
    CHECK(terms_of(R"({"n":1})") == terms_of(R"({"n":1.0})"));
    CHECK(terms_of(R"({"n":1})") != terms_of(R"({"n":"1"})"));
}

TEST_CASE("terms: long texts and names are cut and hashed")
{
    std::string same(40, 'x');
    auto terms = terms_of("{\"t\":\"" + same + "a\"}");
    auto other = terms_of("{\"t\":\"" + same + "b\"}");
    CHECK(terms[0].size() == 1 + 2 + 16 + 4);
    CHECK(terms != other);
    CHECK(terms[0].substr(0, 19) == other[0].substr(0, 19));

    std::string name(5000, 'n');
    CHECK(terms_of("{\"" + name + "\":1}")[0].size() == 16 + 2 + 8 + 2 + 2);
    CHECK(terms_of("{\"" + name + "\":1}") != terms_of("{\"" + name + "x\":1}"));
    // A name that could be taken for a short one
    CHECK(terms_of("{\"\\u000b\":\"DE\"}") != terms_of("{\"country\":\"DE\"}"));
    CHECK(terms_of("{\"\\u000b\":\"DE\"}")[0].size() == 1 + 2 + 8 + 2 + 2);
    // An index of PostgreSQL takes terms of about 2,700 bytes.
    std::string deep = "\"v\"";
    for (int level = 0; level < 62; ++level)
        deep = "{\"" + std::string(32, static_cast<char>('a' + level % 26)) + "\":" + deep + "}";
    CHECK(terms_of("{\"custom\":" + deep + "}")[0].size() < 2300);
}

TEST_CASE("terms: declared properties alone, with everything below them")
{
    using Terms = std::vector<std::string>;
    const char *json =
        R"({"country":"DE","city":"B","custom":{"plan":"pro","address":{"zip":"1","no":"2"}}})";
    CHECK(readable_terms(json, "country,custom.plan") == Terms{"#1\\3plan\\7pro", "#11\\7DE"});
    CHECK(readable_terms(json, "up.cc,custom.address.zip") ==
          Terms{"#1\\3address\\3zip\\71", "#11\\7DE"});
    CHECK(readable_terms(json, "custom") ==
          Terms{"#1\\3address\\3no\\72", "#1\\3address\\3zip\\71", "#1\\3plan\\7pro"});
    CHECK(readable_terms(json, "custom.plan.deeper") == Terms{});
    Bytes packed;
    CHECK_FALSE(DeclaredProperties::add("event.price", packed));
    CHECK_THROWS_AS(DeclaredProperties::add("a..b", packed), Error);
}

TEST_CASE("answers: exact where a term tells the value")
{
    const char *anna = R"({"country":"DE","age":30,"bio":"likes long walks on the beach",
                           "custom":{"tags":["a","b"],"span":[1,20],"address":{"city":"Bonn"}}})";
    auto is = [&](const char *filter, Certainty answer) {
        CHECK_MESSAGE(index_answer(anna, filter) == answer, std::string_view(filter));
    };
    is(R"({"country":"DE"})", Certainty::yes);
    is(R"({"country":"FR"})", Certainty::no);
    is(R"({"country":{"$in":["FR","DE"]},"age":{"$gte":30}})", Certainty::maybe);
    is(R"({"age":{"$gte":30}})", Certainty::yes);
    is(R"({"age":{"$gt":30}})", Certainty::no);
    is(R"({"age":{"$gt":29.5,"$lt":30.5}})", Certainty::yes);
    is(R"({"age":{"$gt":30,"$lt":40}})", Certainty::no);
    is(R"({"custom.span":{"$gt":10,"$lt":5}})", Certainty::maybe);
    is(R"({"custom.tags":{"$all":["a","b"]}})", Certainty::yes);
    is(R"({"custom.tags":{"$all":["a","c"]}})", Certainty::no);
    is(R"({"custom.tags":["a","b"]})", Certainty::maybe);
    is(R"({"custom.tags":{"$size":2}})", Certainty::maybe);
    is(R"({"custom.address.city":{"rgxbw":"Bo"}})", Certainty::yes);
    is(R"({"custom.address.city":{"$regex":"^B.nn$"}})", Certainty::maybe);
    is(R"({"custom.address.city":{"$regex":"^C"}})", Certainty::no);
    is(R"({"bio":"likes long walks on the beach"})", Certainty::maybe);
    is(R"({"bio":"likes long walks on the roof"})", Certainty::no);
    is(R"({"bio":{"rgxcn":"roof"}})", Certainty::maybe);
    is(R"({"custom.address":{"$exists":true}})", Certainty::yes);
    is(R"({"custom.addres":{"$exists":true}})", Certainty::no);
    is(R"({"country":{"$ne":"DE"}})", Certainty::maybe);
    is(R"({"country":"FR","age":{"$ne":30}})", Certainty::no);
    is(R"({"$or":[{"country":"FR"},{"age":30}]})", Certainty::yes);
    is(R"({"$or":[{"country":"FR"},{"age":{"$exists":false}}]})", Certainty::maybe);
    is(R"({})", Certainty::yes);
    is(R"({"$or":[]})", Certainty::no);
}

// --- random profiles and questions

namespace {

// What is known before everything was looked up must agree with what is known in the end.
void check_partial_knowledge(Generator &generator, const IndexQuery &query, std::vector<char> found)
{
    Certainty full = query.answer(found.data());
    for (char &term : found)
        if (generator.pick(2) == 0)
            term = static_cast<char>(Certainty::maybe);
    Certainty partial = query.answer(found.data());
    CHECK((partial == full || partial == Certainty::maybe));
}

void check_answer(const IndexQuery &query, const std::vector<std::string> &terms, bool truth,
                  const std::string &what, std::size_t *decided)
{
    std::vector<char> found = look_up(query, terms);
    Certainty answer = query.answer(found.data());
    INFO(what);
    REQUIRE(answer != (truth ? Certainty::no : Certainty::yes));
    bool any = std::find(found.begin(), found.end(), 1) != found.end();
    if (!any && !query.needs_full_scan())
        REQUIRE_FALSE(truth);
    *decided += answer != Certainty::maybe;
}

}  // namespace

TEST_CASE("random profiles and filters: never a wrong no, never a wrong yes")
{
    std::mt19937_64 random(7);
    Generator generator([&](std::size_t count) { return random() % count; });
    std::size_t decided = 0, matched = 0;
    Bytes packed;
    DeclaredProperties::add("a", packed);
    DeclaredProperties::add("custom.a", packed);
    DeclaredProperties declared(packed);
    constexpr std::size_t kRounds = 60'000;
    for (std::size_t round = 0; round < kRounds; ++round) {
        std::pmr::monotonic_buffer_resource arena;
        std::string profile = generator.profile(), json = generator.filter(0);
        Node node = read_json(profile, &arena, "test");
        normalise_profile(node);
        View view(pack(node, &arena));
        Filter filter(read_json(json, &arena, "test"));
        Subject subject;
        subject.profile = &view;
        bool truth = Evaluation(filter, 0).matches(subject);
        matched += truth;
        for (const DeclaredProperties *some :
             {static_cast<const DeclaredProperties *>(nullptr),
              static_cast<const DeclaredProperties *>(&declared)}) {
            std::vector<std::string> terms;
            for (std::string_view term : profile_terms(view, some, &arena))
                terms.emplace_back(term);
            IndexQuery query = IndexQuery::of_filter(filter, some);
            check_answer(query, terms, truth, profile + " @@ " + json, &decided);
            check_partial_knowledge(generator, query, look_up(query, terms));
        }
    }
    CHECK(matched > kRounds / 20);
    CHECK(decided > kRounds / 4);
}

TEST_CASE("random profiles: containment and properties")
{
    std::mt19937_64 random(11);
    Generator generator([&](std::size_t count) { return random() % count; });
    std::size_t decided = 0, contained = 0, set = 0;
    for (int round = 0; round < 60'000; ++round) {
        std::pmr::monotonic_buffer_resource arena;
        std::string whole = generator.profile(), part = generator.profile();
        if (generator.pick(2))
            part = "{\"custom\":" + generator.object(1) + "}";
        Node whole_node = read_json(whole, &arena, "test"),
             part_node = read_json(part, &arena, "test");
        normalise_profile(whole_node);
        normalise_profile(part_node);
        View view(pack(whole_node, &arena)), part_view(pack(part_node, &arena));
        std::vector<std::string> terms;
        for (std::string_view term : profile_terms(view, nullptr, &arena))
            terms.emplace_back(term);
        bool truth = contains({Type::object, view.bytes()}, {Type::object, part_view.bytes()});
        contained += truth;
        check_answer(IndexQuery::of_containment(part_view, nullptr), terms, truth,
                     whole + " @> " + part, &decided);

        std::string references[] = {generator.reference(), generator.reference()};
        std::string_view texts[] = {references[0], references[1]};
        bool first = find_property(view, texts[0]).has_value(),
             second = find_property(view, texts[1]).has_value();
        set += first;
        for (bool all : {false, true})
            check_answer(IndexQuery::of_properties(texts, all, nullptr), terms,
                         all ? first && second : first || second,
                         whole + " ? " + references[0] + ", " + references[1], &decided);
    }
    CHECK(contained > 500);
    CHECK(set > 5000);
    CHECK(decided > 60'000);
}
