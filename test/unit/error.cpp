#include "../../src/core/error.h"

#include <doctest/doctest.h>

using namespace profiles;

TEST_CASE("quoted shows short text whole")
{
    CHECK(quoted("plan") == "\"plan\"");
    CHECK(quoted("") == "\"\"");
    CHECK(quoted(std::string(64, 'x')) == "\"" + std::string(64, 'x') + "\"");
}

TEST_CASE("quoted cuts long text on a character boundary")
{
    CHECK(quoted(std::string(65, 'x')) == "\"" + std::string(64, 'x') + "...\"");
    // The 64th byte is the first of the two that make an é: it goes too.
    CHECK(quoted(std::string(63, 'x') + "\u00e9y") == "\"" + std::string(63, 'x') + "...\"");
    CHECK(quoted(std::string(80, '\xBF')) == "\"...\"");
}

TEST_CASE("an error keeps its code and texts")
{
    Error error(ErrorCode::wrong_type, "message", "Detail.", "Hint.");
    CHECK(error.code() == ErrorCode::wrong_type);
    CHECK(std::string(error.what()) == "message");
    CHECK(error.detail() == "Detail.");
    CHECK(error.hint() == "Hint.");
}
