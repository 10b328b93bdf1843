// Profiles and filters out of a source of choices, from a vocabulary so small that they often have to do with
// each other; and an inverted index of one profile.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "../../src/core/index/index_query.h"

namespace profiles::test {

// Looks the terms up as an inverted index does: from `low` on, until compare() ends the stretch.
inline std::vector<char> look_up(const IndexQuery &query, const std::vector<std::string> &terms)
{
    std::vector<char> found;
    for (const QueryTerm &wanted : query.terms()) {
        auto at = std::lower_bound(terms.begin(), terms.end(), std::string_view(wanted.low));
        bool there = false;
        if (!wanted.partial)
            there = at != terms.end() && std::string_view(*at) == std::string_view(wanted.low);
        for (; wanted.partial && !there && at != terms.end(); ++at) {
            int order = wanted.compare(*at);
            if (order > 0)
                break;
            there = order == 0;
        }
        found.push_back(there);
    }
    found.push_back(0);
    return found;
}

class Generator {
public:
    // `pick(count)` chooses a number below count.
    explicit Generator(std::function<std::size_t(std::size_t)> pick) : pick_(std::move(pick)) {}

    std::size_t pick(std::size_t count) { return pick_(count); }

    std::string scalar()
    {
        static const char *const values[] = {"1",
                                             "2",
                                             "-1",
                                             "0.5",
                                             "1.25",
                                             "-3.75",
                                             "12345678901234567890",
                                             "1e-50",
                                             "true",
                                             "false",
                                             "\"a\"",
                                             "\"ab\"",
                                             "\"\"",
                                             "\"exactly16bytes!!\"",
                                             "\"exactly16bytes!!x\"",
                                             "\"exactly16bytes!!y\"",
                                             "\"1\""};
        return values[pick(std::size(values))];
    }

    std::string value(int depth)
    {
        switch (depth > 2 ? 9 : pick(10)) {
        case 0: return "[" + list(depth) + "]";
        case 1: return object(depth + 1);
        case 2: return "null";
        default: return scalar();
        }
    }

    std::string list(int depth)
    {
        std::string text;
        for (std::size_t count = pick(4); count > 0; --count)
            text += (text.empty() ? "" : ",") + value(depth + 1);
        return text;
    }

    std::string object(int depth)
    {
        std::string text;
        for (const std::string &name : {std::string("a"), std::string("b"), kLong, kLong + "2"})
            if (pick(3) == 0)
                text += (text.empty() ? "\"" : ",\"") + name + "\":" + value(depth);
        return "{" + text + "}";
    }

    std::string profile()
    {
        return "{\"a\":" + value(0) + ",\"b\":" + value(0) + ",\"custom\":" + object(0) + "}";
    }

    std::string reference()
    {
        static const std::string names[] = {"a",
                                            "b",
                                            "a.a",
                                            "a.b",
                                            "custom.a",
                                            "custom.b",
                                            "custom.a.b",
                                            "custom." + kLong,
                                            "custom." + kLong + "2",
                                            "custom",
                                            "c"};
        return names[pick(std::size(names))];
    }

    std::string condition()
    {
        switch (pick(15)) {
        case 0: return "{\"$in\":[" + list(1) + "]}";
        case 1: return "{\"$nin\":[" + list(1) + "]}";
        case 2: return "{\"$all\":[" + list(1) + "]}";
        case 3: return "{\"$exists\":" + std::string(pick(2) ? "true" : "false") + "}";
        case 4: return "{\"$size\":" + std::to_string(pick(4)) + "}";
        case 5: return "{\"$ne\":" + value(1) + "}";
        case 6: return "{\"rgxbw\":[" + text() + "," + text() + "]}";
        case 7: return "{\"rgxcn\":" + text() + "}";
        case 8: return "{\"$regex\":\"^a|x$\"}";
        case 9: return "{\"rgxitl\":\"A\"}";
        case 10: return "{\"$gte\":" + end() + ",\"$lt\":" + end() + "}";
        case 11: return "{\"$gt\":" + end() + ",\"$lte\":" + end() + "}";
        case 12: return "{\"$" + std::string(pick(2) ? "gt" : "lte") + "\":" + end() + "}";
        default: return value(1);
        }
    }

    std::string filter(int depth)
    {
        std::size_t kind = depth > 2 ? 9 : pick(8);
        if (kind < 4) {
            static const char *const names[] = {"$and", "$or", "$or", "$nor"};
            std::string text;
            for (std::size_t count = pick(4); count > 0; --count)
                text += (text.empty() ? "" : ",") + filter(depth + 1);
            return "{\"" + std::string(names[kind]) + "\":[" + text + "]}";
        }
        std::string first = reference(), second = reference();
        std::string text = "{\"" + first + "\":" + condition();
        if (first != second)
            text += ",\"" + second + "\":" + condition();
        return text + "}";
    }

private:
    static inline const std::string kLong = std::string(33, 'k');

    std::string text()
    {
        static const char *const texts[] = {"\"a\"", "\"\"", "\"x\"", "\"exactly16bytes!!\"",
                                            "\"exactly16bytes!!x\""};
        return texts[pick(std::size(texts))];
    }

    std::string end()
    {
        std::string value = scalar();
        return value == "true" || value == "false" ? "1.5" : value;
    }

    std::function<std::size_t(std::size_t)> pick_;
};

}  // namespace profiles::test
