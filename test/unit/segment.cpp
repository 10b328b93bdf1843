#include <doctest/doctest.h>

#include <string>

#include "../../src/core/error.h"
#include "../../src/core/profile/assembly.h"
#include "../../src/core/profile/json_reader.h"
#include "../../src/core/profile/json_writer.h"
#include "../../src/core/segment/evaluate.h"

using namespace profiles;

namespace {

std::pmr::monotonic_buffer_resource &memory()
{
    static std::pmr::monotonic_buffer_resource arena;
    return arena;
}

std::string_view packed(std::string_view json)
{
    Node node = read_json(json, &memory(), "test");
    seal(node);
    return pack(node, &memory());
}

std::string canonical(std::string_view json)
{
    Filter filter(read_json(json, &memory(), "test"));
    TextBuffer out(&memory());
    write_json({Type::object, pack(filter.to_node(&memory()), &memory())}, out);
    return std::string(out.view());
}

constexpr std::int64_t kNow = 1'700'000'000'000;

bool matches(std::string_view profile, std::string_view filter_json)
{
    std::string again = canonical(filter_json);
    CHECK(canonical(again) == again);
    View view(packed(profile));
    Subject subject;
    subject.profile = &view;
    bool answers[2];
    int index = 0;
    for (std::string_view json : {filter_json, std::string_view(again)}) {
        Filter filter(read_json(json, &memory(), "test"));
        answers[index++] = Evaluation(filter, kNow).matches(subject);
    }
    CHECK(answers[0] == answers[1]);
    return answers[0];
}

Error error_of(std::string_view json)
{
    try {
        canonical(json);
    } catch (const Error &error) {
        return error;
    }
    FAIL("no error: " << json);
    return Error(ErrorCode::cancelled, "");
}

void check_error(std::string_view json, ErrorCode code, std::string_view message)
{
    Error error = error_of(json);
    CHECK_MESSAGE(error.code() == code, json);
    CHECK(error.message() == message);
}

constexpr std::string_view kAnna =
    R"({"country":"DE","age":30,"score":1.5,"vip":true,"name":"Anna O'Neil","seen":1699990000000,
        "custom":{"tags":["a","b",7],"empty":[],"address":{"city":"Berlin","zip":null},"nested":[["a"],"c"],
                  "$odd":1,"text":"30"}})";

bool anna(std::string_view filter) { return matches(kAnna, filter); }

}  // namespace

TEST_CASE("equality: bare value and $eq")
{
    CHECK(anna(R"({"country":"DE"})"));
    CHECK(anna(R"({"country":{"$eq":"DE"}})"));
    CHECK_FALSE(anna(R"({"country":"de"})"));
    CHECK_FALSE(anna(R"({"country":"FR"})"));
    CHECK(anna(R"({"age":30})"));
    CHECK(anna(R"({"age":30.0})"));
    CHECK(anna(R"({"score":15e-1})"));
    CHECK_FALSE(anna(R"({"age":"30"})"));
    CHECK_FALSE(anna(R"({"custom.text":30})"));
    CHECK(anna(R"({"vip":true})"));
    CHECK_FALSE(anna(R"({"vip":1})"));
    CHECK_FALSE(anna(R"({"city":"Berlin"})"));
    CHECK(anna(R"({})"));
    CHECK(anna(R"({"country":"DE","age":30})"));
    CHECK_FALSE(anna(R"({"country":"DE","age":31})"));
}

TEST_CASE("equality with arrays: any element, or the array as a whole")
{
    CHECK(anna(R"({"custom.tags":"a"})"));
    CHECK(anna(R"({"custom.tags":7})"));
    CHECK_FALSE(anna(R"({"custom.tags":"7"})"));
    CHECK(anna(R"({"custom.tags":["a","b",7]})"));
    CHECK_FALSE(anna(R"({"custom.tags":["b","a",7]})"));
    CHECK_FALSE(anna(R"({"custom.tags":["a"]})"));
    CHECK(anna(R"({"custom.nested":["a"]})"));
    CHECK(anna(R"({"custom.empty":[]})"));
    CHECK(anna(R"({"custom.tags":{"$ne":"c"}})"));
    CHECK_FALSE(anna(R"({"custom.tags":{"$ne":"a"}})"));
}

TEST_CASE("equality with objects ignores the order of members")
{
    CHECK(anna(R"({"custom.address":{"zip":null,"city":"Berlin"}})"));
    CHECK_FALSE(anna(R"({"custom.address":{"city":"Berlin"}})"));
    CHECK(anna(R"({"custom.address.city":"Berlin"})"));
    CHECK_FALSE(anna(R"({"custom.address":{}})"));
    CHECK(canonical(R"({"a":{"$eq":{"$x":1}}})") == R"({"a": {"$eq": {"$x": 1}}})");
}

TEST_CASE("null stands for a missing value")
{
    CHECK(anna(R"({"city":null})"));
    CHECK_FALSE(anna(R"({"country":null})"));
    CHECK(anna(R"({"country":{"$ne":null}})"));
    CHECK_FALSE(anna(R"({"city":{"$ne":null}})"));
    CHECK(anna(R"({"custom.address.zip":null})"));
    CHECK_FALSE(anna(R"({"custom.address.zip":{"$exists":true}})"));
    CHECK(anna(R"({"country.deeper":null})"));
    CHECK(anna(R"({"custom.empty":{"$exists":true}})"));
}

TEST_CASE("$exists, and {\"$not\": {}} which asks the same")
{
    CHECK(anna(R"({"country":{"$exists":true}})"));
    CHECK_FALSE(anna(R"({"country":{"$exists":false}})"));
    CHECK(anna(R"({"city":{"$exists":false}})"));
    CHECK(anna(R"({"country":{"$not":{}}})"));
    CHECK_FALSE(anna(R"({"city":{"$not":{}}})"));
}

TEST_CASE("negations are true of a missing property, comparisons are not")
{
    for (const char *comparison :
         {R"({"city":"x"})", R"({"city":{"$in":["x"]}})", R"({"city":{"$gt":1}})",
          R"({"city":{"$gte":1}})", R"({"city":{"$lt":"x"}})", R"({"city":{"$lte":1}})",
          R"({"city":{"$all":["x","y"]}})", R"({"city":{"$size":0}})",
          R"({"city":{"$regex":".*"}})", R"({"city":{"rgxcn":""}})", R"({"city":{"rgxbw":""}})",
          R"({"city":{"rgxitl":""}})", R"({"city":{"$within":"9days"}})"}) {
        CHECK_FALSE_MESSAGE(anna(comparison), comparison);
        CHECK_MESSAGE(anna("{\"$nor\":[" + std::string(comparison) + "]}"), comparison);
        CHECK_MESSAGE(anna("{\"$not\":" + std::string(comparison) + "}"), comparison);
    }
    CHECK(anna(R"({"city":{"$ne":"x"}})"));
    CHECK(anna(R"({"city":{"$nin":["x","y"]}})"));
    CHECK(anna(R"({"city":{"rgxntc":"x"}})"));
    CHECK(anna(R"({"city":{"$not":{"$gt":1}}})"));
    CHECK(anna(R"({"city":{"$not":{"$regex":"x"}}})"));
}

TEST_CASE("$in and $nin")
{
    CHECK(anna(R"({"country":{"$in":["FR","DE"]}})"));
    CHECK_FALSE(anna(R"({"country":{"$in":["FR","IT"]}})"));
    CHECK_FALSE(anna(R"({"country":{"$in":[]}})"));
    CHECK(anna(R"({"country":{"$nin":[]}})"));
    CHECK_FALSE(anna(R"({"country":{"$nin":["DE","FR"]}})"));
    CHECK(anna(R"({"country":{"$nin":["IT","FR"]}})"));
    CHECK(anna(R"({"custom.tags":{"$in":["x",7.0]}})"));
    CHECK_FALSE(anna(R"({"custom.tags":{"$nin":["x",7]}})"));
    CHECK(anna(R"({"city":{"$in":[null,"x"]}})"));
    CHECK_FALSE(anna(R"({"city":{"$nin":[null,"x"]}})"));
    CHECK(anna(R"({"country":{"$nin":[null,"x"]}})"));
    CHECK(anna(R"({"age":{"$in":["30",30]}})"));
    CHECK(anna(R"({"custom.tags":{"$in":[["a","b",7],"z"]}})"));
}

TEST_CASE("comparisons stay within one type")
{
    CHECK(anna(R"({"age":{"$gt":29.999999999999999999}})"));
    CHECK_FALSE(anna(R"({"age":{"$gt":30}})"));
    CHECK(anna(R"({"age":{"$gte":30}})"));
    CHECK(anna(R"({"age":{"$lte":30}})"));
    CHECK_FALSE(anna(R"({"age":{"$lt":30}})"));
    CHECK(anna(R"({"age":{"$gt":20,"$lt":40}})"));
    CHECK_FALSE(anna(R"({"age":{"$gt":20,"$lt":25}})"));
    CHECK_FALSE(anna(R"({"age":{"$gt":"3"}})"));
    CHECK_FALSE(anna(R"({"custom.text":{"$gt":3}})"));
    CHECK(anna(R"({"custom.text":{"$gt":"3"}})"));
    CHECK(anna(R"({"country":{"$gte":"D","$lt":"E"}})"));
    CHECK_FALSE(anna(R"({"vip":{"$gt":0}})"));
    CHECK_FALSE(anna(R"({"vip":{"$lte":0}})"));
    CHECK(anna(R"({"custom.tags":{"$gt":6}})"));
    CHECK(anna(R"({"custom.tags":{"$lt":"b"}})"));
    CHECK_FALSE(anna(R"({"custom.tags":{"$lt":7}})"));
}

TEST_CASE("$all and $size")
{
    CHECK(anna(R"({"custom.tags":{"$all":["b","a"]}})"));
    CHECK_FALSE(anna(R"({"custom.tags":{"$all":["a","x"]}})"));
    CHECK_FALSE(anna(R"({"custom.tags":{"$all":[]}})"));
    CHECK(anna(R"({"country":{"$all":["DE"]}})"));
    CHECK_FALSE(anna(R"({"country":{"$all":["DE","FR"]}})"));
    CHECK(anna(R"({"custom.nested":{"$all":[["a"],"c"]}})"));
    CHECK(anna(R"({"custom.tags":{"$size":3}})"));
    CHECK_FALSE(anna(R"({"custom.tags":{"$size":2}})"));
    CHECK(anna(R"({"custom.empty":{"$size":0}})"));
    CHECK_FALSE(anna(R"({"country":{"$size":2}})"));
    CHECK(anna(R"({"country":{"$not":{"$size":2}}})"));
}

TEST_CASE("$regex")
{
    CHECK(anna(R"({"name":{"$regex":"^Anna"}})"));
    CHECK(anna(R"({"name":{"$regex":"neil$","$options":"i"}})"));
    CHECK_FALSE(anna(R"({"name":{"$regex":"neil$"}})"));
    CHECK_FALSE(anna(R"({"age":{"$regex":"3"}})"));
    CHECK(anna(R"({"custom.tags":{"$regex":"^b$"}})"));
    CHECK(matches("{\"t\":\"a\\nb\"}", R"({"t":{"$regex":"^b$","$options":"m"}})"));
    CHECK_FALSE(matches("{\"t\":\"a\\nb\"}", R"({"t":{"$regex":"^b$"}})"));
    CHECK(matches("{\"t\":\"a\\nb\"}", R"({"t":{"$regex":"a.b","$options":"s"}})"));
    CHECK_FALSE(matches("{\"t\":\"a\\nb\"}", R"({"t":{"$regex":"a.b"}})"));
    CHECK(matches(R"({"t":"ÄRGER"})", R"({"t":{"$regex":"ärger","$options":"i"}})"));
    CHECK(canonical(R"({"t":{"$options":"sis","$regex":"x"}})") ==
          R"({"t": {"$regex": "x", "$options": "is"}})");
}

TEST_CASE("rgxcn, rgxntc, rgxbw, rgxitl")
{
    CHECK(anna(R"({"name":{"rgxcn":"O'N"}})"));
    CHECK_FALSE(anna(R"({"name":{"rgxcn":"o'n"}})"));
    CHECK_FALSE(anna(R"({"name":{"rgxcn":"A.*l"}})"));
    CHECK(anna(R"({"name":{"rgxcn":["zzz","Neil"]}})"));
    CHECK_FALSE(anna(R"({"name":{"rgxcn":[]}})"));
    CHECK(anna(R"({"name":{"rgxntc":"zzz"}})"));
    CHECK_FALSE(anna(R"({"name":{"rgxntc":["zzz","Neil"]}})"));
    CHECK(anna(R"({"name":{"rgxntc":[]}})"));
    CHECK(anna(R"({"name":{"rgxbw":"Anna"}})"));
    CHECK_FALSE(anna(R"({"name":{"rgxbw":"anna"}})"));
    CHECK_FALSE(anna(R"({"name":{"rgxbw":"Neil"}})"));
    CHECK(anna(R"({"name":{"rgxitl":"o'NEIL"}})"));
    CHECK_FALSE(anna(R"({"name":{"rgxitl":"O.NEIL"}})"));
    CHECK(anna(R"({"name":{"rgxitl":["x","ANNA"]}})"));
    CHECK_FALSE(anna(R"({"age":{"rgxcn":"3"}})"));
    CHECK(anna(R"({"custom.tags":{"rgxbw":"b"}})"));
}

TEST_CASE("$within looks back from now")
{
    CHECK(anna(R"({"seen":{"$within":"1days"}})"));
    CHECK(anna(R"({"seen":{"$within":"3hours"}})"));
    CHECK_FALSE(anna(R"({"seen":{"$within":"2hours"}})"));
    CHECK(anna(R"({"seen":{"$not":{"$within":"2hours"}}})"));
    CHECK_FALSE(anna(R"({"country":{"$within":"2hours"}})"));
    CHECK_FALSE(matches(R"({"seen":1700000000001})", R"({"seen":{"$within":"1days"}})"));
    CHECK(matches(R"({"seen":1700000000000})", R"({"seen":{"$within":"1days"}})"));
    CHECK(canonical(R"({"seen":{"$within":"2weeks"}})") == R"({"seen": {"$within": "14days"}})");
    CHECK(canonical(R"({"seen":{"$within":"48hours"}})") == R"({"seen": {"$within": "2days"}})");
    CHECK(canonical(R"({"seen":{"$within":"036hours"}})") == R"({"seen": {"$within": "36hours"}})");
    for (const char *bad : {"7", "days", "0days", "-1days", "7 days", "7months", "1000001days",
                            "99999999999999999999days", ""})
        CHECK(error_of("{\"seen\":{\"$within\":\"" + std::string(bad) + "\"}}").code() ==
              ErrorCode::invalid_value);
}

TEST_CASE("logic")
{
    CHECK(anna(R"({"$or":[{"country":"FR"},{"age":30}]})"));
    CHECK_FALSE(anna(R"({"$or":[{"country":"FR"},{"age":31}]})"));
    CHECK_FALSE(anna(R"({"$or":[]})"));
    CHECK(anna(R"({"$and":[]})"));
    CHECK(anna(R"({"$nor":[]})"));
    CHECK(anna(R"({"$and":[{"country":"DE"},{"age":30}]})"));
    CHECK_FALSE(anna(R"({"$and":[{"country":"DE"},{"age":31}]})"));
    CHECK(anna(R"({"$nor":[{"country":"FR"},{"age":31}]})"));
    CHECK_FALSE(anna(R"({"$nor":[{"country":"FR"},{"age":30}]})"));
    CHECK_FALSE(anna(R"({"$not":{}})"));
    CHECK_FALSE(anna(R"({"$not":{"country":"DE","age":30}})"));
    CHECK(anna(R"({"$not":{"country":"DE","age":31}})"));
    CHECK(anna(R"({"age":{"$not":{"$gt":10,"$lt":20}}})"));
    CHECK_FALSE(anna(R"({"age":{"$not":{"$gt":10,"$lt":40}}})"));
    CHECK(anna(R"({"age":{"$not":{"$not":{"$gt":10}}}})"));
    CHECK(anna(R"({"$or":[{"$and":[{"age":30},{"$nor":[{"city":"x"}]}]},{"vip":false}]})"));
}

TEST_CASE("references: aliases and their one spelling")
{
    CHECK(anna(R"({"up.cc":"DE"})"));
    CHECK(canonical(R"({"up.cc":"DE"})") == R"({"country": "DE"})");
    CHECK(canonical(R"({"up.custom.plan":"pro"})") == R"({"custom.plan": "pro"})");
    CHECK(canonical(R"({"cmp.c":"x"})") == R"({"campaign.name": "x"})");
    CHECK(canonical(R"({"sg.price":1})") == R"({"event.price": 1})");
    CHECK(
        canonical(R"({"did":"d","c":1,"s":2,"dur":3,"uid":4,"event.key":"k"})") ==
        R"({"uid": 4, "device_id": "d", "event.dur": 3, "event.key": "k", "event.sum": 2, "event.count": 1})");
    // Names that a column or an alias has taken keep a prefix.
    for (const char *kept : {R"({"sg.sum": 1})", R"({"up.dur": 1})", R"({"up.up.cc": 1})",
                             R"({"up.event.x": 1})", R"({"up.cmp.x": 1})", R"({"up.uid": 1})",
                             R"({"campaign.c": 1})", R"({"up.$nor": [1]})", R"({"up.$x": 1})"})
        CHECK(canonical(kept) == kept);
    check_error(R"({"":1})", ErrorCode::invalid_value, "invalid property reference \"\"");
    check_error(R"({"a..b":1})", ErrorCode::invalid_value, "invalid property reference \"a..b\"");
}

TEST_CASE("one canonical form")
{
    auto same = [](std::initializer_list<const char *> spellings, const char *form) {
        for (const char *spelling : spellings)
            CHECK(canonical(spelling) == form);
    };
    same({R"({"a":1,"b":2})", R"({"b":{"$eq":2},"a":1.0})", R"({"$and":[{"b":2},{"a":1}]})",
          R"({"$and":[{"b":2},{"$and":[{"a":1},{"a":1}]}]})",
          R"({"$nor":[{"a":{"$ne":1}},{"$not":{"b":2}}]})", R"({"a":{"$in":[1]},"b":{"$all":[2]}})",
          R"({"$or":[{"a":1,"b":2}]})", R"({"$or":[{"b":2,"a":1},{"a":1,"b":2}]})"},
         R"({"a": 1, "b": 2})");
    same({R"({"age":{"$gt":5,"$lt":9}})", R"({"$and":[{"age":{"$lt":9}},{"age":{"$gt":5}}]})",
          R"({"$nor":[{"$or":[{"age":{"$not":{"$lt":9}}},{"age":{"$not":{"$gt":5}}}]}]})"},
         R"({"age": {"$gt": 5, "$lt": 9}})");
    same({R"({"a":null})", R"({"a":{"$exists":false}})", R"({"a":{"$in":[null]}})",
          R"({"$not":{"a":{"$not":{}}}})"},
         R"({"a": {"$exists": false}})");
    same({R"({"a":{"$in":["y","x","y"]}})"}, R"({"a": {"$in": ["x", "y"]}})");
    same({R"({"$nor":[{"a":{"rgxcn":["y","x"]}}]})", R"({"a":{"rgxntc":["x","y"]}})"},
         R"({"a": {"rgxntc": ["x", "y"]}})");
    same({R"({})", R"({"$and":[]})", R"({"$nor":[]})", R"({"$or":[{},{"a":1}]})"}, R"({})");
    same({R"({"$or":[]})", R"({"$not":{}})", R"({"a":1,"$or":[]})"}, R"({"$or": []})");
    same({R"({"$or":[{"b":1},{"a":1}]})", R"({"$or":[{"a":1},{"$or":[{"b":1}]}]})"},
         R"({"$or": [{"a": 1}, {"b": 1}]})");
}

TEST_CASE("what does not fit into one object goes into $and")
{
    CHECK(canonical(R"({"$and":[{"a":{"$ne":1}},{"a":{"$ne":2}},{"b":3}]})") ==
          R"({"a": {"$ne": 1}, "b": 3, "$and": [{"a": {"$ne": 2}}]})");
    CHECK(canonical(R"({"$and":[{"$or":[{"a":1},{"b":1}]},{"$or":[{"e":1},{"d":1}]}]})") ==
          R"({"$or": [{"a": 1}, {"b": 1}], "$and": [{"$or": [{"d": 1}, {"e": 1}]}]})");
    CHECK(canonical(R"({"a":{"$not":{"$gt":1,"$lt":3}}})") ==
          R"({"$or": [{"a": {"$not": {"$gt": 1}}}, {"a": {"$not": {"$lt": 3}}}]})");
    CHECK(canonical(R"({"$and":[{"a":{"x":1}},{"a":5},{"a":{"$gt":1}}]})") ==
          R"({"a": {"$eq": 5, "$gt": 1}, "$and": [{"a": {"x": 1}}]})");
}

TEST_CASE("what is no filter")
{
    auto bad = [](const char *json, const char *message) {
        check_error(json, ErrorCode::invalid_value, message);
    };
    bad("[]", "a filter must be a JSON object");
    bad("5", "a filter must be a JSON object");
    bad(R"({"$where":"1"})", "unknown operator \"$where\" in a filter");
    bad(R"({"a":{"$foo":1}})", "unknown operator \"$foo\" in a filter");
    bad(R"({"a":{"$or":[]}})", "operator \"$or\" cannot stand inside a property");
    bad(R"({"a":{"$gt":1,"b":2}})", "\"b\" stands beside operator \"$gt\"");
    bad(R"({"a":1,"a":2})", "\"a\" appears twice in one object of a filter");
    bad(R"({"a":{"$gt":1,"$gt":2}})", "\"$gt\" appears twice in one object of a filter");
    bad(R"({"$and":{}})", "operator \"$and\" needs an array of filters");
    bad(R"({"$or":[1]})", "a filter must be a JSON object");
    bad(R"({"$not":1})", "a filter must be a JSON object");
    bad(R"({"a":{"$not":1}})", "operator \"$not\" needs an object of operators");
    bad(R"({"a":{"$not":{"b":1}}})", "operator \"$not\" needs an object of operators");
    bad(R"({"a":{"$in":1}})", "operator \"$in\" needs an array");
    bad(R"({"a":{"$all":{}}})", "operator \"$all\" needs an array");
    bad(R"({"a":{"$gt":null}})", "operator \"$gt\" needs a number or a text");
    bad(R"({"a":{"$lt":true}})", "operator \"$lt\" needs a number or a text");
    bad(R"({"a":{"$exists":1}})", "operator \"$exists\" needs true or false");
    bad(R"({"a":{"$size":-1}})", "operator \"$size\" needs a number of elements, 0 or more");
    bad(R"({"a":{"$size":1.5}})", "operator \"$size\" needs a number of elements, 0 or more");
    bad(R"({"a":{"rgxcn":5}})", "operator \"rgxcn\" needs a text or an array of texts");
    bad(R"({"a":{"rgxbw":["x",5]}})", "operator \"rgxbw\" needs a text or an array of texts");
    bad(R"({"a":{"$regex":5}})", "operator \"$regex\" needs a text");
    bad(R"({"a":{"$regex":"x","$options":1}})", "operator \"$options\" needs a text");
    bad(R"({"a":{"$regex":"x","$options":"ix"}})", "invalid regular expression option \"x\"");
    bad(R"({"a":{"$regex":"("}})", "invalid regular expression \"(\"");
    bad(R"x({"a":{"$regex":"(?=x)"}})x", "invalid regular expression \"(?=x)\"");
    bad(R"({"a":{"$options":"i"}})", "unknown operator \"$options\" in a filter");
    check_error(R"({"location":{"$geoWithin":[1,2]}})", ErrorCode::unsupported,
                "operator \"$geoWithin\" is not supported");
    check_error(R"({"chr.c1":"t"})", ErrorCode::unsupported,
                "cohort membership (\"chr.c1\") is not supported in a filter");
    check_error(R"({"geo":"g"})", ErrorCode::unsupported,
                "a region by its name (\"geo\") is not supported in a filter");
    CHECK(!error_of(R"({"$where":"1"})").hint().empty());
}

TEST_CASE("depth and size are bounded")
{
    std::string deep = R"({"a":1})";
    for (int level = 0; level < 40; ++level)
        deep = R"({"$nor":[{"b":{"$gt":)" + std::to_string(level) + "}}," + deep + "]}";
    CHECK(error_of(deep).code() == ErrorCode::limit_exceeded);

    Node value = make_boolean(true);
    Node levels[200];
    for (Node &level : levels) {
        value.key = "$not";
        level = value;
        value = make_container(Type::object, {&level, 1});
    }
    CHECK_THROWS_AS(Filter{value}, Error);

    std::string many;
    for (int index = 0; index <= 10'000; ++index)
        many += (index ? "," : "") + std::string(R"({"a":)") + std::to_string(index) + "}";
    check_error(R"({"$or":[)" + many + "]}", ErrorCode::limit_exceeded,
                "filter has too many conditions");

    std::string list;
    for (int index = 0; index < 50'000; ++index)
        list += (index ? "," : "") + std::to_string(index);
    CHECK(matches(R"({"a":49999})", R"({"a":{"$in":[)" + list + "]}}"));
    CHECK_FALSE(matches(R"({"a":50000})", R"({"a":{"$in":[)" + list + "]}}"));
}

TEST_CASE("a hostile expression is refused or fast")
{
    check_error(R"({"a":{"$regex":"((a{1000}){1000}){1000}"}})", ErrorCode::invalid_value,
                "invalid regular expression \"((a{1000}){1000}){1000}\"");
    CHECK(error_of(R"({"a":{"$regex":"\\pL{900}\\pL{900}"}})").code() == ErrorCode::limit_exceeded);
    CHECK(error_of("{\"a\":{\"$regex\":\"" + std::string(10'001, 'x') + "\"}}").code() ==
          ErrorCode::limit_exceeded);
    std::string text(100'000, 'a');
    CHECK_FALSE(matches("{\"a\":\"" + text + "\"}", R"({"a":{"$regex":"(a*)*(a|aa)+$b"}})"));
    CHECK_THROWS_AS(matches("{\"a\":\"" + text + "\"}", R"({"a":{"$regex":"(a?){600}b"}})"), Error);
    std::string long_text(2'000'000, 'a');
    CHECK_FALSE(matches("{\"a\":\"" + long_text + "\"}", R"({"a":{"$regex":"b"}})"));
}

TEST_CASE("reading the canonical form again changes nothing, for random filters")
{
    std::uint64_t state = 42;
    auto random = [&](unsigned limit) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        return static_cast<unsigned>(state >> 33) % limit;
    };
    const char *leaves[] = {R"({"a":1})",
                            R"({"a":{"$gt":2,"$lt":5}})",
                            R"({"b":{"$in":["x",null]}})",
                            R"({"b":{"$not":{"$regex":"x","$options":"i"}}})",
                            R"({"a":{"$ne":3},"b":{"rgxntc":["p","q"]}})",
                            R"({"c":{"$exists":true}})",
                            R"({})",
                            R"({"$or":[]})",
                            R"({"a":{"$size":2},"c":[1,2]})"};
    auto make = [&](auto &&self, int depth) -> std::string {
        if (depth == 0 || random(3) == 0)
            return leaves[random(std::size(leaves))];
        const char *operators[] = {"$and", "$or", "$nor"};
        std::string list;
        for (unsigned count = random(4); count > 0; --count)
            list += (list.empty() ? "" : ",") + self(self, depth - 1);
        return "{\"" + std::string(operators[random(3)]) + "\":[" + list + "]}";
    };
    const char *profiles[] = {R"({})", R"({"a":1,"b":"x"})", R"({"a":[3,4],"b":["p"],"c":[1,2]})",
                              R"({"a":4,"c":true})"};
    for (int round = 0; round < 2'000; ++round) {
        std::string filter = make(make, 5);
        for (const char *profile : profiles) {
            bool plain = matches(profile, filter);  // checks the canonical form too
            CHECK(matches(profile, "{\"$nor\":[" + filter + "]}") != plain);
        }
    }
}
